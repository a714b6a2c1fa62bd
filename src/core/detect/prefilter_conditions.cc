#include "core/detect/prefilter_conditions.h"

#include <algorithm>
#include <cstring>

namespace kt::detect {
namespace {

constexpr size_t kLookAhead = 64;  // bytes

// Of what was loaded as a little-endian number.
unsigned FirstByte(uint64_t bytes) noexcept {
  return bytes & 0xFF;
}

}  // namespace

std::string KeyOf(const Condition& condition) {
  std::string key = std::to_string(condition.run_bytes);
  if (condition.any_of.empty()) return key + condition.run.to_string();
  for (const Factor& factor : condition.any_of) {
    key += {static_cast<char>(factor.start), factor.word_ends, factor.odd_blank, '|'};
    key += factor.bytes;
  }
  return key;
}

Condition WordsBefore(const std::vector<std::string>& words, size_t bytes) {
  Condition condition;
  condition.back = bytes;
  for (const std::string& word : words) {
    Factor& factor = condition.any_of.emplace_back();
    for (const char c : word.substr(0, std::min(word.find(' '), kFactorBytes))) {
      factor.bytes += FoldByte(c);
    }
  }
  return condition;
}

uint32_t PrefilterConditions::AddWanted(const Condition& condition) {
  const auto [known, fresh] =
      known_.try_emplace(KeyOf(condition), static_cast<uint32_t>(wanted_.size()));
  if (!fresh) return known->second;
  Wanted& wanted = wanted_.emplace_back();
  if (condition.any_of.empty()) {
    wanted.run = condition.run;
    wanted.run_bytes = static_cast<uint32_t>(condition.run_bytes);
    return known->second;
  }
  wanted.words = true;
  wanted.heads = static_cast<uint32_t>(heads_.size());
  HeadTable& heads = heads_.emplace_back();
  wanted.first_literal = static_cast<uint32_t>(literals_.size());
  wanted.head_mask = ~uint64_t{0};
  for (const Factor& factor : condition.any_of) {
    Literal literal{0, ~uint64_t{0} >> (64 - 8 * factor.bytes.size())};
    std::memcpy(&literal.bytes, factor.bytes.data(), factor.bytes.size());
    wanted.words &= factor.start == Factor::Start::kWord;
    wanted.head_mask &= literal.mask;
    literals_.push_back(literal);
  }
  wanted.end_literal = static_cast<uint32_t>(literals_.size());
  std::sort(
      literals_.begin() + wanted.first_literal, literals_.end(),
      [](const Literal& a, const Literal& b) { return FirstByte(a.bytes) < FirstByte(b.bytes); });
  std::vector<uint64_t> sorted;
  for (const Factor& factor : condition.any_of) sorted.push_back(KeyOfBytes(factor.bytes));
  std::sort(sorted.begin(), sorted.end());
  heads.AddSorted(sorted);
  for (uint32_t i = wanted.first_literal; i < wanted.end_literal; ++i) {
    const uint32_t index = BloomIndex(literals_[i].bytes & wanted.head_mask);
    wanted.bloom[index >> 6] |= uint64_t{1} << (index & 63);
  }
  return known->second;
}

uint32_t PrefilterConditions::Add(const Condition& condition) {
  const Window window{AddWanted(condition), static_cast<uint32_t>(condition.back),
                      static_cast<uint32_t>(condition.ahead)};
  for (uint32_t i = 0; i < windows_.size(); ++i) {
    const Window& other = windows_[i];
    if (other.wanted == window.wanted && other.back == window.back && other.ahead == window.ahead) {
      return i;
    }
  }
  windows_.push_back(window);
  return static_cast<uint32_t>(windows_.size() - 1);
}

void PrefilterConditions::Finish() noexcept {
  known_.clear();
  windows_.shrink_to_fit();
  wanted_.shrink_to_fit();
  literals_.shrink_to_fit();
  heads_.shrink_to_fit();
}

size_t PrefilterConditions::FindRun(const Wanted& wanted, std::string_view text, size_t begin,
                                    size_t end) const noexcept {
  while (begin <= end && begin + wanted.run_bytes <= text.size()) {
    // From the far end back: what does not belong to the run is where the next may begin.
    size_t at = begin + wanted.run_bytes;
    while (at > begin && wanted.run[static_cast<unsigned char>(text[at - 1])]) --at;
    if (at == begin) return begin;
    begin = at;
  }
  return kNowhere;
}

bool PrefilterConditions::Begins(const Wanted& wanted, uint64_t folded) const noexcept {
  const uint32_t index = BloomIndex(folded & wanted.head_mask);
  if ((wanted.bloom[index >> 6] >> (index & 63) & 1) == 0) return false;
  const auto begin = literals_.begin() + wanted.first_literal;
  const auto end = literals_.begin() + wanted.end_literal;
  auto literal = std::partition_point(
      begin, end, [&](const Literal& l) { return FirstByte(l.bytes) < FirstByte(folded); });
  for (; literal != end && FirstByte(literal->bytes) == FirstByte(folded); ++literal) {
    if (((folded ^ literal->bytes) & literal->mask) == 0) return true;
  }
  return false;
}

size_t PrefilterConditions::FindLiteral(const Wanted& wanted, std::string_view text, size_t begin,
                                        size_t end) const noexcept {
  end = std::min(end, text.size() - 1);
  const HeadTable& heads = heads_[wanted.heads];
  for (size_t at = begin; (at = heads.Find(text, at, end + 1)) <= end; ++at) {
    if (Begins(wanted, LoadFolded(text, at))) return at;
  }
  return kNowhere;
}

// The same where all literals begin words.
size_t PrefilterConditions::FindWord(const Wanted& wanted, std::string_view text, size_t begin,
                                     size_t end) const noexcept {
  const auto begins = [&](size_t at) { return Begins(wanted, LoadFolded(text, at)); };
  return FirstWord(heads_[wanted.heads], text, begin, std::min(end + 1, text.size()), begins);
}

bool PrefilterConditions::Search(uint32_t number, std::string_view text, size_t begin, size_t end,
                                 Memo* memo) const {
  const Wanted& wanted = wanted_[number];
  Memo::Known& known = memo->Of(number, wanted_.size());
  const auto find = [&](size_t first, size_t last) {
    if (wanted.run_bytes > 0) return FindRun(wanted, text, first, last);
    return wanted.words ? FindWord(wanted, text, first, last)
                        : FindLiteral(wanted, text, first, last);
  };
  size_t start = begin, last = end;
  if (begin < known.begin && known.begin <= end) {
    const size_t hit = find(begin, known.begin - 1);
    if (hit != kNowhere) {
      known = {begin, hit, hit + 1};
      return true;
    }
    known.begin = begin;
    if (end < known.end) return false;
  }
  if (known.begin <= begin && begin <= known.end) {
    // Asked again a few bytes on: a row of numbers, say. One long look costs less than many.
    start = known.end;
    last = end + kLookAhead;
  } else {
    known.begin = begin;
  }
  const size_t hit = find(start, last);
  known.end = std::min(hit, last + 1);
  known.behind_hit = hit == kNowhere ? 0 : hit + 1;
  return hit <= end;
}

}  // namespace kt::detect
