// Between the files that make the views: candidates found by one pass over the bytes, and the
// sinks for what they decode to.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/decode_views.h"

namespace kt::detect::views {

// What a block of 64 bytes may hold.
inline constexpr unsigned kToken = 1;      // the end of a run of 16 token characters, or its middle
inline constexpr unsigned kEscape = 2;     // % & \ or 0x
inline constexpr unsigned kLeet = 4;       // a digit or sign between letters
inline constexpr unsigned kSpaced = 8;     // single letters in a row
inline constexpr unsigned kRot13 = 16;     // few vowels
inline constexpr unsigned kReversed = 32;  // words begin as English words end
inline constexpr unsigned kSpelled = 64;   // single characters or numbers in a row, in this
                                           // block and the one before it
inline constexpr size_t kBlockBytes = 64;
// rot13 and mirror images show over so many blocks.
inline constexpr size_t kWindowBlocks = 2;

// A block that may hold something: its offset in the text shifted by 8, and the flags above.
// In the order of their offsets for each flag.
inline size_t BlockBegin(uint64_t candidate) noexcept {
  return candidate >> 8;
}
inline unsigned Flags(uint64_t candidate) noexcept {
  return candidate & 0xFF;
}

// One pass over the text. Appends candidates for the wanted flags; returns the flags of all
// of them. `kind`: the result is the same (tests).
enum class ViewScan : unsigned char { kBest, kAvx2, kPortable };
unsigned FindCandidates(std::string_view text, unsigned wanted, std::vector<uint64_t>* candidates,
                        ViewScan kind = ViewScan::kBest);

// Appends parts to one view.
class Sink {
 public:
  Sink(ViewKind kind, View* view) : view_(*view) {
    view_.kind = kind;
    view_.text.clear();
    view_.parts.clear();
  }
  void Divide() {
    if (!view_.parts.empty()) view_.text.push_back('\n');
  }
  // Returns where the text lies, until more is added.
  char* Add(PartOrigin origin, size_t begin, size_t end, std::string_view text) {
    const size_t at = view_.text.size();
    view_.parts.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(begin),
                           static_cast<uint32_t>(end), origin});
    view_.text.append(text);
    return view_.text.data() + at;
  }
  // A part for each of `units`: fill(unit, part, text) sets all of it but `at`, and writes one or
  // two bytes; it returns how many.
  template <typename Units, typename Fill>
  void AddEach(const Units& units, const Fill& fill) {
    const size_t had = view_.parts.size();
    size_t at = view_.text.size();
    view_.parts.resize(had + units.size());
    view_.text.resize(at + 2 * units.size());
    ViewPart* part = view_.parts.data() + had;
    for (const auto& unit : units) {
      part->at = static_cast<uint32_t>(at);
      at += fill(unit, part++, view_.text.data() + at);
    }
    view_.text.resize(at);
  }
  size_t size() const noexcept { return view_.text.size(); }
  size_t parts() const noexcept { return view_.parts.size(); }
  // Back to an earlier size() and parts().
  void Cut(size_t size, size_t parts) {
    view_.text.resize(size);
    view_.parts.resize(parts);
  }

 private:
  View& view_;
};

// Eight bytes in one number: 1 in each, and a bit for each of those that are 0 or 1.
inline constexpr uint64_t kOnes = 0x0101010101010101;
inline uint64_t BitsOfBytes(uint64_t bytes) noexcept {
  return bytes * 0x0102040810204080 >> 56;
}

using Candidates = std::vector<uint64_t>;
void DecodeTokens(std::string_view text, const Candidates& candidates, Sink* base64, Sink* hex);
// `every`: see kEveryEscape.
void DecodeEscapes(std::string_view text, const Candidates& candidates, bool every, Sink* out);
void DecodeTags(std::string_view raw, Sink* out);
void DecodeRows(std::string_view text, const Candidates& candidates, Sink* out);
void Unleet(std::string_view text, const Candidates& candidates, Sink* out);
void Unspace(std::string_view text, const Candidates& candidates, Sink* out);
void Unrotate(std::string_view text, const Candidates& candidates, Sink* out);
void Unreverse(std::string_view text, const Candidates& candidates, Sink* out);

// Of the base64 alphabets, those that also join words and paths.
inline constexpr std::string_view kTokenSigns = "+-/_";
// base64 in mail and PEM is wrapped at 64 or 76 characters.
inline constexpr size_t kMinWrappedLine = 60;
bool IsTokenChar(char c) noexcept;  // of either base64 alphabet, padding aside
// What the digits of `token` say, of either alphabet; other characters (line feeds) are skipped.
void DecodeBase64(std::string_view token, std::string* out);
// Mostly printable UTF-8, with few control characters. `cut`: the last code point may be
// incomplete. `of_bytes`: they are the first of so many, of which the others may all be printable.
bool IsReadable(std::string_view bytes, bool cut, size_t of_bytes = 0) noexcept;
constexpr bool IsOdd(uint32_t code_point) noexcept {
  const bool blank = code_point >= '\t' && code_point <= '\r';
  return (code_point < 0x20 && !blank) || (code_point >= 0x7F && code_point < 0xA0);
}
constexpr bool IsFew(size_t odd, size_t bytes) noexcept {
  return odd * 16 <= bytes;
}
inline constexpr std::array<int8_t, 256> kHexDigits = [] {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (int i = 0; i < 16; ++i) {
    digits[static_cast<uint8_t>("0123456789abcdef"[i])] = static_cast<int8_t>(i);
    digits[static_cast<uint8_t>("0123456789ABCDEF"[i])] = static_cast<int8_t>(i);
  }
  return digits;
}();
// -1 when it is none.
inline int HexDigit(char c) noexcept {
  return kHexDigits[static_cast<uint8_t>(c)];
}
// Could these first characters of a token begin encoded text?
bool MayDecode(std::string_view token) noexcept;

// Common English words and those that attacks are made of. `word`: lower-case letters.
bool IsKnownWord(std::string_view word) noexcept;
// The same for a word whose bytes are in two numbers, the first one lowest, with 0 behind them.
struct PackedWord {
  uint64_t low = 0, high = 0;
};
inline constexpr size_t kMaxPackedBytes = 16;
bool IsKnownWord(PackedWord word) noexcept;
// Bit n: known words of n letters may end as the lower-case letters [0, end) do.
uint32_t WordSizes(const char* letters, size_t end) noexcept;

}  // namespace kt::detect::views
