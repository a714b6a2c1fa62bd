// What a text says once decoded, one level deep: further texts for the matcher and the classifier,
// each with a way back to the bytes of the text. Works on the normalised form, so that full-width
// base64 is base64 too.
//
//   kBase64, kHex   tokens of at least kMinTokenBytes that decode to mostly printable UTF-8, of
//                   which the plain form, look-alikes apart
//   kEscapes        the surroundings of percent, HTML, \u, \x and 0x escapes, decoded
//   kTags           invisible tag characters (U+E0020..E007E) as the ASCII that they spell
//   kSpelled        rows of single characters ("j a n e @ …", one on each line, "j-a-n-e") or of
//                   bytes as numbers ("6a:61:6e", "106, 97, 110", "U+006A"), each row behind the
//                   text before it (detect/spelled_rows.h)
//   kLeet           "1gn0r3", where words come out
//   kSpaced         "i g n o r e", "i.g.n.o.r.e"
//   kRot13, kReversed  where the result reads as language and the original does not
//
// The first five may be redacted by and serve streams too, kSpelled for nothing else: by rules that
// say so (Rule::spelled). The others are for scores of input texts. Linear time; all views but
// kSpelled together are no longer than kViewTimes the text plus kViewSlackBytes: beyond that it is
// kResourceExhausted, never "nothing found". kSpelled is no longer than kSpelledTimes the text:
// each form of a row once with and once without the ends of its words, none of the text twice in a
// form. At most one view of each kind; parts that did not stand together are divided by a line
// feed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/normalize.h"

namespace kt::detect {

enum class ViewKind : uint8_t {
  kBase64,
  kHex,
  kEscapes,
  kTags,
  kSpelled,
  kLeet,
  kSpaced,
  kRot13,
  kReversed
};
inline constexpr size_t kViewKinds = 9;
constexpr unsigned ViewBit(ViewKind kind) noexcept {
  return 1u << static_cast<unsigned>(kind);
}
// Views whose matches may be redacted, in streams too.
inline constexpr unsigned kTokenViews = ViewBit(ViewKind::kBase64) | ViewBit(ViewKind::kHex) |
                                        ViewBit(ViewKind::kEscapes) | ViewBit(ViewKind::kTags) |
                                        ViewBit(ViewKind::kSpelled);
inline constexpr unsigned kAllViews = (1u << kViewKinds) - 1;
// With kEscapes: each escape counts, by itself; otherwise only those that stand together or are
// telling, so that the text around them decides.
inline constexpr unsigned kEveryEscape = 1u << kViewKinds;

inline constexpr size_t kMinTokenBytes = 16;
// Several views may hold nearly all of a harmless text: of a table of bytes in C its escapes, with
// what is around them, and what reads as leet.
inline constexpr size_t kViewTimes = 4;
inline constexpr size_t kViewSlackBytes = 4096;
inline constexpr size_t kSpelledTimes = 10;
// A stream holds an encoded token up to this length; a longer one is too long to be judged.
inline constexpr size_t kMaxStreamTokenBytes = 8192;

// How a part of a view came from the text.
enum class PartOrigin : uint8_t {
  kWhole,     // any piece of the part came from all of [begin, end): an encoded token
  kSame,      // byte by byte
  kReversed,  // byte by byte, from the end
  kWholeRaw,  // as kWhole, offsets of the raw text
};

struct ViewPart {
  uint32_t at;          // offset in the view
  uint32_t begin, end;  // of the normalised (kWholeRaw: the raw) text
  PartOrigin origin;
};

struct ByteSpan {
  size_t begin, end;
};

struct View {
  ViewKind kind;
  std::string text;
  std::vector<ViewPart> parts;  // by `at`, the first at 0

  // The raw bytes that [begin, end) of this view came from: whole tokens, whole escapes.
  // Precondition: begin < end <= text.size(); `source` is what the view was made from.
  ByteSpan Raw(size_t begin, size_t end, const NormalizedText& source) const noexcept;
  // Bytes of the normalised text that were written in this form: without what only surrounds it.
  // 0 of kSpelled, which is read for its values only: kSpaced is what such a text says.
  size_t CoveredBytes() const noexcept;
};

// Of views that cover so much of a text, the main one is what the text says: it is judged in place
// of the text. `covered` and `best`: CoveredBytes() of a view and of the main one so far.
constexpr bool IsMainView(size_t covered, size_t best, size_t text_bytes) noexcept {
  return covered * 2 >= text_bytes && covered > best;
}

// What keys, tokens and addresses are written in: the surroundings of an escape end behind the
// whole of what is glued to it.
bool IsOfLongValue(char c) noexcept;

// The views of one text. Buffers are kept from one text to the next.
class DecodedViews {
 public:
  // In order of their kind; often none.
  std::span<const View> views() const noexcept { return {views_.data(), used_}; }
  // What it keeps for the next text.
  size_t held_bytes() const noexcept;

 private:
  friend class ViewBuilder;
  std::array<View, kViewKinds> views_;
  size_t used_ = 0;
  std::vector<uint64_t> candidates_;
};

// Makes the views of `kinds` (ViewBit and kEveryEscape, ORed). On failure *out is empty.
Status BuildViews(const NormalizedText& text, unsigned kinds, DecodedViews* out);

// Streams: offset >= from at which an encoded token or escape that may go on begins; text.size()
// when there is none. What comes before it decodes the same, whatever follows. `text` is
// normalised, and begins at a blank or at its true beginning, or with at least `from` bytes of
// context. When text.size() - ViewHoldFrom() exceeds kMaxStreamTokenBytes, the token is too long to
// be judged, which is to be treated as a failure.
size_t ViewHoldFrom(std::string_view text, size_t from) noexcept;

// Streams: the end of `text` that may become one more 0x escape, or is one that may still be none.
// Both are text.size() where there is no such end.
struct OpenHexByte {
  size_t begin;  // of "0", "0x", "0x4" or "0x41"
  size_t gap;    // of the separators between it and the escape before it, which may go with that
};
OpenHexByte FindOpenHexByte(std::string_view text) noexcept;

}  // namespace kt::detect
