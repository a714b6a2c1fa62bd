#include "core/detect/prefilter_conditions.h"

#include <algorithm>
#include <cstring>

namespace kt::detect {
namespace {

constexpr uint64_t kFold = 0x2020202020202020u;

}  // namespace

std::string KeyOf(const Condition& condition) {
  std::string key = std::to_string(condition.back) + "," + std::to_string(condition.ahead) + "," +
                    std::to_string(condition.run_bytes);
  if (condition.any_of.empty()) return key + condition.run.to_string();
  for (const Factor& factor : condition.any_of) {
    key += {static_cast<char>(factor.start), factor.word_ends, factor.odd_blank, '|'};
    key += factor.bytes;
  }
  return key;
}

uint64_t LoadFolded(std::string_view text, size_t at) noexcept {
  uint64_t value = 0;
  if (at + sizeof value <= text.size()) {
    std::memcpy(&value, text.data() + at, sizeof value);
  } else {
    std::memcpy(&value, text.data() + at, text.size() - at);
  }
  return value | kFold;
}

uint32_t PrefilterConditions::Add(const Condition& condition) {
  const auto [known, fresh] =
      known_.try_emplace(KeyOf(condition), static_cast<uint32_t>(ready_.size()));
  if (!fresh) return known->second;
  Ready& ready = ready_.emplace_back();
  ready.back = static_cast<uint32_t>(condition.back);
  ready.ahead = static_cast<uint32_t>(condition.ahead);
  if (condition.any_of.empty()) {
    ready.run = condition.run;
    ready.run_bytes = static_cast<uint32_t>(condition.run_bytes);
    return known->second;
  }
  ready.words = true;
  ready.heads = static_cast<uint32_t>(heads_.size());
  HeadTable& heads = heads_.emplace_back();
  ready.first_literal = static_cast<uint32_t>(literals_.size());
  for (const Factor& factor : condition.any_of) {
    Literal literal{0, ~uint64_t{0} >> (64 - 8 * factor.bytes.size())};
    std::memcpy(&literal.bytes, factor.bytes.data(), factor.bytes.size());
    heads.Add(factor.bytes);
    ready.words &= factor.start == Factor::Start::kWord;
    literals_.push_back(literal);
  }
  ready.end_literal = static_cast<uint32_t>(literals_.size());
  return known->second;
}

void PrefilterConditions::Finish() noexcept {
  known_ = {};
  ready_.shrink_to_fit();
  literals_.shrink_to_fit();
  heads_.shrink_to_fit();
}

size_t PrefilterConditions::FindRun(const Ready& ready, std::string_view text, size_t begin,
                                    size_t end) const noexcept {
  while (begin <= end && begin + ready.run_bytes <= text.size()) {
    // From the far end back: what does not belong to the run is where the next may begin.
    size_t at = begin + ready.run_bytes;
    while (at > begin && ready.run[static_cast<unsigned char>(text[at - 1])]) --at;
    if (at == begin) return begin;
    begin = at;
  }
  return kNowhere;
}

size_t PrefilterConditions::FindLiteral(const Ready& ready, std::string_view text, size_t begin,
                                        size_t end) const noexcept {
  end = std::min(end, text.size() - 1);
  const HeadTable& heads = heads_[ready.heads];
  for (size_t at = begin; (at = heads.Find(text, at, end + 1)) <= end; ++at) {
    if (ready.words && at > 0 && IsAsciiWord(static_cast<unsigned char>(text[at - 1]))) continue;
    const uint64_t folded = LoadFolded(text, at);
    for (uint32_t i = ready.first_literal; i < ready.end_literal; ++i) {
      if (((folded ^ literals_[i].bytes) & literals_[i].mask) == 0) return at;
    }
  }
  return kNowhere;
}

bool PrefilterConditions::Search(uint32_t number, std::string_view text, size_t begin, size_t end,
                                 Memo* memo) const {
  const Ready& ready = ready_[number];
  Memo::Known& known = memo->known_[number];
  size_t start = begin;
  if (known.begin <= begin && begin <= known.end) {
    start = known.end;
  } else {
    known.begin = begin;
  }
  known.hit =
      ready.run_bytes > 0 ? FindRun(ready, text, start, end) : FindLiteral(ready, text, start, end);
  known.end = std::min(known.hit, end + 1);
  return known.hit != kNowhere;
}

}  // namespace kt::detect
