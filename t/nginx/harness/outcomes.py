"""What the gateway promises a client whose provider misbehaves, as the fault matrix expects it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fails:
    """Before commit: another target may answer. Without one: `status` and `code`."""

    error: str  # of the attempt, in the record
    status: int = 502
    code: str = "upstream_failed"
    maybe_billed: bool = False
    verdict: str = "error"  # of the record, when there is no other target
    races_with: "Fails | None" = None  # what it also may be, for the kernel decides


@dataclasses.dataclass(frozen=True)
class Breaks:
    """After the first text: an error event, whatever other targets there are."""

    error: str
    code: str = "upstream_failed"


@dataclasses.dataclass(frozen=True)
class Passes:
    """No fault of the target: its answer, of this status, is the client's."""

    status: int = 200


# ---- outcomes that many share --------------------------------------------------------------------

UNSENT = Fails("connect_error")
BAD_TLS = Fails("tls_error")
RESET = Fails("reset", maybe_billed=True)
INVALID = Fails("invalid_response", code="upstream_invalid_response", maybe_billed=True)
TIMEOUT = Fails("timeout", 504, "upstream_timeout", maybe_billed=True)
SERVER = Fails("server_error")
SERVER_BILLED = Fails("server_error", maybe_billed=True)
AUTH = Fails("auth_error", code="upstream_auth_failed")
MODEL = Fails("model_error", code="upstream_auth_failed")
# The last target's own refusal reaches the client.
LIMITED = Fails("rate_limit", 429, None, verdict="allowed")
RESET_AT_ONCE = dataclasses.replace(UNSENT, races_with=RESET)
CLOSED_AT_ONCE = dataclasses.replace(BAD_TLS, races_with=RESET)
REDIRECT = Fails("invalid_response", code="upstream_invalid_response")
# Its explanation cannot be read, so ours stands in its place.
LIMITED_SOMEHOW = Fails("rate_limit", 429, "rate_limit_exceeded")
BREAKS_INVALID = Breaks("invalid_response", "upstream_invalid_response")
