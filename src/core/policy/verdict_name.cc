#include "core/policy/chain.h"

namespace kt::policy {

std::string_view VerdictName(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kAllowed:
      return "allowed";
    case Verdict::kFlagged:
      return "flagged";
    case Verdict::kRedacted:
      return "redacted";
    case Verdict::kBlocked:
      return "blocked";
    case Verdict::kEscalated:
      return "escalated";
    case Verdict::kFailedOpen:
      return "failed_open";
    case Verdict::kError:
      return "error";
  }
  return "error";
}

}  // namespace kt::policy
