#include "core/detect/features.h"

#include <algorithm>
#include <span>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kt::detect {
namespace {

using internal::Block;
using internal::kBlockReadBytes;
using internal::kMaskWords;

constexpr size_t kChunk = 64;
// An ASCII block is read in place when so much text is left: the block and one chunk behind it.
constexpr size_t kAsciiReadBytes = kBlockCodePoints + kChunk;

struct Chunk {
  uint64_t word;  // ASCII letters and digits, and every byte above ASCII
  uint64_t high;  // bytes above ASCII
  uint64_t lead;  // bytes that begin a code point
};

#if defined(__SSE2__)
Chunk Classify(const char* data, char* plain) {
  Chunk chunk{0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i);
    const __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)),
                                        _mm_set1_epi8(static_cast<char>('a' + 128)));
    const __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8(static_cast<char>('0' + 128)));
    const __m128i is_digit = _mm_cmplt_epi8(digit, _mm_set1_epi8(-128 + 10));
    const __m128i ascii_word =
        _mm_or_si128(_mm_cmplt_epi8(letter, _mm_set1_epi8(-128 + 26)), is_digit);
    const __m128i any_word = _mm_or_si128(ascii_word, _mm_cmplt_epi8(v, _mm_setzero_si128()));
    const __m128i lower = _mm_or_si128(_mm_and_si128(v, any_word), _mm_set1_epi8(0x20));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(plain) + i,
                     _mm_or_si128(_mm_andnot_si128(is_digit, lower),
                                  _mm_and_si128(is_digit, _mm_set1_epi8('0'))));
    const auto high = static_cast<uint64_t>(_mm_movemask_epi8(v));
    const auto word = static_cast<uint64_t>(_mm_movemask_epi8(ascii_word)) | high;
    const auto lead =
        static_cast<uint64_t>(_mm_movemask_epi8(_mm_cmpgt_epi8(v, _mm_set1_epi8(-65))));
    chunk.high |= high << (16 * i);
    chunk.word |= word << (16 * i);
    chunk.lead |= lead << (16 * i);
  }
  return chunk;
}
#else
Chunk Classify(const char* data, char* plain) {
  Chunk chunk{0, 0, 0};
  for (size_t i = 0; i < kChunk; ++i) {
    const auto c = static_cast<unsigned char>(data[i]);
    const bool letter = static_cast<unsigned char>((c | 0x20) - 'a') < 26;
    const bool digit = static_cast<unsigned char>(c - '0') < 10;
    const bool in_word = letter || c >= 0x80;
    plain[i] = static_cast<char>(digit ? '0' : in_word ? c | 0x20 : ' ');
    chunk.high |= uint64_t{c >= 0x80} << i;
    chunk.word |= uint64_t{letter || digit || c >= 0x80} << i;
    chunk.lead |= uint64_t{(c & 0xC0) != 0x80} << i;
  }
  return chunk;
}
#endif

enum class Kind : unsigned char { kLetter, kAlone, kSeparator };

// Coarse on purpose: a table of Unicode properties would buy little here.
Kind KindOf(uint32_t c) {
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA ? Kind::kLetter : Kind::kSeparator;
  if (c < 0x0E00) return Kind::kLetter;
  if (c < 0x10A0) return c < 0x0F00 || c >= 0x1000 ? Kind::kAlone : Kind::kLetter;
  if (c < 0x1780) return Kind::kLetter;
  if (c < 0x1800) return Kind::kAlone;
  if (c < 0x2000) return Kind::kLetter;
  if (c < 0x2C00) return Kind::kSeparator;
  if (c < 0x2E00) return Kind::kLetter;
  if (c < 0x2E80) return Kind::kSeparator;
  if (c >= 0x3000 && c < 0x3040) return Kind::kSeparator;
  if (c < 0xA000) return Kind::kAlone;
  if (c < 0xD7B0) return Kind::kLetter;
  if (c < 0xF900) return Kind::kSeparator;
  if (c < 0xFB00) return Kind::kAlone;
  if (c < 0xFE00) return Kind::kLetter;
  if (c < 0xFE70) return Kind::kSeparator;
  if (c < 0xFEFF) return Kind::kLetter;
  if (c < 0x10000) return Kind::kSeparator;
  return Kind::kAlone;
}

// The code point at `data`, of which `size` bytes may be read. Malformed bytes are separators
// (U+FFFD), one byte each.
uint32_t Decode(const char* data, size_t size, size_t* length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(data[i]); };
  const unsigned char first = byte(0);
  const size_t want = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  *length = 1;
  if (first < 0xC2 || first > 0xF4 || want > size) return 0xFFFD;
  uint32_t c = first & (0x7Fu >> want);
  for (size_t i = 1; i < want; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0xFFFD;
    c = c << 6 | (byte(i) & 0x3F);
  }
  *length = want;
  return c;
}

void SetBits(std::array<uint64_t, kMaskWords>* mask, size_t from, size_t count, bool on) {
  for (size_t i = from; i < from + count && i < kMaskWords * 64; ++i) {
    const uint64_t bit = uint64_t{1} << i % 64;
    (*mask)[i / 64] = on ? (*mask)[i / 64] | bit : (*mask)[i / 64] & ~bit;
  }
}

#if defined(__SSE2__)
// Are the bytes above ASCII of a chunk letters of two bytes each, all of which are in it? Scripts
// have whole texts of them.
bool ArePairs(const char* data, const Chunk& chunk) {
  uint64_t first = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i);
    // From 0xC3, with which letters begin, to 0xDF.
    const __m128i from = _mm_sub_epi8(v, _mm_set1_epi8(static_cast<char>(0xC3 + 128)));
    const __m128i in = _mm_cmplt_epi8(from, _mm_set1_epi8(-128 + 0xDF - 0xC3 + 1));
    first |= static_cast<uint64_t>(_mm_movemask_epi8(in)) << (16 * i);
  }
  return first >> 63 == 0 && (chunk.high & chunk.lead) == first &&
         (chunk.high & ~chunk.lead) == first << 1;
}
#else
bool ArePairs(const char*, const Chunk&) {
  return false;
}
#endif

// Corrects the masks, in which every byte above ASCII is a letter, for other code points.
void RefineMasks(Block* block, std::span<const uint64_t> high, size_t size) {
  size_t done = 0;  // bytes before are part of a code point already judged
  for (size_t i = 0; i < high.size() && i * 64 < size; ++i) {
    uint64_t bits = high[i];
    while (bits != 0) {
      const auto bit = static_cast<size_t>(__builtin_ctzll(bits));
      const size_t at = i * 64 + bit;
      if (at < done) {
        bits &= bits - 1;
        continue;
      }
      size_t length;
      const uint32_t c = Decode(block->data + at, size - at, &length);
      bits &= ~(((uint64_t{1} << length) - 1) << bit);
      done = at + length;
      const Kind kind = KindOf(c);
      if (kind == Kind::kSeparator) {
        SetBits(&block->word, at, length, false);
        std::memset(block->plain.data() + at, ' ', length);
      }
      if (kind == Kind::kAlone) {
        SetBits(&block->begin, at, 1, true);
        SetBits(&block->begin, at + length, 1, true);
      }
    }
  }
}

// Where code point number `number` of a chunk begins. Precondition: it has as many.
size_t BeginOf(uint64_t lead, size_t number) {
  for (; number > 0; --number) lead &= lead - 1;
  return static_cast<size_t>(__builtin_ctzll(lead));
}

bool FindAsciiBlock(Block* block) {
  for (size_t i = 0; i < kAsciiReadBytes / kChunk; ++i) {
    const Chunk chunk = Classify(block->data + i * kChunk, block->plain.data() + i * kChunk);
    if (chunk.high != 0) return false;
    block->word[i] = chunk.word;
    block->begin[i] = 0;
  }
  return true;
}

}  // namespace

namespace internal {

void FindBlock(std::string_view text, Block* block) {
  block->data = text.data();
  if (text.size() >= kAsciiReadBytes && FindAsciiBlock(block)) {
    block->bytes = kBlockCodePoints;
    return;
  }
  const size_t size = std::min(text.size(), kBlockReadBytes);
  if (text.size() < kBlockReadBytes) {
    // Reads go in whole chunks, and a word's up to 16 bytes behind its begin.
    const size_t padded = std::min(kBlockReadBytes, (size / kChunk + 2) * kChunk);
    std::memcpy(block->copy.data(), text.data(), size);
    std::memset(block->copy.data() + size, 0, padded - size);
    block->data = block->copy.data();
  }
  std::array<uint64_t, kMaskWords> high;
  uint64_t any_high = 0;
  // The chunk behind the one in which the block ends is looked at too. Malformed text may have
  // fewer code points than a block needs: it is cut by bytes then.
  size_t seen = 0, chunks = std::min(kMaskWords, size / kChunk + 2);
  const size_t most = std::min(size, kMaxBlockBytes);
  block->bytes = most;
  for (size_t i = 0; i < chunks; ++i) {
    const char* const data = block->data + i * kChunk;
    const Chunk chunk = Classify(data, block->plain.data() + i * kChunk);
    block->word[i] = chunk.word;
    block->begin[i] = 0;
    high[i] = chunk.high == 0 || ArePairs(data, chunk) ? 0 : chunk.high;
    any_high |= high[i];
    if (seen > kBlockCodePoints || i * kChunk >= most) continue;
    uint64_t lead = chunk.lead;
    if (most - i * kChunk < kChunk) lead &= (uint64_t{1} << (most - i * kChunk)) - 1;
    const auto count = static_cast<size_t>(__builtin_popcountll(lead));
    if (seen + count > kBlockCodePoints) {
      block->bytes = i * kChunk + BeginOf(lead, kBlockCodePoints - seen);
      chunks = std::min(chunks, i + 2);
    }
    seen += count;
  }
  if (any_high != 0) RefineMasks(block, {high.data(), chunks}, size);
}

}  // namespace internal

size_t BlockBytes(std::string_view text, bool more_may_follow) {
  if (!more_may_follow && text.empty()) return 0;
  if (more_may_follow && text.size() < kBlockCodePoints + kBlockLookahead) return 0;
  size_t count = 0, at = 0;
  for (; at < text.size() && at < internal::kMaxBlockBytes; ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (count++ == kBlockCodePoints) break;
  }
  return more_may_follow && text.size() - at < kBlockLookahead ? 0 : at;
}

}  // namespace kt::detect
