// From text to the hashed features of the classifier: one pass, shared by all heads, by whole
// texts, by streams and by the trainer (tools/train), so that all of them see the same numbers.
//
// Blocks: a text is cut into blocks of kBlockCodePoints code points; a word belongs to the block
// in which it begins. What was cut where in a stream has no influence.
// Words: runs of ASCII letters and digits and of code points of alphabetic scripts, lower-cased by
// setting bit 5 of each byte (exact for ASCII, most of Greek, Cyrillic and Latin-1; elsewhere it
// merges a few letters, which a hash may). Ideographs, kana, South-East Asian letters and emoji are
// words of their own; punctuation and symbols separate. A word that begins with a digit is "a
// number". Of longer words the first kMaxWordBytes count.
// Features of a word: itself; with the word before; with the last long word before; the pairs on
// stems (the first bytes), so that "ignored" and "ignoring" are one.
// Grams: kGramBytes from every byte of a word on, and from the separator before a word; separators
// read as blanks, digits as 0. They see through joined, misspelt and unknown words.
//
// Input is expected to be normalised (lower layers fold look-alikes and remove invisible ones);
// any bytes are safe. Costs are linear in the bytes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kt::detect {

inline constexpr size_t kBlockCodePoints = 256;
inline constexpr uint32_t kFeatureBits = 16;
inline constexpr uint32_t kFeatureCount = 1u << kFeatureBits;
inline constexpr uint32_t kFeaturesPerWord = 3;
inline constexpr size_t kGramBytes = 5;
inline constexpr size_t kMaxWordBytes = 16;
// Bytes behind a block that its last word may depend on.
inline constexpr size_t kBlockLookahead = 24;

// The words before, as their part of a hash: carried from block to block of one text. The beginning
// of a text counts as words of its own.
struct WordContext {
  uint64_t previous = 0;                    // the word before, turned for pairs
  uint64_t last_long = 0x1D8E4E27C47D124F;  // the last word of more than three bytes
  bool in_word = false;                     // the last byte belongs to a word that may go on
};

namespace internal {

// One bit a byte of a block and of what it may look at behind itself.
inline constexpr size_t kMaxBlockBytes = kBlockCodePoints * 4;
inline constexpr size_t kBlockReadBytes = kMaxBlockBytes + 64 * 2;
inline constexpr size_t kMaskWords = kBlockReadBytes / 64;

struct Block {
  const char* data = nullptr;  // the bytes [0, bytes + kBlockLookahead) may be read
  size_t bytes = 0;
  std::array<uint64_t, kMaskWords> word;    // byte belongs to a word
  std::array<uint64_t, kMaskWords> begin;   // a word begins here even inside a run of `word`
  std::array<char, kBlockReadBytes> plain;  // lower case, digits as 0, separators as blanks
  std::array<char, kBlockReadBytes> copy;   // a block near the end of the text, zero-padded
};

// Finds the block that begins text (not empty) and its masks. `block->data` points into the text
// or into the block itself.
void FindBlock(std::string_view text, Block* block);

inline uint64_t Load(const char* bytes) noexcept {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

struct WordMask {
  uint64_t low, high, stem, is_long;
};
inline constexpr uint64_t FirstBytes(size_t n) {
  return n >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * n)) - 1;
}
inline constexpr size_t kStemBytes = 5;  // and 8, about four letters, outside ASCII
inline constexpr std::array<WordMask, kMaxWordBytes + 1> kWordMasks = [] {
  std::array<WordMask, kMaxWordBytes + 1> masks{};
  for (size_t n = 0; n <= kMaxWordBytes; ++n)
    masks[n] = {FirstBytes(n), n > 8 ? FirstBytes(n - 8) : 0,
                FirstBytes(n < kStemBytes ? n : kStemBytes), n > 3 ? ~uint64_t{0} : 0};
  return masks;
}();

// The upper bits of sums of (rotated) products with odd numbers are the hash.
inline constexpr uint64_t kMulWord = 0x9E3779B97F4A7C15, kMulStem = 0xD6E8FEB86659FD93;
inline constexpr uint64_t kMulGram = 0xC2B2AE3D27D4EB4F;
inline constexpr int kRotateTail = 29, kRotatePair = 19, kRotateLong = 31;
inline constexpr int kHashShift = 64 - kFeatureBits;

template <class Sink>
[[gnu::always_inline]] inline void AddWord(const char* at, size_t length, WordContext* context,
                                           Sink&& sink) {
  constexpr uint64_t kLower = 0x2020202020202020;
  const WordMask& mask = kWordMasks[length];
  const auto first = static_cast<unsigned char>(*at);
  // Selections by masks: whether a word is long or a number is too random for branch prediction.
  // All numbers are the word 0.
  const uint64_t keep = uint64_t{0} - (static_cast<unsigned char>(first - '0') >= 10);
  const uint64_t wide = uint64_t{0} - static_cast<uint64_t>(first >> 7);
  const uint64_t low = (Load(at) | kLower) & mask.low & keep;
  const uint64_t high = (Load(at + 8) | kLower) & mask.high & keep;
  const uint64_t stem = (low & (mask.stem | wide)) * kMulStem;
  const auto index = [](uint64_t hash) { return static_cast<uint32_t>(hash >> kHashShift); };
  sink(index((low + std::rotl(high, kRotateTail)) * kMulWord), index(stem + context->previous),
       index(stem + context->last_long));
  context->previous = std::rotl(stem, kRotatePair);
  context->last_long =
      (context->last_long & ~mask.is_long) | (std::rotl(stem, kRotateLong) & mask.is_long);
}

// Inlined, so that the sums of a sink stay in registers.
template <class Sink>
[[gnu::always_inline]] inline size_t AddWords(const Block& block, WordContext* context,
                                              Sink&& sink) {
  uint64_t carry = context->in_word ? 1 : 0;
  size_t words = 0;
  WordContext local = *context;
  for (size_t offset = 0, i = 0; offset < block.bytes; offset += 64, ++i) {
    const uint64_t word = block.word[i], begin = block.begin[i];
    const uint64_t stop = ~word | begin, next_stop = ~block.word[i + 1] | block.begin[i + 1];
    uint64_t starts = word & (begin | ~(word << 1 | carry));
    carry = word >> 63;
    const size_t left = block.bytes - offset;
    if (left < 64) starts &= (uint64_t{1} << left) - 1;
    while (starts != 0) {
      const auto bit = static_cast<unsigned>(__builtin_ctzll(starts));
      starts &= starts - 1;
      const uint64_t behind = stop >> bit >> 1 | next_stop << (63 - bit);
      const auto more = static_cast<size_t>(__builtin_ctzll(behind | 1 << (kMaxWordBytes - 1)));
      AddWord(block.data + offset + bit, more + 1, &local, sink);
      ++words;
    }
  }
  const size_t last = block.bytes - 1, next = block.bytes;
  local.in_word = (block.word[last / 64] >> last % 64 & 1) != 0 &&
                  (block.begin[next / 64] >> next % 64 & 1) == 0;
  *context = local;
  return words;
}

template <class Sink>
[[gnu::always_inline]] inline size_t AddGrams(const Block& block, Sink&& sink) {
  constexpr uint64_t kTwoBlanks = 0x2020;
  size_t grams = 0;
  for (size_t i = 0; i < block.bytes; ++i) {
    const uint64_t gram = Load(block.plain.data() + i) & FirstBytes(kGramBytes);
    if ((gram & 0xFFFF) == kTwoBlanks) continue;
    sink(static_cast<uint32_t>(gram * kMulGram >> kHashShift));
    ++grams;
  }
  return grams;
}

}  // namespace internal

struct BlockCounts {
  size_t bytes = 0, words = 0, grams = 0;
};

// Length in bytes of the first block of `text`; 0 when it is not known to be complete, because the
// block or what its last word may depend on has not all arrived (`more_may_follow`).
size_t BlockBytes(std::string_view text, bool more_may_follow);

// Calls word(itself, pair, long_pair), features all, for every word that begins in the first block
// of `text` (not empty), and gram(feature) for every gram that begins there.
template <class WordSink, class GramSink>
[[gnu::always_inline]] inline BlockCounts BlockFeatures(std::string_view text, WordContext* context,
                                                        WordSink&& word, GramSink&& gram) {
  internal::Block block;
  internal::FindBlock(text, &block);
  const size_t words = internal::AddWords(block, context, word);
  return {block.bytes, words, internal::AddGrams(block, gram)};
}

}  // namespace kt::detect
