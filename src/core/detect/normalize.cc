#include "core/detect/normalize.h"

#include <algorithm>

#include "core/detect/unicode_tables.h"
#include "core/detect/utf8.h"

namespace kt::detect {

using unicode::Kind;

namespace {

// How far back a word looks: less than the context by one code point, which a cut may split.
constexpr size_t kLookBack = kNormalizeContextBytes - 4;

bool IsAsciiLetter(char c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool IsAsciiDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// How many letters of a word are what.
struct Letters {
  size_t latin = 0;
  size_t certain = 0;   // look-alikes that need no company
  size_t doubtful = 0;  // look-alikes beside Latin only
  size_t foreign = 0;   // no look-alike
};

bool CountAscii(char c, Letters* letters) noexcept {
  if (IsAsciiLetter(c)) {
    ++letters->latin;
    return true;
  }
  return IsAsciiDigit(c);
}

bool CountText(std::string_view text, Letters* letters) noexcept {
  return std::all_of(text.begin(), text.end(), [&](char c) { return CountAscii(c, letters); });
}

// Adds one code point beyond ASCII; false when it ends the word.
bool CountOther(const unicode::Record& record, Letters* letters) noexcept {
  switch (unicode::KindOf(record)) {
    case Kind::kLatin:
      ++letters->latin;
      return true;
    case Kind::kStrong:
      ++letters->certain;
      return true;
    case Kind::kWeak:
      ++letters->doubtful;
      return true;
    case Kind::kForeign:
      ++letters->foreign;
      return true;
    case Kind::kDrop:
    case Kind::kMark:
      return true;
    case Kind::kMap:
      return CountText(unicode::TextOf(record), letters);
    case Kind::kKeep:
      break;
  }
  return false;
}

// Lower case in place: kLower has only pairs of one length.
void FoldCase(std::string* text) {
  std::string lower;
  for (size_t at = 0; at < text->size();) {
    char& c = (*text)[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      ++at;
      continue;
    }
    const CodePoint cp = DecodeUtf8(*text, at);
    if (cp.size > 0) {
      lower.clear();
      AppendUtf8(LowerCase(cp.value), &lower);
      text->replace(at, cp.size, lower);
    }
    at += cp.size > 0 ? cp.size : 1;
  }
}

}  // namespace

// One run over one text. Bytes that stay are copied only once something before them has changed.
class Normalizer {
 public:
  Normalizer(std::string_view raw, const NormalizeOptions& options, NormalizedText* out)
      : raw_(raw), options_(options), out_(*out), context_(options.context) {
    if (context_.size() > kNormalizeContextBytes) {
      context_.remove_prefix(context_.size() - kNormalizeContextBytes);
    }
    FindForeignInContext();
  }

  void Run(size_t at) {
    while (at < raw_.size()) {
      if (static_cast<unsigned char>(raw_[at]) >= 0x80) {
        at = Step(at);
        continue;
      }
      const size_t plain = PlainPrefix(raw_.substr(at));
      at += plain;
      if (at < raw_.size() && static_cast<unsigned char>(raw_[at]) < 0x80) {
        Replace(at, 1, {});
        ++at;
      }
    }
    Finish();
  }

 private:
  // Positions count in the result, the context before it included.
  size_t Position(size_t at) const noexcept {
    return context_.size() + out_.buffer_.size() + (at - kept_);
  }
  // The byte before position `end` - `back` of the result, as far as it goes up to raw offset `at`.
  char ByteBefore(size_t at, size_t back) const noexcept {
    if (back < at - kept_) return raw_[at - 1 - back];
    back -= at - kept_;
    if (back < out_.buffer_.size()) return out_.buffer_[out_.buffer_.size() - 1 - back];
    back -= out_.buffer_.size();
    return back < context_.size() ? context_[context_.size() - 1 - back] : '\0';
  }

  void Flush(size_t at) {
    if (at == kept_) return;
    out_.map_.Keep(out_.buffer_.size(), kept_);
    out_.buffer_.append(raw_, kept_, at - kept_);
    kept_ = at;
  }
  void Replace(size_t at, size_t size, std::string_view text) {
    if (!changed_) {
      out_.buffer_.reserve(raw_.size() + 16);
      changed_ = true;
    }
    Flush(at);
    if (!text.empty()) {
      out_.map_.Replace(out_.buffer_.size(), text.size(), at, size);
      out_.buffer_.append(text);
    }
    kept_ = at + size;
  }

  // Handles the code point beyond ASCII at `at`; returns where the next one begins.
  size_t Step(size_t at) {
    const CodePoint cp = DecodeUtf8(raw_, at);
    if (cp.size == 0) return Halves(at);
    const unicode::Record& record = unicode::Lookup(cp.value);
    switch (unicode::KindOf(record)) {
      case Kind::kKeep:
      case Kind::kLatin:
        break;
      case Kind::kDrop:
        Replace(at, cp.size, {});
        break;
      case Kind::kMap:
        Replace(at, cp.size, unicode::TextOf(record));
        break;
      case Kind::kMark:
        Mark(at, cp.size);
        break;
      case Kind::kStrong:
      case Kind::kWeak:
      case Kind::kForeign:
        Letter(at, cp.size, record);
        break;
    }
    return at + cp.size;
  }

  // A half, or two that make a pair: bytes that are no UTF-8, so that something must stand for
  // them.
  size_t Halves(size_t at) {
    const CodePoint cp = DecodeHalves(raw_, at);
    if (cp.size == 0) {
      if (raw_.size() - at < 4) NoteUnstable(at);
      return at + 1;
    }
    if (CutOff(at)) NoteUnstable(at);
    const unicode::Record& record = unicode::Lookup(cp.value);
    std::string whole;
    if (unicode::KindOf(record) == Kind::kMap) {
      whole = unicode::TextOf(record);
    } else if (unicode::KindOf(record) != Kind::kDrop) {
      AppendUtf8(cp.value, &whole);
    }
    Replace(at, cp.size, whole);
    return at + cp.size;
  }
  // May the code point at `at` be another one, or one at all, with what follows?
  bool CutOff(size_t at) const noexcept {
    const uint32_t half = DecodeHalf(raw_, at);
    const size_t left = raw_.size() - at;
    if (half == 0) return left < 4 && DecodeUtf8(raw_, at).size == 0;
    return half < 0xDC00 && left < 2 * kHalfBytes && DecodeHalves(raw_, at).size == kHalfBytes;
  }

  void Mark(size_t at, size_t size) {
    const size_t before = LatinBefore(at);
    if (before == 0) return;
    Replace(at, size, {});
    if (out_.buffer_.size() >= before) {
      out_.map_.ExtendLast(out_.buffer_.size(), before, at + size);
    }
  }
  // Bytes of the code point before `at` in the result when it is ASCII or Latin; otherwise 0.
  size_t LatinBefore(size_t at) const noexcept {
    char bytes[4];
    const size_t have = std::min<size_t>(Position(at), sizeof bytes);
    for (size_t k = 0; k < have; ++k) bytes[have - 1 - k] = ByteBefore(at, k);
    if (have == 0) return 0;
    const CodePoint cp = DecodeUtf8Before({bytes, have}, have);
    if (cp.size <= 1) return cp.size;
    return unicode::KindOf(unicode::Lookup(cp.value)) == Kind::kLatin ? cp.size : 0;
  }

  void Letter(size_t at, size_t size, const unicode::Record& record) {
    if (at >= word_end_) DecideWord(at);
    if (fold_word_ && unicode::KindOf(record) != Kind::kForeign) {
      Replace(at, size, unicode::TextOf(record));
    } else if (unicode::KindOf(record) != Kind::kStrong) {
      foreign_end_ = Position(at + size);
    }
  }

  // Reads the word from its first foreign letter on, and decides whether its look-alikes fold.
  void DecideWord(size_t at) {
    Letters letters;
    for (size_t back = 0; back < kLookBack && back < Position(at); ++back) {
      if (!CountAscii(ByteBefore(at, back), &letters)) break;
    }
    size_t end = at;
    size_t read = 0;
    for (; read < kMaxWordLetters && end < raw_.size(); ++read) {
      if (static_cast<unsigned char>(raw_[end]) < 0x80) {
        if (!CountAscii(raw_[end], &letters)) break;
        ++end;
        continue;
      }
      CodePoint cp = DecodeUtf8(raw_, end);
      if (cp.size == 0) cp = DecodeHalves(raw_, end);
      if (cp.size == 0 || !CountOther(unicode::Lookup(cp.value), &letters)) break;
      end += cp.size;
    }
    const bool cut_off = end < raw_.size() && CutOff(end);
    if ((end == raw_.size() || cut_off) && read < kMaxWordLetters) NoteUnstable(at);
    word_end_ = end;
    fold_word_ = options_.look_alikes && Folds(letters, at);
  }
  bool Folds(const Letters& letters, size_t at) noexcept {
    if (letters.latin > 0) {
      return 2 * letters.foreign + letters.doubtful < letters.latin + letters.certain;
    }
    if (letters.foreign > 0 || letters.doubtful > 0) return false;
    const size_t here = Position(at);
    if (foreign_end_ == 0 || here - foreign_end_ > kLookBack) return true;
    return letters.certain >= 3 && LatinSince(foreign_end_, at);
  }
  // Does an ASCII letter stand between position `from` and `at`? Never looks twice at a byte.
  bool LatinSince(size_t from, size_t at) noexcept {
    const size_t here = Position(at);
    if (searched_from_ != from) searched_from_ = searched_to_ = from;
    for (size_t back = 0; here - back > searched_to_; ++back) {
      if (IsAsciiLetter(ByteBefore(at, back))) return true;
    }
    searched_to_ = here;
    return false;
  }

  void FindForeignInContext() noexcept {
    for (size_t end = context_.size(); end > 0;) {
      const CodePoint cp = DecodeUtf8Before(context_, end);
      if (cp.size > 1) {
        const Kind kind = unicode::KindOf(unicode::Lookup(cp.value));
        if (kind == Kind::kForeign || kind == Kind::kWeak) {
          foreign_end_ = end;
          return;
        }
      }
      end -= cp.size > 0 ? cp.size : 1;
    }
  }

  void NoteUnstable(size_t at) noexcept {
    if (unstable_) return;
    unstable_ = true;
    out_.stable_raw_ = at;
    out_.stable_text_ = Position(at) - context_.size();
  }

  void Finish() {
    const size_t size = raw_.size();
    if (!unstable_) {
      out_.stable_raw_ = size;
      out_.stable_text_ = Position(size) - context_.size();
    }
    if (changed_) {
      Flush(size);
      out_.text_ = out_.buffer_;
      out_.identical_ = false;
    }
  }

  const std::string_view raw_;
  const NormalizeOptions& options_;
  NormalizedText& out_;
  std::string_view context_;
  size_t kept_ = 0;  // raw bytes from here on are kept, and not yet copied
  bool changed_ = false;
  size_t word_end_ = 0;  // the decision below holds up to here
  bool fold_word_ = false;
  size_t foreign_end_ = 0;  // position behind the last letter that is foreign for certain
  size_t searched_from_ = 0, searched_to_ = 0;
  bool unstable_ = false;
};

bool IsOfWord(uint32_t cp) noexcept {
  if (cp < 0x80) {
    const char c = static_cast<char>(cp);
    return IsAsciiLetter(c) || IsAsciiDigit(c) || c == '_';
  }
  switch (unicode::KindOf(unicode::Lookup(cp))) {
    case Kind::kLatin:
    case Kind::kStrong:
    case Kind::kWeak:
    case Kind::kForeign:
    case Kind::kMark:
      return true;
    case Kind::kKeep:
    case Kind::kDrop:
    case Kind::kMap:
      break;
  }
  return false;
}

uint32_t LowerCase(uint32_t cp) noexcept {
  const auto* end = unicode::kLower + unicode::kLowerSize;
  const auto* it =
      std::upper_bound(unicode::kLower, end, cp,
                       [](uint32_t c, const unicode::LowerRange& r) { return c < r.first; });
  if (it == unicode::kLower) return cp;
  --it;
  if (cp > it->last || (cp - it->first) % it->step != 0) return cp;
  return static_cast<uint32_t>(static_cast<int32_t>(cp) + it->delta);
}

Status Normalize(std::string_view raw, const NormalizeOptions& options, NormalizedText* out) {
  out->buffer_.clear();
  out->map_.Clear();
  out->raw_ = out->text_ = {};
  out->stable_raw_ = out->stable_text_ = 0;
  out->identical_ = true;
  if (raw.size() > std::min(options.max_bytes, kMaxNormalizeBytes)) {
    return Status::ResourceExhausted("the text is too long to be normalised");
  }
  out->raw_ = out->text_ = raw;
  const size_t plain = PlainPrefix(raw);
  if (plain == raw.size()) {
    out->stable_raw_ = out->stable_text_ = plain;
  } else {
    Normalizer(raw, options, out).Run(plain);
  }
  if (options.fold_case) {
    if (out->identical_) out->buffer_.assign(raw);
    FoldCase(&out->buffer_);
    out->text_ = out->buffer_;
    out->identical_ = out->identical_ && out->text_ == raw;
  }
  return Status::Ok();
}

size_t NormalizedText::RawBegin(size_t begin) const noexcept {
  if (text_.empty()) return raw_.size();
  if (begin >= text_.size()) return RawEnd(text_.size());
  while (begin > 0 && IsContinuation(text_[begin])) --begin;
  return map_.RawBegin(begin);
}

size_t NormalizedText::RawEnd(size_t end) const noexcept {
  if (end == 0) return 0;
  while (end < text_.size() && IsContinuation(text_[end])) ++end;
  return map_.RawEnd(end);
}

}  // namespace kt::detect
