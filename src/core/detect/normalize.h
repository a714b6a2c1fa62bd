// One plain form of a text for all detectors, with a way back to the bytes it came from.
//
// What is folded (tables generated from Unicode's data by scripts/generate-unicode): compatibility
// forms (full width, mathematical, circled, ligatures, superscripts), Latin letters with marks to
// their base letter, digits of all scripts to 0-9, unusual blanks, dashes, quotes and dots to
// ASCII. What is dropped: zero-width and other default-ignorable characters, tags, variation
// selectors, bidi controls, control characters, combining marks on Latin. No case folding by
// default: detectors of secrets need the case. Patterns are matched against this form, so a rule
// writes "Fuhrerschein" for "Führerschein".
//
// Look-alikes of other alphabets (Cyrillic, Greek, Armenian, Cherokee …) become ASCII only
//   - in a word with more Latin letters and certain look-alikes than letters that are neither,
//   - or where the whole word is spelt in certain look-alikes, and no letter of an alphabet of its
//     own stands within kNormalizeContextBytes before it (Latin ones between them lift that for
//     words of three letters and more),
// so that Russian or Greek prose stays as it is. A word is looked at for at most kMaxWordLetters
// code points. Marks of other scripts, and everything in scripts without look-alikes, stay.
//
// Linear time; the result is at most twice as long as the text; the map takes at most 8 bytes for
// each 1.5 bytes of text. Plain ASCII is not copied.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/detect/offset_map.h"

namespace kt::detect {

// What of the normalised text before a text has a say in its normalisation.
inline constexpr size_t kNormalizeContextBytes = 100;
inline constexpr size_t kMaxWordLetters = 128;
// Above: kResourceExhausted, to be treated as a failure, never as clean.
inline constexpr size_t kMaxNormalizeBytes = OffsetMap::kMaxRawBytes - 1;

struct NormalizeOptions {
  bool fold_case = false;   // to lower case; offsets do not change by it
  bool look_alikes = true;  // letters of other alphabets that pass for Latin ones
  // The end of the normalised text that comes before (streams), of which the last
  // kNormalizeContextBytes are looked at. Never part of the result.
  std::string_view context;
  size_t max_bytes = kMaxNormalizeBytes;
};

// The result; buffers are kept from one text to the next. Valid as long as the raw text is.
class NormalizedText {
 public:
  NormalizedText() = default;
  NormalizedText(const NormalizedText&) = delete;  // text() may point into it
  NormalizedText& operator=(const NormalizedText&) = delete;

  std::string_view text() const noexcept { return text_; }
  std::string_view raw() const noexcept { return raw_; }
  // Same bytes as the raw text, each at its own offset.
  bool identical() const noexcept { return identical_; }
  // What it keeps for the next text.
  size_t held_bytes() const noexcept { return buffer_.capacity() + map_.bytes(); }

  // A span [begin, end) of text(), begin < end, came from the raw bytes
  // [RawBegin(begin), RawEnd(end)): whole code points, with what was dropped between them and the
  // marks on the last one. Offsets inside a code point count as its beginning (its end).
  size_t RawBegin(size_t begin) const noexcept;  // begin <= text().size()
  size_t RawEnd(size_t end) const noexcept;      // end <= text().size()

  // Streams: whatever follows the raw text, the first stable_text() bytes of text() stay as they
  // are and came from the first stable_raw() bytes; and the rest, normalised again with what
  // follows and with text() up to there as `context`, continues them. What is not stable is at
  // most a cut-off code point, or the last word where letters of another alphabet are in it (at
  // most kMaxWordLetters code points). A mark that follows belongs to the last stable letter and
  // is dropped.
  size_t stable_raw() const noexcept { return stable_raw_; }
  size_t stable_text() const noexcept { return stable_text_; }

 private:
  friend class Normalizer;
  friend Status Normalize(std::string_view, const NormalizeOptions&, NormalizedText*);

  std::string_view raw_, text_;
  std::string buffer_;
  OffsetMap map_;
  bool identical_ = true;
  size_t stable_raw_ = 0, stable_text_ = 0;
};

// Normalises `raw` (UTF-8; malformed bytes stay as they are) into *out. kResourceExhausted: longer
// than options.max_bytes; *out is then empty.
Status Normalize(std::string_view raw, const NormalizeOptions& options, NormalizedText* out);

// Of normalised text: a part of a word, in scripts that put blanks between words.
bool IsOfWord(uint32_t code_point) noexcept;

// One code point in lower case.
uint32_t LowerCase(uint32_t code_point) noexcept;

// Bytes at the beginning of `text` that need no look: ASCII but for control characters other than
// white space.
size_t PlainPrefix(std::string_view text) noexcept;

}  // namespace kt::detect
