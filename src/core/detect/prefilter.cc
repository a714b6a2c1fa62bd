#include "core/detect/prefilter.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

constexpr size_t kBlock = kScanBlock;
constexpr uint64_t kFold = 0x2020202020202020u;

// The long s and the Kelvin sign, which are s and k under (?i).
size_t FoldingLetter(std::string_view text, size_t at) noexcept {
  if (text.substr(at, 2) == "\xC5\xBF") return 2;
  return text.substr(at, 3) == "\xE2\x84\xAA" ? 3 : 0;
}

}  // namespace

// Whose bytes stand there: whether it stands there as it must.
bool Prefilter::Fits(const Literal& literal, std::string_view text, size_t at,
                     bool loose) const noexcept {
  const size_t end = at + literal.size;
  if (end > text.size() || (literal.at_end && end != text.size())) return false;
  if (loose) return true;
  if (literal.odd_blank && !OddBlankAt(text, end)) return false;
  const unsigned before = at == 0 ? ' ' : static_cast<unsigned char>(text[at - 1]);
  if (literal.start == Factor::Start::kWord && IsAsciiWord(before)) return false;
  if (literal.start == Factor::Start::kDigit && IsAsciiDigit(before)) return false;
  if (!literal.word_ends || end == text.size()) return true;
  return !IsAsciiWord(static_cast<unsigned char>(text[end]));
}

bool Prefilter::OddBlankAt(std::string_view text, size_t at) noexcept {
  const auto is_blank = [&](size_t i) {
    if (i >= text.size()) return false;
    const char c = text[i];
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
  };
  return is_blank(at) && (text[at] != ' ' || is_blank(at + 1));
}

bool Prefilter::Possible(const Target& target, std::string_view text, size_t at,
                         PrefilterConditions::Memo* memo) const {
  if ((target.min_digits > 0 || target.min_run > 0) && !RunFits(target, text, at)) return false;
  for (const uint32_t condition : target.conditions) {
    if (condition == kNone) return true;
    if (!conditions_.Hold(condition, text, at, memo)) return false;
  }
  return true;
}

bool Prefilter::RunFits(const Target& target, std::string_view text, size_t at) const noexcept {
  const ByteSet& run = runs_[target.run];
  // In ordinary text what cannot be its last byte ends most of them.
  if (target.min_run > 1) {
    const size_t last = at + target.min_run - 1;
    if (last >= text.size() || !run[static_cast<unsigned char>(text[last])]) return false;
  }
  int digits = target.min_digits;
  size_t bytes = 0;
  for (; digits > 0 || bytes < target.min_run; ++bytes) {
    if (at + bytes >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[at + bytes]);
    if (!run[byte]) return false;
    digits -= IsAsciiDigit(byte) ? 1 : 0;
  }
  return true;
}

// In the longest run of what stands in numbers, up to more than any rule asks for.
int Prefilter::DigitsAt(std::string_view text, size_t at) const noexcept {
  int count = 0;
  for (; at < text.size() && count < kEnoughDigits; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (!number_bytes_[byte]) break;
    count += IsAsciiDigit(byte) ? 1 : 0;
  }
  return count;
}

template <typename Take>
bool Prefilter::TakeSlots(std::initializer_list<uint32_t> slots, uint64_t folded,
                          std::string_view text, size_t at, bool loose, const Take& take) const {
  for (const uint32_t slot : slots) {
    for (uint32_t i = slots_[slot]; i < slots_[slot + 1]; ++i) {
      const Literal& literal = literals_[i];
      if (((folded ^ Load(literal.bytes)) << literal.unused_bits) != 0) continue;
      if (!Fits(literal, text, at, loose)) continue;
      for (uint32_t t = literal.first_target; t < literal.end_target; ++t) {
        if (!take(targets_[t], literal, at)) return false;
      }
    }
  }
  return true;
}

template <typename Take>
bool Prefilter::TakeAt(uint64_t folded, std::string_view text, size_t at, bool loose,
                       const Take& take) const {
  const auto word = static_cast<uint32_t>(folded);
  const uint32_t hash = Hash(word);
  if (Has(short_, word & 0xFFFF) &&
      !TakeSlots({word & 0xFF, PairSlot(word)}, folded, text, at, loose, take)) {
    return false;
  }
  return !Has(long_, hash) ||
         TakeSlots({kFirstHash + hash, WideSlot(folded)}, folded, text, at, loose, take);
}

template <typename Take>
bool Prefilter::TakeLongRun(std::string_view text, size_t at, bool loose, const Take& take) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  const bool inside = at > 0 && IsAsciiWord(static_cast<unsigned char>(text[at - 1]));
  if (!loose && inside && IsAsciiWord(byte)) return true;
  for (const LongRun& run : long_runs_) {
    if (run.first[byte] && !take(run.target, Literal{}, at)) return false;
  }
  return true;
}

namespace {

// The blocks of a text, each with its scan; the last one on a copy with zeros behind it.
class Blocks {
 public:
  Blocks(std::string_view text, ScanFunction scan, const ScanTables& tables, bool open_end)
      : text_(text), scan_(scan), tables_(tables), open_end_(open_end) {}
  struct Block {
    const char* bytes = nullptr;
    BlockScan scan{};
  };
  Block At(size_t begin) {
    Block block;
    if (begin >= text_.size()) {
      block.scan.tokens = open_end_ ? ~uint64_t{0} : 0;
      return block;
    }
    const size_t left = text_.size() - begin;
    block.bytes = text_.data() + begin;
    if (left < kBlock + sizeof(uint64_t)) {
      char* copy = padded_[turn_ ^= 1];
      std::memset(copy, 0, sizeof padded_[0]);
      std::memcpy(copy, block.bytes, left);
      block.bytes = copy;
    }
    block.scan = scan_(block.bytes, begin == 0 ? ' ' : text_[begin - 1], tables_);
    // A run that the end of a stream's text cuts may go on.
    if (open_end_ && left < kBlock) block.scan.tokens |= ~uint64_t{0} << left;
    return block;
  }

 private:
  const std::string_view text_;
  const ScanFunction scan_;
  const ScanTables& tables_;
  const bool open_end_;
  char padded_[2][2 * kBlock];
  unsigned turn_ = 0;
};

// Where eight bytes of tokens stand in a row.
uint64_t LongRuns(uint64_t tokens, uint64_t next) noexcept {
  const auto both = [&](unsigned shift) {
    const uint64_t moved = tokens >> shift | next << (64 - shift);
    next &= next >> shift;
    tokens &= moved;
  };
  both(1);
  both(2);
  both(4);
  return tokens;
}

}  // namespace

template <typename Take>
bool Prefilter::Walk(std::string_view text, size_t from, bool loose, const Take& take) const {
  Blocks blocks(text, scan_, tables_, stream_);
  Blocks::Block next = blocks.At(from);
  for (size_t begin = from; begin < text.size(); begin += kBlock) {
    const Blocks::Block block = next;
    next = blocks.At(begin + kBlock);
    const size_t left = text.size() - begin;
    if (!loose) {
      for (uint64_t leads = block.scan.leads; leads != 0; leads &= leads - 1) {
        const size_t at = begin + static_cast<size_t>(__builtin_ctzll(leads));
        if (FoldingLetter(text, at) != 0) return false;
      }
    }
    const uint64_t long_runs =
        loose ? ~uint64_t{0} : LongRuns(block.scan.tokens, next.scan.tokens) & block.scan.places;
    uint64_t places = loose ? ~uint64_t{0} : block.scan.places | block.scan.inside;
    if (stream_ && left < kBlock + kFactorBytes) {
      places |= left <= kFactorBytes ? ~uint64_t{0} : ~uint64_t{0} << (left - kFactorBytes);
    }
    if (left < kBlock) places &= (uint64_t{1} << left) - 1;
    for (; places != 0; places &= places - 1) {
      const auto offset = static_cast<size_t>(__builtin_ctzll(places));
      const uint64_t folded = Load(block.bytes + offset) | kFold;
      if (!TakeAt(folded, text, begin + offset, loose, take)) return false;
      if ((long_runs >> offset & 1) == 0) continue;
      if (!TakeLongRun(text, begin + offset, loose, take)) return false;
    }
  }
  return true;
}

void Prefilter::Find(std::string_view text, size_t from, Candidates* out) const {
  if (literals_.empty() && long_runs_.empty()) return;
  const auto add = [&](const Target& target, size_t begin) {
    if (target.is_witness) return out->See(target.rule);
    const bool far = target.max_before == kAnywhere || begin - from < target.max_before;
    const size_t first = far ? from : begin - target.max_before;
    if (target.witness == kNone) return out->Add(target.rule, first, begin);
    out->AddIfSeen(target.witness, target.rule, first, begin);
  };
  Candidates found = *out;
  Digits digits;
  PrefilterConditions::Memo memo;
  const bool plain = Walk(text, from, false, [&](const Target& target, const Literal&, size_t at) {
    if (target.number) {
      if (digits.at != at) digits = {at, DigitsAt(text, at)};
      if (target.min_digits > digits.count) return true;
    }
    const bool first = at == 0 || target.max_before == 0;
    if (!first && !runs_[target.before][static_cast<unsigned char>(text[at - 1])]) return true;
    if (Possible(target, text, at, &memo)) add(target, at);
    return true;
  });
  if (plain) return;
  // Letters that fold to ASCII: on a copy in which they are folded; boundaries may differ there.
  *out = std::move(found);
  std::string folded;
  std::vector<size_t> origin;
  for (size_t i = from; i < text.size();) {
    const size_t special = FoldingLetter(text, i);
    origin.push_back(i);
    folded += special == 0 ? text[i] : (special == 2 ? 's' : 'k');
    i += std::max<size_t>(special, 1);
  }
  Walk(folded, 0, true, [&](const Target& target, const Literal&, size_t at) {
    if (RunFits(target, folded, at)) add(target, origin[at]);
    return true;
  });
}

// Whether a run may be long enough; one that the end of the text cuts may go on.
bool Prefilter::RunMayFit(const Target& target, std::string_view text, size_t at) const noexcept {
  if (target.min_digits == 0 && target.min_run == 0) return true;
  const ByteSet& run = runs_[target.run];
  size_t end = at;
  while (end < text.size() && end - at < kBlock && run[static_cast<unsigned char>(text[end])]) {
    ++end;
  }
  return end == text.size() || end - at == kBlock || RunFits(target, text, at);
}

std::optional<size_t> Prefilter::FirstBeginning(std::string_view text, size_t from,
                                                const Holds& holds) const {
  size_t first = text.size(), judged_at = text.size();
  std::vector<uint32_t> judged;  // rules that do not hold there
  const bool whole = Walk(text, from, false, [&](const Target& target, const Literal&, size_t at) {
    if (!RunMayFit(target, text, at)) return true;
    if (judged_at != at) judged.clear();
    judged_at = at;
    if (std::find(judged.begin(), judged.end(), target.rule) != judged.end()) return true;
    if (holds(target.rule, at)) {
      first = at;
      return false;
    }
    judged.push_back(target.rule);
    return true;
  });
  if (whole || first < text.size()) return first;
  return std::nullopt;
}

}  // namespace kt::detect
