// Asking the same target again: when, how long to wait, and how often in all.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/config/policy_config.h"
#include "core/routing/state.h"
#include "core/routing/target.h"

namespace kt::routing {

// What a provider asks for at most: a longer time would outlive the trouble, or be a mistake.
inline constexpr uint64_t kMaxRetryAfterMs = 3'600'000;

// The wait that an answer's headers ask for, in ms, at most kMaxRetryAfterMs; 0 for a date that is
// past. `retry_after`: seconds or one of HTTP's three date forms (RFC 9110, 10.2.3, 5.6.7);
// `retry_after_ms`: OpenAI's, milliseconds, which goes first. Fractions are rounded up. nullopt:
// neither says anything that can be followed (empty, negative, no number).
std::optional<uint64_t> ParseRetryAfter(std::string_view untrusted_retry_after,
                                        std::string_view untrusted_retry_after_ms,
                                        int64_t now_unix_s);

// Does `retry_on` list this end of a try, by its name or its status (0: none)?
bool MayAskAgain(const config::Retry& retry, TryError error, int status) noexcept;

// The pause before the retry number `retry_index` (from 0): full jitter over an exponential that is
// cut at max_backoff_ms. `random`: 64 random bits.
uint64_t BackoffMs(const config::Retry& retry, uint32_t retry_index, uint64_t random) noexcept;

// The retry budget of a gateway, in one cell that all workers share: within five to ten seconds
// retries may be a fifth of the requests, and kFreeRetries in any case.
inline constexpr uint64_t kFreeRetries = 10;
void NoteRequest(StateCell* budget, uint64_t now_ms) noexcept;
bool TakeRetry(StateCell* budget, uint64_t now_ms) noexcept;

}  // namespace kt::routing
