// Texts with many candidates: stretches of them that stood there before are not walked again. A
// match depends on no more than its own bytes and a few around it, so that what matched, or did
// not, in the earlier one tells the same of the later one; the rules know where they matched.
// Ordinary text has too few candidates for a gain. Private to detect/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"
#include "core/detect/prefilter_candidates.h"
#include "core/detect/prefilter_scan.h"
#include "core/detect/repeats.h"

namespace kt::detect {

// Rules with longer matches are looked for anew.
inline constexpr size_t kMostRepeated = 512;
// Beside the match, the bytes that it depends on: what validators look at, and \b.
inline constexpr size_t kRepeatBack = kContextBytes + 4, kRepeatAhead = 8;

template <typename Target>
class Replay {
 public:
  // `back`, `ahead`: how far around a place the text has to be the same; `most_before`: how far
  // before a place its candidates may begin, no more than `back`.
  Replay(std::string_view text, size_t from, size_t back, size_t ahead, size_t most_before,
         Candidates* out)
      : text_(text),
        from_(from),
        back_(back),
        ahead_(ahead),
        most_before_(most_before),
        out_(out) {}
  // A candidate; all of them, in order.
  void See(const Target& target, size_t at) {
    ++candidates_;
    if (log_from_ != kNever) Remember(target, at);
  }
  // Where to go on instead of `begin`. Calls take(target, at) for candidates before that of targets
  // that do not repeat.
  template <typename Take>
  size_t Skip(size_t begin, const Take& take) {
    if (log_from_ == kNever) {
      if (candidates_ * kBytesPerCandidate > begin - from_ + kLeastBytes) log_from_ = begin;
      return begin;
    }
    const auto stretches = repeats_.stretches();
    if (stretches.empty()) return begin;
    const Repeats::Stretch& same = stretches.back();
    if (begin < same.begin + back_ || begin + ahead_ + kScanBlock > same.end) return begin;
    const size_t end = same.end - ahead_;
    auto i = static_cast<size_t>(
        std::lower_bound(log_.begin(), log_.end(), begin - same.distance,
                         [](const Entry& entry, size_t at) { return entry.at < at; }) -
        log_.begin());
    for (; i < log_.size() && log_[i].at + same.distance < end; ++i) {
      const Entry entry = {log_[i].at + same.distance, log_[i].target};
      take(*entry.target, entry.at);
      log_.push_back(entry);
    }
    out_->Repeat({begin - most_before_, end, same.distance});
    return end;
  }

 private:
  [[gnu::noinline]] void Remember(const Target& target, size_t at) {
    if (!target.repeats) log_.push_back({at, &target});
    repeats_.See(text_, log_from_, at);
  }
  static constexpr size_t kNever = static_cast<size_t>(-1);
  static constexpr size_t kBytesPerCandidate = 16, kLeastBytes = 2048;
  struct Entry {
    size_t at;
    const Target* target;
  };
  const std::string_view text_;
  const size_t from_, back_, ahead_, most_before_;
  Candidates* const out_;
  Repeats repeats_;
  size_t candidates_ = 0, log_from_ = kNever;
  std::vector<Entry> log_;
};

}  // namespace kt::detect
