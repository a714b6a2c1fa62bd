#include "core/routing/target.h"

namespace kt::routing {

std::string_view TryErrorName(TryError error) noexcept {
  switch (error) {
    case TryError::kNone:
      return "";
    case TryError::kConnect:
      return "connect_error";
    case TryError::kTls:
      return "tls_error";
    case TryError::kTimeout:
      return "timeout";
    case TryError::kReset:
      return "reset";
    case TryError::kRateLimit:
      return "rate_limit";
    case TryError::kServerError:
      return "server_error";
    case TryError::kAuth:
      return "auth_error";
    case TryError::kModel:
      return "model_error";
    case TryError::kInvalid:
      return "invalid_response";
  }
  return "";
}

TryError ClassifyStatus(int status, bool own_model) noexcept {
  if (status >= 200 && status < 300 && status != 206) return TryError::kNone;
  switch (status) {
    case 401:
    case 402:
    case 403:
      return TryError::kAuth;
    case 404:
      return own_model ? TryError::kModel : TryError::kNone;
    case 407:  // of a proxy on the way
      return TryError::kInvalid;
    // RFC 9110 15.5.9, 15.5.20; RFC 8470; nginx's "client closed", told by a proxy behind.
    case 408:
    case 421:
    case 425:
    case 499:
      return TryError::kServerError;
    case 429:
      return TryError::kRateLimit;
    default:
      break;
  }
  if (status >= 400 && status < 500) return TryError::kNone;
  if (status >= 500 && status < 600) return TryError::kServerError;
  // Redirects are never followed: the key must not travel. Nobody asked for a part (206).
  return TryError::kInvalid;
}

bool MayFailOver(const config::Providers& providers, TryError error) noexcept {
  const config::Fallback& fallback = providers.fallback;
  if (providers.strategy == config::Strategy::kSingle || !fallback.enabled) return false;
  switch (error) {
    case TryError::kNone:
      return false;
    case TryError::kConnect:
    case TryError::kTls:
      return fallback.connect_error;
    case TryError::kTimeout:
      return fallback.timeout;
    case TryError::kRateLimit:
      return fallback.rate_limit;
    case TryError::kAuth:
      return fallback.auth_error;
    case TryError::kModel:
      return fallback.model_error;
    case TryError::kReset:
    case TryError::kServerError:
    case TryError::kInvalid:
      return fallback.server_error;
  }
  return false;
}

}  // namespace kt::routing
