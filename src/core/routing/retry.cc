#include "core/routing/retry.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "core/base/text.h"

namespace kt::routing {
namespace {

constexpr size_t kMaxValueBytes = 64;
constexpr uint64_t kBucketMs = 5000;
constexpr uint64_t kRetryShare = 5;  // one in five

// A plain decimal number times `scale`, bounded.
std::optional<uint64_t> ParseNumber(std::string_view text, double scale) {
  if (text.empty() || text.size() > kMaxValueBytes) return std::nullopt;
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (!plain) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return kMaxRetryAfterMs;
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const double ms = std::ceil(value * scale);
  return ms >= kMaxRetryAfterMs ? kMaxRetryAfterMs : static_cast<uint64_t>(ms);
}

std::optional<uint64_t> ParseDate(std::string_view text, int64_t now_unix_s) {
  if (text.empty() || text.size() > kMaxValueBytes) return std::nullopt;
  const std::string copy(text);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm when{};
    const char* end = strptime(copy.c_str(), form, &when);
    if (end == nullptr || *end != '\0') continue;
    const int64_t at = timegm(&when);
    if (at <= now_unix_s) return 0;
    const auto seconds = static_cast<uint64_t>(at - now_unix_s);
    return seconds >= kMaxRetryAfterMs / 1000 ? kMaxRetryAfterMs : seconds * 1000;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ParseRetryAfter(std::string_view untrusted_retry_after,
                                        std::string_view untrusted_retry_after_ms,
                                        int64_t now_unix_s) {
  if (const auto ms = ParseNumber(Trim(untrusted_retry_after_ms), 1)) return ms;
  const std::string_view text = Trim(untrusted_retry_after);
  if (const auto ms = ParseNumber(text, 1000)) return ms;
  return ParseDate(text, now_unix_s);
}

bool MayAskAgain(const config::Retry& retry, TryError error, int status) noexcept {
  std::string_view name = TryErrorName(error);
  if (error == TryError::kTls) name = TryErrorName(TryError::kConnect);  // nothing was sent
  return std::any_of(retry.retry_on.begin(), retry.retry_on.end(), [&](const std::string& listed) {
    if (listed == name) return true;
    int listed_status = 0;
    const auto [end, ec] =
        std::from_chars(listed.data(), listed.data() + listed.size(), listed_status);
    return ec == std::errc() && end == listed.data() + listed.size() && listed_status == status;
  });
}

uint64_t BackoffMs(const config::Retry& retry, uint32_t retry_index, uint64_t random) noexcept {
  const double most = retry.initial_backoff_ms * std::pow(retry.multiplier, retry_index);
  const auto cut = static_cast<uint64_t>(std::min<double>(most, retry.max_backoff_ms));
  return retry.jitter ? random % (cut + 1) : cut;
}

namespace {

// A bucket of five seconds: which one (24 bits), requests (20), retries (20).
struct Bucket {
  uint64_t index, requests, retries;
};
constexpr uint64_t kMaxCount = (1 << 20) - 1;

Bucket Unpack(uint64_t word) noexcept {
  return {word >> 40, word >> 20 & kMaxCount, word & kMaxCount};
}
uint64_t Pack(const Bucket& bucket) noexcept {
  return (bucket.index & 0xFFFFFF) << 40 | std::min(bucket.requests, kMaxCount) << 20 |
         std::min(bucket.retries, kMaxCount);
}
uint64_t IndexAt(uint64_t now_ms) noexcept {
  return now_ms / kBucketMs & 0xFFFFFF;
}
Shared<uint64_t>& WordOf(StateCell* budget, uint64_t index) noexcept {
  return index % 2 == 0 ? budget->a : budget->b;
}
Bucket Current(uint64_t word, uint64_t index) noexcept {
  const Bucket bucket = Unpack(word);
  return bucket.index == index ? bucket : Bucket{index, 0, 0};
}

}  // namespace

void NoteRequest(StateCell* budget, uint64_t now_ms) noexcept {
  const uint64_t index = IndexAt(now_ms);
  Shared<uint64_t>& word = WordOf(budget, index);
  uint64_t seen = word.load();
  for (;;) {
    Bucket bucket = Current(seen, index);
    bucket.requests++;
    if (word.exchange(&seen, Pack(bucket))) return;
  }
}

bool TakeRetry(StateCell* budget, uint64_t now_ms) noexcept {
  const uint64_t index = IndexAt(now_ms), before = (index - 1) & 0xFFFFFF;
  const Bucket last = Current(WordOf(budget, before).load(), before);
  Shared<uint64_t>& word = WordOf(budget, index);
  uint64_t seen = word.load();
  for (;;) {
    Bucket bucket = Current(seen, index);
    const uint64_t requests = last.requests + bucket.requests;
    const uint64_t allowed = std::max(kFreeRetries, requests / kRetryShare);
    if (last.retries + bucket.retries >= allowed) return false;
    bucket.retries++;
    if (word.exchange(&seen, Pack(bucket))) return true;
  }
}

}  // namespace kt::routing
