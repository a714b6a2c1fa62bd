#include "core/policies/random_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/base/ascii.h"

namespace kt::policies {
namespace {

bool IsVowel(char c) noexcept {
  return std::string_view("aeiouy").find(static_cast<char>(c | 0x20)) != std::string_view::npos;
}

// A row for each first letter, a bit for each second one: pairs that are fewer than one in 10,000
// in harmless English prose and fewer than one in 5,000 in C and C++ sources (counted in the
// development corpora and in headers of Linux, nginx and this project). Of random pairs 43 % are.
constexpr uint32_t kRarePairs[26] = {
    0x0014201, 0x2E134EC, 0x2E10262, 0x2C104A0, 0x2000200, 0x2E186C2, 0x261062A,
    0x2E596E6, 0x1400380, 0x3EBBFEE, 0x2DB9EEE, 0x2C32280, 0x2E306E0, 0x2C10282,
    0x2010200, 0x2C10642, 0x3EFF7FF, 0x2810280, 0x280020A, 0x2210642, 0x3714680,
    0x3FBA6CE, 0x3F9966E, 0x3F77EEA, 0x3F306E6, 0x3FBBEEE};

bool IsRarePair(char first, char second) noexcept {
  return (kRarePairs[(first | 0x20) - 'a'] >> ((second | 0x20) - 'a') & 1) != 0;
}

// Digits, small letters, capitals, others.
constexpr std::array<uint8_t, 256> kKinds = [] {
  std::array<uint8_t, 256> kinds{};
  kinds.fill(3);
  for (size_t c = '0'; c <= '9'; ++c) kinds[c] = 0;
  for (size_t c = 'a'; c <= 'z'; ++c) kinds[c] = 1, kinds[c - 0x20] = 2;
  return kinds;
}();

// The random part: the longest run, or all runs as one text where a generator's alphabet holds "_"
// and "-" ("x7K-q02L_mZt8"). Runs of digits are numbers of accounts and apps beside it.
std::string Body(std::string_view value, size_t min_bytes) {
  std::string_view longest;
  std::string all;
  for (size_t i = 0; i < value.size(); ++i) {
    const size_t begin = i;
    while (i < value.size() && IsAlnum(value[i])) ++i;
    const std::string_view run = value.substr(begin, i - begin);
    if (run.find_first_not_of("0123456789") == run.npos) continue;
    if (run.size() > longest.size()) longest = run;
    all += run;
  }
  // Zeros in base64, in front of a number.
  const size_t padding = std::min(longest.find_first_not_of(longest.substr(0, 1)), longest.size());
  if (padding >= 6) longest.remove_prefix(padding);
  const bool most = longest.size() * 2 >= all.size();
  return most && longest.size() >= min_bytes ? std::string(longest) : all;
}

}  // namespace

Shape ShapeOf(std::string_view value) {
  Shape shape;
  std::array<uint32_t, 256> counts{};
  std::array<uint64_t, 4> seen{};  // few of them
  int last = -1;
  size_t run = 0, kinds[4] = {};
  bool hex = true;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const auto byte = static_cast<unsigned char>(c);
    ++counts[byte];
    seen[byte >> 6] |= uint64_t{1} << (byte & 63);
    run = i > 0 && value[i - 1] == c ? run + 1 : 1;
    shape.run = std::max(shape.run, run);
    const int kind = kKinds[byte];
    ++kinds[kind];
    const char folded = static_cast<char>(c | 0x20);
    hex = hex && (kind == 0 || c == '-' || (folded >= 'a' && folded <= 'f'));
    if (kind != 3) {
      // "Token" begins with a capital as words do: no change.
      const bool word = last == 2 && kind == 1;
      if (last >= 0 && kind != last && !word) ++shape.changes;
      last = kind;
    }
  }
  shape.digits = kinds[0], shape.lower = kinds[1], shape.upper = kinds[2], shape.other = kinds[3];
  shape.hex = hex;
  for (size_t i = 0; i < seen.size(); ++i) {
    for (uint64_t bytes = seen[i]; bytes != 0; bytes &= bytes - 1) {
      const unsigned count = counts[64 * i + static_cast<size_t>(__builtin_ctzll(bytes))];
      const double share = static_cast<double>(count) / static_cast<double>(value.size());
      shape.entropy -= share * std::log2(share);
    }
  }
  return shape;
}

std::string_view LongestRun(std::string_view value) noexcept {
  std::string_view longest = value.substr(0, 0);
  for (size_t i = 0; i < value.size();) {
    size_t end = i;
    while (end < value.size() && IsAlnum(value[end])) ++end;
    if (end - i > longest.size()) longest = value.substr(i, end - i);
    i = end + 1;
  }
  return longest;
}

Letters LettersOf(std::string_view text) noexcept {
  Letters letters;
  for (size_t i = 0; i < text.size();) {
    size_t end = i, vowels = 0, consonants = 0, cluster = 0, rare = 0;
    for (; end < text.size() && !IsDigit(text[end]); ++end) {
      // The next word of a camel.
      if (end > i && IsUpper(text[end]) && IsLower(text[end - 1])) break;
      consonants = IsVowel(text[end]) ? 0 : consonants + 1;
      cluster = std::max(cluster, consonants);
      vowels += IsVowel(text[end]);
      if (end == i || !IsLetter(text[end]) || !IsLetter(text[end - 1])) continue;
      ++letters.pairs;
      rare += IsRarePair(text[end - 1], text[end]);
    }
    const size_t size = end - i;
    if (size >= 5 && vowels * 4 >= size && cluster < 4 && rare == 0) letters.in_words += size;
    letters.rare_pairs += rare;
    letters.clusters += cluster >= 5;
    i = std::max(end, i + 1);
  }
  return letters;
}

bool IsRandom(std::string_view value, size_t min_bytes) {
  const std::string body = Body(value, min_bytes);
  const Shape shape = ShapeOf(body);
  const size_t n = body.size(), written = shape.lower + shape.upper;
  if (n < min_bytes || shape.hex || shape.run >= 6 || written < 4 || shape.digits < 2) return false;
  if (shape.entropy < (n < 20 ? 3.0 : 3.3)) return false;
  const Letters letters = LettersOf(body);
  if (letters.in_words * 2 >= n) return false;
  const bool strange = letters.pairs >= 6 && letters.rare_pairs * 4 >= letters.pairs;
  // Joined runs may be a name of many words: "some_function2_of_the3_module4".
  if (body.size() > LongestRun(value).size()) return strange;
  if (strange && letters.in_words * 3 < n) return true;
  const size_t breaks = shape.changes + 2 * letters.clusters;
  return shape.digits * 10 >= n && breaks >= 4 && breaks * 5 >= n;
}

}  // namespace kt::policies
