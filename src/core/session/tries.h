// Which target is tried next and when, what became of those before, and what that says of them to
// all other requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/record.h"
#include "core/config/policy_config.h"
#include "core/routing/board.h"
#include "core/routing/selector.h"
#include "core/routing/target.h"
#include "core/session/notice.h"

namespace kt::session {

// How a try ended.
struct TryEnd {
  routing::TryError error = routing::TryError::kNone;
  int status = 0;  // of the answer; 0: there was none
  bool maybe_billed = false;
};

class Tries {
 public:
  // All outlive this. `board` may be nullptr: nothing is known of the targets. `seed`: what makes
  // this request's random choices.
  Tries(const config::Providers& providers, const std::vector<routing::Target>& targets,
        routing::Board* board, uint64_t seed)
      : providers_(providers), targets_(targets), board_(board), random_(seed) {}

  // `pinned`: the request refers to state at one provider, so no other may be asked.
  void Plan(openai::Endpoint endpoint, std::string_view model, bool stream, bool pinned,
            uint64_t now_ms);
  bool planned() const noexcept { return planned_; }

  // Begins the next try. nullopt: no target may be asked now.
  std::optional<size_t> Next(uint64_t now_ms);
  // How long Next is to be put off (a retry's backoff).
  uint64_t DelayMs(uint64_t now_ms) const noexcept;
  // Targets that were not tried yet, as far as tries are counted; their state is not asked.
  bool HasMore() const noexcept;
  // When Next finds nobody: are all out because the gateway's key or model was refused? And how
  // long until the first is back.
  bool AllRefused(uint64_t now_ms) const;
  uint64_t SoonestMs(uint64_t now_ms) const;

  // Is there to be another try after this end of the present one? Decided once, then remembered:
  // what another target, or a retry within its budget, can still make good. While no other target
  // may be asked, whichever of those that were may be soonest is asked again.
  bool Follows(const TryEnd& end, uint64_t now_ms);
  bool more() const noexcept { return follow_up_ != FollowUp::kNone; }  // what Follows has said

  const config::Target* current() const noexcept;
  // A try's deadline, cut to what is left of the time for all tries.
  uint64_t TimeoutMs(size_t target) const noexcept;

  // What is known of the present try; nothing happens before the first.
  void NoteAnswer(int status, std::string upstream_request_id,
                  std::optional<uint64_t> retry_after_ms);
  void NoteFirstToken(uint64_t now_ms);
  // Ends the present try. Only the first call counts.
  void End(const TryEnd& end, uint64_t now_ms);
  // The client left, or the request ended otherwise: the target is not to blame.
  void Abandon(bool maybe_billed, uint64_t now_ms);
  // What the answer used, for the metrics of the target that gave it.
  void NoteUsage(uint64_t prompt_tokens, uint64_t completion_tokens);

  const std::vector<audit::AttemptEntry>& attempts() const noexcept { return attempts_; }
  std::string Summary() const;  // "a:503,b:200"
  std::vector<Notice> TakeNotices();

 private:
  // kOther: a target that was not asked yet; kAgain: one that was, `again_`.
  enum class FollowUp : uint8_t { kUndecided, kNone, kOther, kAgain };
  // How the last try of a target ended, for this request.
  struct Asked {
    size_t target = 0;
    bool may_again = false;  // by retry_on
    uint64_t ended_ms = 0, retry_after_ms = 0;
  };
  // It refused the request, which may be the request's own fault.
  struct Refused {
    size_t target = 0;
    TryEnd end;
  };

  uint64_t TotalMs() const noexcept;
  uint64_t Random() noexcept;
  bool AnotherMayBeAsked(uint64_t now_ms) const;
  FollowUp Decide(const TryEnd& end, uint64_t now_ms);
  FollowUp DecideRetry(bool any_target, uint64_t now_ms);
  void NoteAsked(const TryEnd& end, uint64_t now_ms);
  size_t Begin(const routing::Pick& pick);
  std::optional<routing::Pick> PickAgain(uint64_t now_ms);
  void Close(const TryEnd& end, uint64_t now_ms);
  routing::Outcome OutcomeOf(const TryEnd& end) const noexcept;
  void JudgeRefusal(const TryEnd& end, uint64_t now_ms);
  void ConfirmRefusals(uint64_t now_ms);
  void PutAside(size_t target, routing::AsideReason reason, uint64_t ms, int status,
                uint64_t now_ms);
  void Say(bool warn, std::string text);

  const config::Providers& providers_;
  const std::vector<routing::Target>& targets_;
  routing::Board* const board_;
  uint64_t random_;
  std::vector<size_t> candidates_, left_;  // all that may be asked; those not asked yet
  bool planned_ = false, open_ = false, stream_ = false, timeout_cut_ = false;
  uint64_t began_ms_ = 0, try_began_ms_ = 0, not_before_ms_ = 0;
  FollowUp follow_up_ = FollowUp::kUndecided;
  size_t again_ = 0;
  std::vector<Asked> asked_;  // the one that waits longest first
  std::vector<Refused> refused_;
  uint32_t fallbacks_ = 0, retries_ = 0;
  std::optional<size_t> target_;  // of the last try
  routing::Permit permit_;
  std::optional<uint64_t> retry_after_ms_, first_token_ms_;
  std::vector<audit::AttemptEntry> attempts_;
  std::vector<Notice> notices_;
};

}  // namespace kt::session
