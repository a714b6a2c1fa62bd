// `providers.targets`: keys, URLs, headers, secrets.
#include <gtest/gtest.h>

#include "core/config/url.h"
#include "load_helper.h"

namespace kt::config {
namespace {

TEST(Target, FillsInTheDefaults) {
  const Target t = TargetOf("      provider: openai\n");
  EXPECT_EQ(t.id, "t");
  EXPECT_EQ(t.api_key_header, "Authorization");
  EXPECT_EQ(t.api_key_prefix, "Bearer ");
  EXPECT_EQ(t.timeout_seconds, 60);
  EXPECT_EQ(t.stream_timeout_seconds, 60);
  EXPECT_FALSE(t.stream_idle_timeout_seconds.has_value());
  EXPECT_EQ(t.weight, 1.0);
  EXPECT_TRUE(t.stream_usage);
  EXPECT_FALSE(t.pricing || t.health_probe);
  EXPECT_EQ(t.mark.line, 6);
}

TEST(Target, ReadsEveryKey) {
  const Target t = TargetOf(
      "      provider: openai-compatible\n      model: m\n      base_url: https://h:8443/x\n      "
      "secret_key_ref: {store: key-1}\n      api_key_header: X-Api-Key\n      api_key_prefix: ''\n"
      "      headers: {X-Title: My App}\n      timeout_seconds: 2.5\n      "
      "stream_timeout_seconds: 300\n      stream_idle_timeout_seconds: 15\n      format: openai\n"
      "      provider_type: openai\n      description: d\n      weight: 0.25\n      pricing: "
      "{prompt: 1, completion: 2}\n      stream_usage: true\n      health_probe: {path: /h, "
      "interval_seconds: 1, timeout_seconds: 2, healthy_threshold: 3, unhealthy_threshold: 4, "
      "expected_status: 200-204, enabled: false}\n");
  EXPECT_EQ(t.model, "m");
  EXPECT_EQ(UrlText(t.base_url), "https://h:8443/x");
  EXPECT_EQ(t.secret_key_ref.store, "key-1");
  EXPECT_EQ(t.api_key_header, "X-Api-Key");
  EXPECT_EQ(t.api_key_prefix, "");
  ASSERT_EQ(t.headers.size(), 1u);
  EXPECT_EQ(t.headers[0].first + ": " + t.headers[0].second, "X-Title: My App");
  EXPECT_EQ(t.timeout_seconds, 2.5);
  EXPECT_EQ(t.stream_timeout_seconds, 300);
  EXPECT_EQ(t.stream_idle_timeout_seconds, 15);
  EXPECT_EQ(t.weight, 0.25);
  EXPECT_EQ(t.pricing->cached_prompt, 1);
  EXPECT_TRUE(t.stream_usage);
  EXPECT_FALSE(t.health_probe->enabled);
  EXPECT_EQ(t.health_probe->path, "/h");
  EXPECT_EQ(t.health_probe->expected_status_max, 204u);
}

TEST(Target, TakesTheStreamTimeoutFromTheTimeout) {
  EXPECT_EQ(TargetOf("      provider: openai\n      timeout_seconds: 7\n").stream_timeout_seconds,
            7);
}

TEST(Target, SplitsTheShorthandOnTheFirstTwoColons) {
  const Target t = TargetOf("      provider: ollama:embedding:nomic:v1.5\n");
  EXPECT_EQ(t.provider, "ollama");
  EXPECT_EQ(t.endpoint_type, "embedding");
  EXPECT_EQ(t.model, "nomic:v1.5");
}

TEST(Target, RefusesBrokenShorthands) {
  const auto errors = [](const std::string& provider) {
    return Errors(WithTarget("      provider: '" + provider + "'\n"));
  };
  const std::string shape =
      "f.yaml:7:17: providers.targets[0].provider: expected <provider>, or "
      "<provider>:<chat|completion|embedding>:<model>";
  EXPECT_EQ(errors("openai:gpt-4o"), Messages{shape});
  EXPECT_EQ(errors("openai:chat:"), Messages{shape});
  EXPECT_EQ(errors("openai:cht:x"),
            (Messages{"f.yaml:7:17: providers.targets[0].provider: the type \"cht\" is not one of "
                      "chat, completion, embedding; did you mean \"chat\"?"}));
}

TEST(Target, RefusesUnknownAndLaterProviders) {
  const auto errors = [](const std::string& provider) {
    return Errors(WithTarget("      provider: " + provider + "\n"));
  };
  EXPECT_EQ(errors("firework"),
            (Messages{"f.yaml:7:17: providers.targets[0].provider: unknown provider \"firework\"; "
                      "did you mean \"fireworks\"?"}));
  EXPECT_EQ(errors("acme"),
            (Messages{"f.yaml:7:17: providers.targets[0].provider: unknown provider "
                      "\"acme\"; for any other server use openai-compatible with a "
                      "base_url"}));
  EXPECT_EQ(errors("anthropic:chat:x"),
            (Messages{"f.yaml:7:17: providers.targets[0].provider: the provider \"anthropic\" is "
                      "not supported yet; openai-compatible with a base_url works where it offers "
                      "that API"}));
}

TEST(Target, NeedsIdAndProvider) {
  EXPECT_EQ(Errors(WithProviders("providers:\n  targets:\n    - model: m\n")),
            (Messages{"f.yaml:6:7: providers.targets[0].id: is required",
                      "f.yaml:6:7: providers.targets[0].provider: is required"}));
}

TEST(Target, RefusesTheSameIdTwice) {
  EXPECT_EQ(
      Errors(WithProviders("providers:\n  strategy: fallback\n  targets:\n    - {id: a, provider: "
                           "openai}\n    - {id: a, provider: groq}\n")),
      (Messages{"f.yaml:8:12: providers.targets[1].id: another target has this id"}));
}

TEST(Target, NeedsABaseUrlWhereTheProviderHasNone) {
  for (const char* provider : {"vllm", "localai", "litellm", "openai-compatible"}) {
    EXPECT_EQ(Errors(WithTarget("      provider: " + std::string(provider) + "\n")),
              (Messages{"f.yaml:6:7: providers.targets[0].base_url: is required with the provider "
                        "\"" +
                        std::string(provider) + "\""}));
  }
}

TEST(Target, CompletesAnEmptyPath) {
  EXPECT_EQ(TargetOf("      provider: vllm\n      base_url: http://localhost:8000\n").base_url.path,
            "/v1");
  EXPECT_EQ(
      TargetOf("      provider: openai\n      base_url: https://api.openai.com/\n").base_url.path,
      "/v1");
  EXPECT_EQ(TargetOf("      provider: groq\n      base_url: https://api.groq.com\n").base_url.path,
            "/openai/v1");
  EXPECT_EQ(TargetOf("      provider: vllm\n      base_url: http://localhost/a/b/\n").base_url.path,
            "/a/b");
}

TEST(Target, RefusesBrokenUrls) {
  EXPECT_EQ(
      Errors(WithTarget("      provider: openai\n      base_url: api.openai.com\n")),
      (Messages{"f.yaml:8:17: providers.targets[0].base_url: the URL must begin with https:// "
                "or http://"}));
}

TEST(Target, RefusesToSendAKeyInPlaintext) {
  const std::string remote =
      "      provider: openai-compatible\n      base_url: http://10.0.0.1/v1\n";
  EXPECT_EQ(Errors(WithTarget(remote + "      secret_key_ref: {env: K}\n")),
            (Messages{"f.yaml:8:17: providers.targets[0].base_url: http to another host would send "
                      "the key unencrypted; use https, or set allow_plaintext: true"}));
  EXPECT_TRUE(Errors(WithTarget(remote)).empty());
  EXPECT_EQ(Warnings(WithTarget(remote + "      secret_key_ref: {env: K}\n      allow_plaintext: "
                                         "true\n")),
            (Messages{"f.yaml:8:17: providers.targets[0].base_url: the key and all texts travel "
                      "unencrypted"}));
}

TEST(Target, SendsAKeyInPlaintextToThisMachine) {
  for (const char* host : {"localhost", "127.0.0.1", "[::1]"}) {
    EXPECT_TRUE(Errors(WithTarget("      provider: vllm\n      base_url: 'http://" +
                                  std::string(host) + ":8000'\n      secret_key_ref: {env: K}\n"))
                    .empty())
        << host;
  }
}

TEST(Target, WarnsWhenTheProvidersKeyGoesElsewhere) {
  EXPECT_EQ(Warnings(WithTarget("      provider: openai\n      base_url: https://proxy.example\n")),
            (Messages{"f.yaml:8:17: providers.targets[0].base_url: the key in OPENAI_API_KEY is "
                      "sent to this host, which is not the provider's own; name the key in "
                      "secret_key_ref if that is meant"}));
}

TEST(Target, RefusesBrokenSecretReferences) {
  const auto error = [](const std::string& ref) {
    const Messages errors =
        Errors(WithTarget("      provider: openai\n      secret_key_ref: " + ref + "\n"));
    return errors.size() == 1 ? errors[0] : std::to_string(errors.size()) + " errors";
  };
  const std::string at = "providers.targets[0].secret_key_ref";
  const std::string one = "; give exactly one of env, file, store";
  EXPECT_EQ(error("{}"), "f.yaml:8:23: " + at + ": names no secret" + one);
  EXPECT_EQ(error("{env: A, store: b}"),
            "f.yaml:8:23: " + at + ": names more than one secret" + one);
  EXPECT_EQ(error("sk-1"), "f.yaml:8:23: " + at +
                               ": expected a map with env, file or store; keys are named, "
                               "never written: {env: NAME}");
  EXPECT_EQ(error("{env: sk-1}"), "f.yaml:8:29: " + at +
                                      ".env: is not the name of an environment variable; name the "
                                      "variable that holds the key, never the key");
  EXPECT_EQ(error("{file: key}"), "f.yaml:8:30: " + at + ".file: must be an absolute path");
  for (const char* store : {"../x", "a/b", ".", "..", ".hidden"}) {
    EXPECT_EQ(error("{store: " + std::string(store) + "}"),
              "f.yaml:8:31: " + at +
                  ".store: is not a plain file name; a file of "
                  "keeptrusts_secret_store, without a path");
  }
}

TEST(Target, RefusesHeadersThatAreNotItsOwn) {
  EXPECT_EQ(
      Errors(WithTarget(
          "      provider: openai\n      api_key_header: X-Team\n      headers:\n        "
          "authorization: x\n        x-team: x\n        Transfer-Encoding: x\n        Host: x\n"
          "        'X Y': x\n        X-A: \"a\\r\\nB: c\"\n        X-B: ' a'\n        X-C: 1\n"
          "        x-c: 2\n")),
      (Messages{
          "f.yaml:10:24: providers.targets[0].headers.authorization: a header that carries a "
          "credential; use secret_key_ref with api_key_header",
          "f.yaml:11:17: providers.targets[0].headers.x-team: a header that carries a credential; "
          "use secret_key_ref with api_key_header",
          "f.yaml:12:28: providers.targets[0].headers.Transfer-Encoding: a header of the "
          "connection, not of the request",
          "f.yaml:13:15: providers.targets[0].headers.Host: the gateway writes this header itself",
          "f.yaml:14:16: providers.targets[0].headers.X Y: is not a header name",
          "f.yaml:15:14: providers.targets[0].headers.X-A: holds a control character",
          "f.yaml:16:14: providers.targets[0].headers.X-B: begins or ends with a blank",
          "f.yaml:18:14: providers.targets[0].headers.x-c: is given twice (header names ignore "
          "case)"}));
}

TEST(Target, RefusesKeyHeadersThatBreakTheRequest) {
  EXPECT_EQ(Errors(WithTarget("      provider: openai\n      api_key_header: Host\n      "
                              "api_key_prefix: \"a\\r\\n\"\n")),
            (Messages{"f.yaml:8:23: providers.targets[0].api_key_header: is a header with another "
                      "meaning",
                      "f.yaml:9:23: providers.targets[0].api_key_prefix: holds a control "
                      "character"}));
  EXPECT_EQ(Errors(WithTarget("      provider: openai\n      api_key_header: 'a: b'\n")),
            (Messages{"f.yaml:8:23: providers.targets[0].api_key_header: is not a header name"}));
}

TEST(Target, RefusesWhatIsNotSupportedYet) {
  EXPECT_EQ(Errors(WithTarget("      provider: openai\n      format: anthropic\n")),
            (Messages{"f.yaml:8:15: providers.targets[0].format: the wire format \"anthropic\" is "
                      "not supported yet; only openai is"}));
}

TEST(Target, TakesAClientCertificateWithItsKey) {
  const auto loaded = Load({{"f.yaml", WithTarget("      provider: openai\n"
                                                  "      client_certificate: /c.pem\n"
                                                  "      client_certificate_key: /k.pem\n")}});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config->providers.targets[0].client_certificate, "/c.pem");
  EXPECT_EQ(loaded.config->providers.targets[0].client_certificate_key, "/k.pem");
}

TEST(Target, RefusesHalfAClientCertificate) {
  EXPECT_EQ(Errors(WithTarget("      provider: openai\n      client_certificate: /c\n")),
            (Messages{"f.yaml:8:27: providers.targets[0].client_certificate: "
                      "client_certificate_key is missing beside it"}));
  EXPECT_EQ(Errors(WithTarget("      provider: openai\n      client_certificate_key: /k\n")),
            (Messages{"f.yaml:8:31: providers.targets[0].client_certificate_key: "
                      "client_certificate is missing beside it"}));
}

TEST(Target, RefusesAClientCertificateByARelativePathOrOverPlainHttp) {
  EXPECT_EQ(Errors(WithTarget("      provider: ollama\n      client_certificate: c.pem\n"
                              "      client_certificate_key: /k\n")),
            (Messages{"f.yaml:8:27: providers.targets[0].client_certificate: must be an absolute "
                      "path",
                      "f.yaml:8:27: providers.targets[0].client_certificate: a client certificate "
                      "needs an https base_url"}));
}

TEST(Target, RefusesValuesOutOfRange) {
  EXPECT_EQ(
      Errors(WithTarget("      provider: openai\n      weigth: 2\n      timeout_seconds: 0\n      "
                        "weight: -1\n      pricing: {prompt: 1}\n      health_probe: {path: h, "
                        "expected_status: 299-200}\n")),
      (Messages{
          "f.yaml:8:7: providers.targets[0].weigth: unknown key; did you mean \"weight\"?",
          "f.yaml:9:24: providers.targets[0].timeout_seconds: must be from 0.001 to 86400",
          "f.yaml:10:15: providers.targets[0].weight: must be from 0 to 1e+06",
          "f.yaml:11:16: providers.targets[0].pricing.completion: is required",
          "f.yaml:12:28: providers.targets[0].health_probe.path: must begin with \"/\" and hold no "
          "blanks",
          "f.yaml:12:48: providers.targets[0].health_probe.expected_status: expected a status or a "
          "range of them; for example 200-299"}));
}

TEST(Targets, MustNotBeEmptyOrMissing) {
  EXPECT_EQ(Errors(WithProviders("providers: {targets: []}\n")),
            (Messages{"f.yaml:4:22: providers.targets: must not be empty"}));
  EXPECT_EQ(Errors(WithProviders("providers: {strategy: single}\n")),
            (Messages{"f.yaml:4:12: providers.targets: is required"}));
}

TEST(Echo, StandsAlone) {
  const LoadResult result = LoadText(WithTarget("      provider: echo\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.config->providers.targets[0].echo);
  EXPECT_TRUE(result.config->providers.targets[0].secret_key_ref.empty());
  EXPECT_EQ(Lines(result.warnings),
            (Messages{"f.yaml:6:5: providers.targets: echo answers with the user's own text: for "
                      "trying out, never for production"}));
}

TEST(Echo, IsAnErrorBesideARealTarget) {
  EXPECT_EQ(
      Errors(WithProviders("providers:\n  strategy: fallback\n  targets:\n    - {id: a, provider: "
                           "openai}\n    - {id: b, provider: echo}\n")),
      (Messages{"f.yaml:8:25: providers.targets[1].provider: echo beside a real target; use it "
                "alone"}));
}

TEST(Echo, TakesNoUrlAndNoKey) {
  EXPECT_EQ(Errors(WithTarget("      provider: echo\n      base_url: https://h\n      "
                              "secret_key_ref: {env: K}\n")),
            (Messages{"f.yaml:8:17: providers.targets[0].base_url: echo is inside the gateway and "
                      "has no URL; remove it",
                      "f.yaml:9:23: providers.targets[0].secret_key_ref: echo needs no key; remove "
                      "it"}));
}

}  // namespace
}  // namespace kt::config
