#include "core/policies/random_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/base/ascii.h"

namespace kt::policies {
namespace {

constexpr uint8_t kDigit = 1, kLower = 2, kUpper = 4, kVowel = 8, kHex = 16;
constexpr uint8_t kLetter = kLower | kUpper;
constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit | kHex;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = kLower, classes[c - 0x20] = kUpper;
  for (const char c : {'a', 'e', 'i', 'o', 'u', 'y'}) {
    classes[static_cast<size_t>(c)] |= kVowel;
    classes[static_cast<size_t>(c - 0x20)] |= kVowel;
  }
  for (size_t c = 'a'; c <= 'f'; ++c) classes[c] |= kHex, classes[c - 0x20] |= kHex;
  classes['-'] = kHex;
  return classes;
}();
uint8_t ClassOf(char c) noexcept {
  return kClasses[static_cast<unsigned char>(c)];
}
bool IsWordByte(char c) noexcept {
  return (ClassOf(c) & (kDigit | kLetter)) != 0;
}

// What LettersOf asks of a byte: which letter it is, from one on, and more.
constexpr uint8_t kLetterIndex = 31, kOfVowel = 32, kOfCapital = 64, kOfDigit = 128;
constexpr std::array<uint8_t, 256> kSpoken = [] {
  std::array<uint8_t, 256> spoken{};
  for (size_t c = 0; c < spoken.size(); ++c) {
    const uint8_t of = kClasses[c];
    if ((of & kDigit) != 0) spoken[c] = kOfDigit;
    if ((of & kLetter) != 0) spoken[c] = c & 31;
    if ((of & kVowel) != 0) spoken[c] |= kOfVowel;
    if ((of & kUpper) != 0) spoken[c] |= kOfCapital;
  }
  return spoken;
}();

// A row for each first letter, a bit for each second one: pairs that are fewer than one in 10,000
// in harmless English prose and fewer than one in 5,000 in C and C++ sources (counted in the
// development corpora and in headers of Linux, nginx and this project). Of random pairs 43 % are.
constexpr uint32_t kRarePairs[26] = {
    0x0014201, 0x2E134EC, 0x2E10262, 0x2C104A0, 0x2000200, 0x2E186C2, 0x261062A,
    0x2E596E6, 0x1400380, 0x3EBBFEE, 0x2DB9EEE, 0x2C32280, 0x2E306E0, 0x2C10282,
    0x2010200, 0x2C10642, 0x3EFF7FF, 0x2810280, 0x280020A, 0x2210642, 0x3714680,
    0x3FBA6CE, 0x3F9966E, 0x3F77EEA, 0x3F306E6, 0x3FBBEEE};

// The same by kSpoken, in the lower half; in the upper one, all pairs of letters.
constexpr std::array<uint64_t, kLetterIndex + 1> kPairs = [] {
  std::array<uint64_t, kLetterIndex + 1> pairs{};
  constexpr uint64_t kAll = (uint64_t{1} << 26) - 1;
  for (size_t i = 0; i < 26; ++i) pairs[i + 1] = uint64_t{kRarePairs[i]} << 1 | kAll << 33;
  return pairs;
}();
// One for a rare pair, and 2^32 for any.
uint64_t PairsOf(uint8_t first, uint8_t second) noexcept {
  return kPairs[first & kLetterIndex] >> (second & kLetterIndex) & (uint64_t{1} << 32 | 1);
}

// The random part: the longest run, or all runs as one text (in `joined`, where there are several)
// where a generator's alphabet holds "_" and "-" ("x7K-q02L_mZt8"). Runs of digits are numbers of
// accounts and apps beside it.
std::string_view Body(std::string_view value, size_t min_bytes, std::string* joined) {
  std::string_view longest, only;
  size_t runs = 0, all = 0;
  const auto each_run = [&](const auto& take) {
    for (size_t i = 0; i < value.size(); ++i) {
      const size_t begin = i;
      unsigned classes = 0;
      for (; i < value.size() && IsWordByte(value[i]); ++i) classes |= ClassOf(value[i]);
      if ((classes & kLetter) != 0) take(value.substr(begin, i - begin));
    }
  };
  each_run([&](std::string_view run) {
    if (run.size() > longest.size()) longest = run;
    only = run;
    ++runs;
    all += run.size();
  });
  // Zeros in base64, in front of a number.
  size_t padding = 0;
  while (padding < longest.size() && longest[padding] == longest[0]) ++padding;
  if (padding >= 6) longest.remove_prefix(padding);
  if (longest.size() * 2 >= all && longest.size() >= min_bytes) return longest;
  if (runs <= 1) return only;
  joined->reserve(all);
  each_run([&](std::string_view run) { *joined += run; });
  return *joined;
}

// n * log2(n), as fixed-point numbers, and what one more adds to it.
constexpr size_t kMostCounted = 255;
constexpr double kOne = static_cast<double>(uint64_t{1} << 40);
struct Logarithms {
  std::array<double, kMostCounted + 1> log2{};
  std::array<uint64_t, kMostCounted + 1> step{};
  Logarithms() noexcept {
    const auto product = [](size_t n) {
      const auto x = static_cast<double>(n);
      return n == 0 ? 0 : static_cast<uint64_t>(x * std::log2(x) * kOne);
    };
    for (size_t n = 1; n < log2.size(); ++n) log2[n] = std::log2(static_cast<double>(n));
    for (size_t n = 0; n < step.size(); ++n) step[n] = product(n + 1) - product(n);
  }
};

template <typename Count>
double EntropyOf(const std::array<Count, 256>& counts, size_t size) {
  double entropy = 0;
  for (const Count count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(size);
    entropy -= share * std::log2(share);
  }
  return entropy;
}

// Bits a character of what was counted; `products` is the sum of n * log2(n) of all counts. The
// logarithms of all shares are only needed where the result may lie on a limit: they are tenths.
double FastEntropy(const std::array<uint8_t, 256>& counts, size_t size, uint64_t products,
                   const Logarithms& logarithms) {
  const double entropy =
      logarithms.log2[size] - static_cast<double>(products) / kOne / static_cast<double>(size);
  const double tenths = entropy * 10;
  const double nearest = static_cast<double>(static_cast<int>(tenths + 0.5));
  return std::abs(tenths - nearest) < 1e-6 ? EntropyOf(counts, size) : entropy;
}

// Digits, small letters, capitals, others.
constexpr size_t kKinds = 4;
constexpr std::array<uint8_t, 256> kKindOf = [] {
  std::array<uint8_t, 256> kinds{};
  for (size_t c = 0; c < kinds.size(); ++c) {
    const uint8_t of = kClasses[c];
    kinds[c] = (of & kDigit) != 0 ? 0 : (of & kLower) != 0 ? 1 : (of & kUpper) != 0 ? 2 : 3;
  }
  return kinds;
}();

// Whether one kind behind another is a change, a bit for each two. "Token" begins with a capital as
// words do: no change.
constexpr uint32_t kChanges = [] {
  uint32_t changes = 0;
  for (unsigned last = 0; last < 3; ++last) {
    for (unsigned kind = 0; kind < 3; ++kind) {
      const bool word = last == 2 && kind == 1;
      if (kind != last && !word) changes |= uint32_t{1} << (kKinds * last + kind);
    }
  }
  return changes;
}();

// All but the entropy; `count` is told of each byte.
template <typename Count>
Shape CountShape(std::string_view value, const Count& count) {
  Shape shape;
  size_t kinds[kKinds] = {}, run = 0, longest = 0;
  unsigned last = kKinds, hex = kHex;
  int previous = -1;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    count(byte);
    run = byte == previous ? run + 1 : 1;
    previous = byte;
    longest = std::max(longest, run);
    hex &= kClasses[byte];
    const unsigned kind = kKindOf[byte];
    ++kinds[kind];
    if (kind == 3) continue;
    shape.changes += kChanges >> (kKinds * last + kind) & 1;
    last = kind;
  }
  shape.digits = kinds[0], shape.lower = kinds[1], shape.upper = kinds[2], shape.other = kinds[3];
  shape.run = longest;
  shape.hex = hex != 0;
  return shape;
}

}  // namespace

Shape ShapeOf(std::string_view value) {
  if (value.size() > kMostCounted) {
    std::array<uint32_t, 256> counts{};
    Shape shape = CountShape(value, [&](unsigned char byte) { ++counts[byte]; });
    shape.entropy = EntropyOf(counts, value.size());
    return shape;
  }
  static const Logarithms kLogarithms;
  std::array<uint8_t, 256> counts{};
  uint64_t products = 0;
  Shape shape =
      CountShape(value, [&](unsigned char byte) { products += kLogarithms.step[counts[byte]++]; });
  if (!value.empty()) shape.entropy = FastEntropy(counts, value.size(), products, kLogarithms);
  return shape;
}

bool IsHex(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) { return (ClassOf(c) & kHex) != 0; });
}

std::string_view LongestRun(std::string_view value) noexcept {
  std::string_view longest = value.substr(0, 0);
  for (size_t i = 0; i < value.size();) {
    size_t end = i;
    while (end < value.size() && IsWordByte(value[end])) ++end;
    if (end - i > longest.size()) longest = value.substr(i, end - i);
    i = end + 1;
  }
  return longest;
}

Letters LettersOf(std::string_view text) noexcept {
  Letters letters;
  size_t size = 0, vowels = 0, consonants = 0, cluster = 0;
  uint64_t pairs = 0;  // as PairsOf says them
  const auto end_word = [&] {
    const size_t rare = pairs & UINT32_MAX;
    if (size >= 5 && vowels * 4 >= size && cluster < 4 && rare == 0) letters.in_words += size;
    letters.pairs += pairs >> 32;
    letters.rare_pairs += rare;
    letters.clusters += cluster >= 5;
    size = vowels = consonants = cluster = pairs = 0;
  };
  uint8_t before = 0;
  for (const char c : text) {
    const uint8_t of = kSpoken[static_cast<unsigned char>(c)];
    if ((of & kOfDigit) != 0) {
      if (size > 0) end_word();
      before = 0;
      continue;
    }
    // The next word of a camel.
    if ((of & kOfCapital) != 0 && (before & (kOfCapital | kLetterIndex)) - 1u < kLetterIndex) {
      end_word();
      before = 0;
    }
    consonants = (of & kOfVowel) != 0 ? 0 : consonants + 1;
    cluster = std::max(cluster, consonants);
    vowels += (of & kOfVowel) / kOfVowel;
    ++size;
    pairs += PairsOf(before, of);
    before = of;
  }
  end_word();
  return letters;
}

bool IsRandom(std::string_view value, size_t min_bytes) {
  std::string joined;
  const std::string_view body = Body(value, min_bytes, &joined);
  const size_t n = body.size();
  if (n < min_bytes || IsHex(body)) return false;
  const Shape shape = ShapeOf(body);
  const size_t written = shape.lower + shape.upper;
  if (shape.run >= 6 || written < 4 || shape.digits < 2) return false;
  if (shape.entropy < (n < 20 ? 3.0 : 3.3)) return false;
  const Letters letters = LettersOf(body);
  if (letters.in_words * 2 >= n) return false;
  const bool strange = letters.pairs >= 6 && letters.rare_pairs * 4 >= letters.pairs;
  // Joined runs may be a name of many words: "some_function2_of_the3_module4".
  if (n > LongestRun(value).size()) return strange;
  if (strange && letters.in_words * 3 < n) return true;
  const size_t breaks = shape.changes + 2 * letters.clusters;
  return shape.digits * 10 >= n && breaks >= 4 && breaks * 5 >= n;
}

}  // namespace kt::policies
