"""policy-config.yaml as plain objects (JSON is YAML), and the locations that use it."""

KEY = "sk-test-GATEWAY-KEY-0123456789"
KEY_VARIABLE = "KT_TEST_PROVIDER_KEY"
CHAIN = ["prompt-injection", "pii-detector", "safety-filter", "audit-logger"]


def target(upstream, /, **more):
    """A plain-http target on a fake provider; a value of None removes a key."""
    base = {
        "id": "main",
        "provider": "openai-compatible",
        "base_url": f"http://127.0.0.1:{upstream.port}/v1",
        "secret_key_ref": {"env": KEY_VARIABLE},
        **more,
    }
    return {key: value for key, value in base.items() if value is not None}


def config(*targets, chain=None, settings=None, providers=None, **more):
    """A whole configuration. `settings`: {kind: {...}}; `providers`: keys beside the targets."""
    # One try of each target, and nothing remembered of it: what a test sees is what its own
    # script did. None as a value: the gateway's own default.
    isolated = {"retry": {"max_retries": 0}, "circuit_breaker": {"enabled": False}}
    routing = {**isolated, **(providers or {})}
    routing = {key: value for key, value in routing.items() if value is not None}
    return {
        "pack": {"name": "test-pack", "version": "1.2.3", "enabled": True},
        "policies": {"chain": chain or CHAIN},
        "policy": {"safety-filter": {"mode": "moderate"}, **(settings or {})},
        "providers": {"targets": list(targets), **routing},
        **more,
    }


def routed(path="/v1/", more="", policy="policy.yaml"):
    """A location with keeptrusts_pass."""
    return f"""
        location {path} {{
            keeptrusts_policy_config {{dir}}/{policy};
            keeptrusts_audit_dir {{dir}}/audit;
            keeptrusts_pass;
            {more}
        }}"""


def stock(provider, path="/stock/", more="", policy="policy.yaml"):
    """A location with `keeptrusts on` over a stock proxy_pass."""
    return f"""
        location {path} {{
            keeptrusts_policy_config {{dir}}/{policy};
            keeptrusts_audit_dir {{dir}}/audit;
            keeptrusts on;
            proxy_pass http://127.0.0.1:{provider.port}/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {more}
        }}"""
