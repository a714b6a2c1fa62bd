#include "core/detect/prefilter.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "core/detect/prefilter_starts.h"

namespace kt::detect {
namespace {

constexpr size_t kBlock = 64;
constexpr uint64_t kFold = 0x2020202020202020u;
constexpr uint32_t kAnywhere = UINT32_MAX;

uint64_t Load(const char* p) noexcept {
  uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// The long s and the Kelvin sign, which are s and k under (?i).
size_t FoldingLetter(std::string_view text, size_t at) noexcept {
  if (text.substr(at, 2) == "\xC5\xBF") return 2;
  return text.substr(at, 3) == "\xE2\x84\xAA" ? 3 : 0;
}

}  // namespace

void Candidates::Add(uint32_t rule, size_t first, size_t last) {
  if (rule >= index_.size()) index_.resize(rule + 1, kNone);
  uint32_t& index = index_[rule];
  const auto fresh = static_cast<uint32_t>(ranges_.size());
  if (index == kNone) {
    index = static_cast<uint32_t>(rules_.size());
    rules_.push_back({rule, fresh, fresh});
  } else {
    OfRule& of_rule = rules_[index];
    Range& before = ranges_[of_rule.tail];
    if (first <= before.last + 1) {
      before.first = std::min(before.first, first);
      before.last = std::max(before.last, last);
      return;
    }
    before.next = fresh;
    of_rule.tail = fresh;
  }
  ranges_.push_back({first, last, kNone});
}

uint32_t Prefilter::RunIndex(const ByteSet& run) {
  const auto known = std::find(runs_.begin(), runs_.end(), run);
  if (known == runs_.end()) return runs_.push_back(run), static_cast<uint32_t>(runs_.size() - 1);
  return static_cast<uint32_t>(known - runs_.begin());
}

void Prefilter::Add(uint32_t rule, const std::vector<Factor>& any_of) {
  for (const Factor& factor : any_of) {
    Pending pending{};
    std::memcpy(pending.literal.bytes, factor.bytes.data(), factor.bytes.size());
    pending.literal.size = static_cast<uint8_t>(factor.bytes.size());
    pending.literal.start = factor.start;
    pending.literal.word_ends = factor.word_ends;
    const bool far = factor.max_before >= kAnywhere;
    pending.target = {rule, far ? kAnywhere : static_cast<uint32_t>(factor.max_before),
                      static_cast<uint32_t>(factor.min_run), factor.min_digits,
                      RunIndex(factor.run)};
    const auto begin = static_cast<unsigned char>(factor.bytes[0]);
    dense_ |=
        factor.start == Factor::Start::kAnywhere && (IsFoldedWord(begin) || !AlwaysStarts(begin));
    pending_.push_back(pending);
  }
}

void Prefilter::AddBeginnings(const std::vector<Factor>& any_of) {
  Add(0, any_of);
  for (Factor cut : any_of) {
    cut.word_ends = false;
    while (cut.bytes.size() > 1) {
      cut.bytes.pop_back();
      Add(0, {cut});
      pending_.back().literal.at_end = true;
    }
  }
}

void Prefilter::Finish() {
  const auto hash = [](const Literal& literal) {
    uint32_t word;
    std::memcpy(&word, literal.bytes, sizeof word);
    if (literal.size == 1) return word & 0xFF;
    return literal.size < kLongBytes ? PairSlot(word) : kFirstLong + Hash(word);
  };
  const auto key = [&](const Pending& p) {
    return std::tuple(hash(p.literal), std::string_view(p.literal.bytes, p.literal.size),
                      p.literal.start, p.literal.word_ends, p.literal.at_end);
  };
  const auto whole = [&](const Pending& p) {
    return std::tuple_cat(key(p), std::tuple(p.target.rule, p.target.max_before, p.target.run,
                                             p.target.min_digits, p.target.min_run));
  };
  std::sort(pending_.begin(), pending_.end(),
            [&](const Pending& a, const Pending& b) { return whole(a) < whole(b); });
  std::vector<uint32_t> first(kFirstLong + (size_t{1} << kHashBits) + 1, 0);
  short_.assign(1024, 0);
  long_.assign((size_t{1} << kHashBits) / 64, 0);
  for (size_t i = 0; i < pending_.size(); ++i) {
    const bool same = i > 0 && key(pending_[i]) == key(pending_[i - 1]);
    if (same && whole(pending_[i]) == whole(pending_[i - 1])) continue;
    const auto target = static_cast<uint32_t>(targets_.size());
    targets_.push_back(pending_[i].target);
    if (!same) {
      Literal literal = pending_[i].literal;
      literal.first_target = target;
      const uint32_t slot = hash(literal);
      ++first[slot + 1];
      const auto byte = static_cast<unsigned char>(literal.bytes[0]);
      if (literal.size >= kLongBytes) {
        long_[(slot - kFirstLong) >> 6] |= uint64_t{1} << ((slot - kFirstLong) & 63);
      } else if (literal.size > 1 || literal.at_end) {
        const unsigned second =
            literal.size > 1 ? static_cast<unsigned char>(literal.bytes[1]) : 0x20;
        short_[(second << 8 | byte) >> 6] |= uint64_t{1} << (byte & 63);
      } else {
        for (unsigned second = 0; second < 256; ++second) {
          short_[(second << 8 | byte) >> 6] |= uint64_t{1} << (byte & 63);
        }
      }
      literals_.push_back(literal);
    }
    literals_.back().end_target = target + 1;
  }
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  slots_ = std::move(first);
  pending_ = {};
}

bool Prefilter::Fits(const Literal& literal, uint64_t folded, std::string_view text, size_t at,
                     bool loose) const noexcept {
  const size_t size = literal.size;
  if (at + size > text.size() || (literal.at_end && at + size != text.size())) return false;
  if (((folded ^ Load(literal.bytes)) << (64 - 8 * size)) != 0) return false;
  if (loose) return true;
  const unsigned before = at == 0 ? ' ' : static_cast<unsigned char>(text[at - 1]);
  if (literal.start == Factor::Start::kWord && IsAsciiWord(before)) return false;
  if (literal.start == Factor::Start::kDigit && IsAsciiDigit(before)) return false;
  if (!literal.word_ends || at + size == text.size()) return true;
  return !IsAsciiWord(static_cast<unsigned char>(text[at + size]));
}

bool Prefilter::RunFits(const Target& target, std::string_view text, size_t at) const noexcept {
  const ByteSet& run = runs_[target.run];
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

template <typename Take>
bool Prefilter::TakeAt(uint64_t folded, std::string_view text, size_t at, bool loose,
                       const Take& take) const {
  const auto word = static_cast<uint32_t>(folded);
  for (const uint32_t slot : {word & 0xFF, PairSlot(word), kFirstLong + Hash(word)}) {
    for (uint32_t i = slots_[slot]; i < slots_[slot + 1]; ++i) {
      const Literal& literal = literals_[i];
      if (!Fits(literal, folded, text, at, loose)) continue;
      for (uint32_t t = literal.first_target; t < literal.end_target; ++t) {
        if (!take(targets_[t], literal, at)) return false;
      }
    }
  }
  return true;
}

template <typename Take>
bool Prefilter::Walk(std::string_view text, size_t from, bool loose, const Take& take) const {
  char padded[3 * kBlock];
  for (size_t begin = from; begin < text.size(); begin += kBlock) {
    const size_t left = text.size() - begin;
    const char* block = text.data() + begin;
    if (left < kBlock + sizeof(uint64_t)) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, block, left);
      block = padded;
    }
    const Starts starts = FindStarts(block, begin == 0 ? ' ' : text[begin - 1]);
    uint64_t places = starts.places;
    if (!loose && starts.leads != 0) {
      for (uint64_t leads = starts.leads; leads != 0; leads &= leads - 1) {
        const size_t at = begin + static_cast<size_t>(__builtin_ctzll(leads));
        if (FoldingLetter(text, at) != 0) return false;
      }
    }
    if (loose || dense_) places = ~uint64_t{0};
    if (left < kBlock) places &= (uint64_t{1} << left) - 1;
    for (; places != 0; places &= places - 1) {
      const auto offset = static_cast<size_t>(__builtin_ctzll(places));
      const uint64_t folded = Load(block + offset) | kFold;
      if (!MayBegin(folded)) continue;
      if (!TakeAt(folded, text, begin + offset, loose, take)) return false;
    }
  }
  return true;
}

void Prefilter::Find(std::string_view text, size_t from, Candidates* out) const {
  if (literals_.empty()) return;
  const auto add = [&](const Target& target, size_t begin) {
    const bool far = target.max_before == kAnywhere || begin - from < target.max_before;
    out->Add(target.rule, far ? from : begin - target.max_before, begin);
  };
  Candidates found = *out;
  const bool plain = Walk(text, from, false, [&](const Target& target, const Literal&, size_t at) {
    const bool checked = target.min_digits > 0 || target.min_run > 0;
    if (!checked || RunFits(target, text, at)) add(target, at);
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

size_t Prefilter::FirstBeginning(std::string_view text, size_t from) const {
  size_t first = text.size();
  const bool none = Walk(text, from, false, [&](const Target& target, const Literal&, size_t at) {
    // A run that the end of the text cuts may go on.
    const ByteSet& run = runs_[target.run];
    size_t end = at;
    while (end < text.size() && end - at < kBlock && run[static_cast<unsigned char>(text[end])]) {
      ++end;
    }
    if (end < text.size() && end - at < kBlock && !RunFits(target, text, at)) return true;
    first = at;
    return false;
  });
  return none || first < text.size() ? first : from;
}

}  // namespace kt::detect
