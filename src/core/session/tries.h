// Which target is tried next, and what became of those before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/record.h"
#include "core/config/policy_config.h"
#include "core/routing/target.h"

namespace kt::session {

class Tries {
 public:
  // `providers` and `targets` outlive this.
  Tries(const config::Providers& providers, const std::vector<routing::Target>& targets)
      : providers_(providers), targets_(targets) {}

  // `pinned`: the request refers to state at one provider, so no other may be asked.
  void Plan(openai::Endpoint endpoint, std::string_view model, bool stream, bool pinned,
            uint64_t now_ms);
  bool planned() const noexcept { return planned_; }

  // Begins the next try. nullopt: no target is left, or the time for all tries is over.
  std::optional<size_t> Next(uint64_t now_ms);
  // Would Next give another one, so far as tries are counted?
  bool HasMore() const noexcept;
  // May another target be asked after this error, and is there one?
  bool MayRetry(routing::TryError error, uint64_t now_ms) const noexcept;

  const config::Target* current() const noexcept;
  // A try's deadline, cut to what is left of the time for all tries.
  uint64_t TimeoutMs(size_t target) const noexcept;

  // What is known of the present try; nothing happens before the first.
  void NoteAnswer(int status, std::string upstream_request_id);
  // Ends the present try. Only the first call counts.
  void End(routing::TryError error, bool maybe_billed, uint64_t now_ms);

  const std::vector<audit::AttemptEntry>& attempts() const noexcept { return attempts_; }
  std::string Summary() const;  // "a:503,b:200"

 private:
  uint64_t TotalMs() const noexcept;

  const config::Providers& providers_;
  const std::vector<routing::Target>& targets_;
  std::vector<size_t> plan_;
  size_t next_ = 0;
  bool planned_ = false, open_ = false, stream_ = false;
  uint64_t began_ms_ = 0, try_began_ms_ = 0;
  std::vector<audit::AttemptEntry> attempts_;
};

}  // namespace kt::session
