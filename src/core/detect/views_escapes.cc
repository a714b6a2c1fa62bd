// Percent, HTML, \u, \x and 0x escapes with what stands around them.
#include <algorithm>
#include <bit>

#include "core/base/ascii.h"
#include "core/base/byte_sets.h"
#include "core/base/text.h"
#include "core/detect/unicode_tables.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

// Text on either side of an escape that a rule may need.
constexpr size_t kAroundBytes = 160;
constexpr std::string_view kBlanks = " \t\r\n\v\f";
// What may stand between 0x escapes of one row.
constexpr std::string_view kHexByteGap = " ,;";
constexpr size_t kMaxHexByteGap = 3;
// Escapes of a window count together: letters, digits, @, what is not ASCII and what hides where a
// word begins decide alone, other signs in company, and what every HTML or URL is full of does not
// count.
constexpr unsigned kEnough = 3;

struct Entity {
  std::string_view name;
  char value;
};
constexpr Entity kEntities[] = {
    {"amp", '&'},    {"lt", '<'},       {"gt", '>'},     {"quot", '"'},   {"apos", '\''},
    {"nbsp", ' '},   {"commat", '@'},   {"period", '.'}, {"sol", '/'},    {"colon", ':'},
    {"lpar", '('},   {"rpar", ')'},     {"lowbar", '_'}, {"hyphen", '-'}, {"dash", '-'},
    {"num", '#'},    {"dollar", '$'},   {"excl", '!'},   {"comma", ','},  {"semi", ';'},
    {"Tab", '\t'},   {"NewLine", '\n'}, {"plus", '+'},   {"equals", '='}, {"vert", '|'},
    {"verbar", '|'}, {"percnt", '%'},   {"ast", '*'},    {"lsqb", '['},   {"rsqb", ']'},
};

struct Escape {
  size_t size = 0;     // of the escaped form; 0: none
  uint32_t value = 0;  // code point
};

bool IsScalar(uint32_t value) noexcept {
  return value > 0 && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

Escape Checked(const Escape& escape) noexcept {
  return IsScalar(escape.value) ? escape : Escape{};
}

// Exactly `digits` hex digits at `at`; false when there are fewer.
bool ReadHex(std::string_view text, size_t at, size_t digits, uint32_t* value) noexcept {
  if (at + digits > text.size()) return false;
  *value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(text[at + i]);
    if (digit < 0) return false;
    *value = *value << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

// A byte in hex behind a prefix at `at`; -1: none.
template <size_t kSize>
int ReadByte(std::string_view text, size_t at, const char (&prefix)[kSize]) noexcept {
  constexpr size_t kPrefix = kSize - 1;
  if (text.size() < at + kPrefix + 2) return -1;
  const char* const bytes = text.data() + at;
  if (bytes[0] != prefix[0] || bytes[kPrefix - 1] != prefix[kPrefix - 1]) return -1;
  return HexDigit(bytes[kPrefix]) << 4 | HexDigit(bytes[kPrefix + 1]);
}

// Bytes written one by one with a prefix (%41, \x41), put together to one code point.
template <size_t kSize>
Escape ReadBytes(std::string_view text, size_t at, const char (&prefix)[kSize]) noexcept {
  static_assert(kSize - 1 <= 2);
  constexpr size_t kStep = kSize - 1 + 2;
  const int first = ReadByte(text, at, prefix);
  if (first < 0) return {};
  if (first < 0x80) return {kStep, static_cast<uint32_t>(first)};
  if (BeginsNone(static_cast<unsigned>(first))) return {};
  char bytes[kMaxUtf8Bytes] = {static_cast<char>(first)};
  const size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < size; ++i) {
    const int byte = ReadByte(text, at + i * kStep, prefix);
    if (byte < 0) return {};
    bytes[i] = static_cast<char>(byte);
  }
  const CodePoint cp = DecodeUtf8({bytes, size}, 0);
  return cp.size == size ? Escape{size * kStep, cp.value} : Escape{};
}

// "\n4111…" in code or JSON: what the letter would be a part of begins behind it. What is not
// glued to it needs no decoding.
Escape ReadBlank(std::string_view text, size_t at) noexcept {
  const char letter = text[at + 1], next = at + 2 < text.size() ? text[at + 2] : '\0';
  const bool glued = IsAlnum(next) || next == '+' || next == '(';
  if (glued && (letter == 'n' || letter == 'r' || letter == 't')) return {2, '\n'};
  return {};
}

Escape ReadBackslash(std::string_view text, size_t at) noexcept {
  const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
  Escape escape;
  // JSON within JSON doubles it at each level.
  if (letter == '\\') {
    const size_t last = std::min(text.find_first_not_of('\\', at), text.size()) - 1;
    escape = ReadBackslash(text, last);
    if (escape.size > 0) escape.size += last - at;
    return escape;
  }
  if (letter == 'x') return ReadBytes(text, at, "\\x");
  if (letter == '/') return {2, '/'};
  if (letter != 'u' && letter != 'U') return letter == '\0' ? Escape{} : ReadBlank(text, at);
  if (letter == 'U' && ReadHex(text, at + 2, 8, &escape.value)) escape.size = 10;
  if (letter == 'u' && ReadHex(text, at + 2, 4, &escape.value)) {
    escape.size = 6;
    if (escape.value < 0xD800 || escape.value >= 0xDC00) return Checked(escape);
    uint32_t low = 0;
    const size_t second = std::min(text.find_first_not_of('\\', at + 6), text.size());
    if (second > at + 6 && text.substr(second).starts_with('u') &&
        ReadHex(text, second + 1, 4, &low) && low >= 0xDC00 && low < 0xE000) {
      escape = {second + 5 - at, 0x10000 + ((escape.value - 0xD800) << 10 | (low - 0xDC00))};
    }
  } else if (letter == 'u' && text.substr(at + 2).starts_with("{")) {
    for (size_t digits = 1; digits <= 6; ++digits) {
      if (!ReadHex(text, at + 3, digits, &escape.value)) break;
      const size_t end = at + 3 + digits;
      if (end < text.size() && text[end] == '}') escape.size = digits + 4;
    }
    if (escape.size > 0) ReadHex(text, at + 3, escape.size - 4, &escape.value);
  }
  return Checked(escape);
}

Escape ReadEntity(std::string_view text, size_t at) noexcept {
  std::string_view rest = text.substr(at + 1, 12);
  if (!rest.starts_with('#')) {
    const std::string_view name = rest.substr(0, rest.find(';'));
    if (name.size() == rest.size()) return {};
    for (const Entity& entity : kEntities) {
      if (name == entity.name) {
        return {name.size() + 2, static_cast<unsigned char>(entity.value)};
      }
    }
    return {};
  }
  size_t used = 1;
  const bool hex = rest.size() > 1 && (rest[1] | 0x20) == 'x';
  if (hex) ++used;
  const size_t first = used;
  uint32_t value = 0;
  for (; used < rest.size() && value <= 0x10FFFF; ++used) {
    const int digit = HexDigit(rest[used]);
    if (digit < 0 || (!hex && digit > 9)) break;
    value = value * (hex ? 16 : 10) + static_cast<uint32_t>(digit);
  }
  if (used == first || !IsScalar(value)) return {};
  // Browsers, and models, read it without the semicolon too.
  if (used < rest.size() && rest[used] == ';') ++used;
  return {used + 1, value};
}

// 0x69, 0x67, …: the separator goes with the byte when another follows.
Escape ReadHexByte(std::string_view text, size_t at) noexcept {
  uint32_t value = 0;
  if (!text.substr(at).starts_with("0x") || !ReadHex(text, at + 2, 2, &value)) return {};
  size_t end = at + 4;
  if (end < text.size() && HexDigit(text[end]) >= 0) return {};
  const size_t next = std::min(text.find_first_not_of(kHexByteGap, end), text.size());
  if (next - end <= kMaxHexByteGap && text.substr(next).starts_with("0x")) end = next;
  return value >= 0x20 && value < 0x7F ? Escape{end - at, value} : Escape{};
}

bool BeginsEscape(std::string_view text, size_t at) noexcept {
  const char c = text[at];
  return c == '%' || c == '&' || c == '\\' || (c == '0' && text.substr(at + 1).starts_with('x'));
}

// The first at or behind `at` where an escape may begin, or a place behind `stop`.
size_t NextEscape(std::string_view text, size_t at, size_t stop) noexcept {
  constexpr size_t kStep = 16;
  for (; at < stop; at += kStep) {
    if (BeginsEscape(text, at)) return at;
    uint64_t begins = MaskAt<kStep>(
        text, at, [](Lane lane) { return lane.Is('%') | lane.Is('&') | lane.Is('\\'); });
    uint64_t zeros = MaskAt<kStep>(text, at, [](Lane lane) { return lane.Is('0'); });
    for (; zeros != 0; zeros &= zeros - 1) {
      const auto zero = static_cast<size_t>(std::countr_zero(zeros));
      if (BeginsEscape(text, at + zero)) begins |= uint64_t{1} << zero;
    }
    if (begins != 0) return at + static_cast<size_t>(std::countr_zero(begins));
  }
  return at;
}

Escape ReadEscape(std::string_view text, size_t at) noexcept {
  switch (text[at]) {
    case '%':
      return ReadBytes(text, at, "%");
    case '&':
      return ReadEntity(text, at);
    case '\\':
      return ReadBackslash(text, at);
    case '0':
      return ReadHexByte(text, at);
    default:
      return {};
  }
}

// Where to look on behind what is no escape: backslashes in a row are one or none all together, and
// each of them alone would be read to the end of the row.
size_t BehindNone(std::string_view text, size_t at) noexcept {
  if (text[at] != '\\') return at + 1;
  return std::min(text.find_first_not_of('\\', at), text.size());
}

unsigned Weight(const Escape& escape, char next) noexcept {
  const uint32_t v = escape.value;
  const uint32_t lower = v | 0x20;
  if (v == '\n') return kEnough;
  if (v == '/' && escape.size == 2) return 2;  // "\/", in pairs
  if (v >= 0x80 || (lower >= 'a' && lower <= 'z') || (v >= '0' && v <= '9') || v == '@') {
    return v == 0xA0 ? 1 : kEnough;
  }
  if (v == '<' && next == '|') return kEnough;
  return v == '<' || v == '>' || v == '&' || v == '"' || v == '\'' || v == '/' ? 0 : 1;
}

// "%3A4111…", "\u0022AKIA1…": the last digit of the escape would be a part of the value behind it.
// Of a word that may be one: with a digit, or an @.
bool HidesABegin(std::string_view text, size_t at, size_t end) noexcept {
  constexpr size_t kFarEnough = 32;
  if ((text[at] != '%' && text[at] != '\\') || !IsAlnum(text[end - 1])) return false;
  const std::string_view word = text.substr(end, kFarEnough);
  if (word.empty() || (!IsAlnum(word[0]) && word[0] != '+' && word[0] != '(')) return false;
  for (const char c : word) {
    if (IsDigit(c) || c == '@') return true;
    if (!IsLetter(c) && std::string_view("+(._-").find(c) == std::string_view::npos) return false;
  }
  return false;
}

// A decoded character as the normaliser would have left it: a blank that does not break as a blank,
// nothing for what cannot be seen. Letters of other alphabets are for it to judge by their words.
void AppendPlain(uint32_t code_point, bool behind_letter, std::string* out) {
  const unicode::Record& record = unicode::Lookup(code_point);
  const unicode::Kind kind = unicode::KindOf(record);
  if (kind == unicode::Kind::kMap) {
    out->append(unicode::TextOf(record));
  } else if (kind != unicode::Kind::kDrop && (kind != unicode::Kind::kMark || !behind_letter)) {
    AppendUtf8(code_point, out);
  }
}

// Windows of text around escapes; one without enough of them is taken back.
class Windows {
 public:
  // `least`: what the escapes of a window must weigh together.
  Windows(std::string_view text, unsigned least, Sink* out)
      : text_(text), least_(least), out_(*out) {}

  size_t end() const noexcept { return done_; }
  void Add(size_t at, const Escape& escape) {
    if (!open_ || (at > done_ + kAroundBytes && at > AroundEnd())) Open(at);
    Literal(at);
    const size_t end = at + escape.size;
    if (escape.value >= 0x20 && escape.value < 0x7F) {  // mostly
      const char c = static_cast<char>(escape.value);
      out_.Add(PartOrigin::kWhole, at, end, {&c, 1});
    } else {
      plain_.clear();
      AppendPlain(escape.value, at > 0 && IsLetter(text_[at - 1]), &plain_);
      out_.Add(PartOrigin::kWhole, at, end, plain_);
    }
    done_ = end;
    if (weight_ >= least_) return;
    const char next = end < text_.size() ? text_[end] : '\0';
    weight_ += HidesABegin(text_, at, end) ? kEnough : Weight(escape, next);
  }
  void Close() {
    if (!open_) return;
    open_ = false;
    if (weight_ < least_) {
      out_.Cut(cut_size_, cut_parts_);
      return;
    }
    Literal(AroundEnd());
  }

 private:
  void Open(size_t at) {
    Close();
    cut_size_ = out_.size();
    cut_parts_ = out_.parts();
    out_.Divide();
    done_ = AroundBegin(at);
    weight_ = 0;
    open_ = true;
  }
  // Surroundings begin and end beside a blank, if there is one: half a word might be taken for a
  // value.
  size_t AroundBegin(size_t at) const noexcept {
    if (at - done_ <= kAroundBytes) return AfterWord(at);
    size_t begin = at - kAroundBytes;
    const size_t blank = text_.substr(0, at).find_first_of(kBlanks, begin - 1);
    if (blank != text_.npos) return blank + 1;
    while (begin < at && IsContinuation(text_[begin])) ++begin;
    return begin;
  }
  // The last window may have ended within a word; it and the next one do not touch.
  size_t AfterWord(size_t at) const noexcept {
    if (done_ == 0) return done_;
    const size_t blank = text_.substr(0, at).find_first_of(kBlanks, done_);
    if (blank != text_.npos) return blank + 1;
    size_t begin = std::min(done_ + 1, at);
    while (begin < at && IsContinuation(text_[begin])) ++begin;
    return begin;
  }
  // In an answer they end where no text behind them has a say, for streams to end them there too.
  size_t AroundEnd() const noexcept {
    if (text_.size() - done_ <= kAroundBytes) return text_.size();
    const size_t most = done_ + CutUtf8(text_.substr(done_), kAroundBytes).size();
    const size_t blank = text_.substr(done_, kAroundBytes + 1).find_last_of(kBlanks);
    if (blank == text_.npos) return std::max(most, BehindValue());
    return Every() ? most : done_ + blank;
  }
  // A long value that is glued to the escape is found nowhere else.
  size_t BehindValue() const noexcept {
    size_t end = done_;
    const size_t limit = done_ + std::min(text_.size() - done_, kMaxStreamTokenBytes);
    while (end < limit && IsOfLongValue(text_[end])) ++end;
    return end;
  }
  bool Every() const noexcept { return least_ == 0; }
  void Literal(size_t end) {
    if (end > done_) out_.Add(PartOrigin::kSame, done_, end, text_.substr(done_, end - done_));
    done_ = end;
  }

  const std::string_view text_;
  const unsigned least_;
  Sink& out_;
  std::string plain_;
  bool open_ = false;
  size_t done_ = 0;  // the text before is in the view, or left out
  size_t cut_size_ = 0, cut_parts_ = 0;
  unsigned weight_ = 0;
};

bool EndsWithHexByte(std::string_view text) noexcept {
  return text.size() >= 4 && text.substr(text.size() - 4).starts_with("0x") &&
         HexDigit(text[text.size() - 2]) >= 0 && HexDigit(text.back()) >= 0;
}

}  // namespace

void DecodeEscapes(std::string_view text, const Candidates& candidates, bool every, Sink* out) {
  Windows windows(text, every ? 0 : kEnough, out);
  size_t done = 0;
  for (const uint64_t candidate : candidates) {
    if ((Flags(candidate) & kEscape) == 0) continue;
    const size_t block = BlockBegin(candidate);
    const size_t stop = std::min(block + kBlockBytes, text.size());
    // From one byte before: the 0 of a 0x may be the last of its block.
    size_t at = std::max(done, block - std::min<size_t>(block, 1));
    for (at = NextEscape(text, at, stop); at < stop; at = NextEscape(text, at, stop)) {
      const Escape escape = ReadEscape(text, at);
      if (escape.size > 0) windows.Add(at, escape);
      at = escape.size > 0 ? at + escape.size : BehindNone(text, at);
    }
    done = std::max(done, at);
  }
  windows.Close();
}

}  // namespace kt::detect::views

namespace kt::detect {

bool IsOfLongValue(char c) noexcept {
  return IsAlnum(c) || std::string_view("+-./:=@_~").find(c) != std::string_view::npos;
}

OpenHexByte FindOpenHexByte(std::string_view text) noexcept {
  size_t begin = text.size();
  if (text.ends_with('0')) --begin;
  const std::string_view last = text.substr(text.size() - std::min<size_t>(text.size(), 4));
  const size_t zero = last.rfind("0x");
  if (zero != last.npos &&
      std::all_of(last.begin() + static_cast<std::ptrdiff_t>(zero) + 2, last.end(),
                  [](char c) { return views::HexDigit(c) >= 0; })) {
    begin = text.size() - last.size() + zero;
  }
  size_t gap = begin;
  while (gap > 0 && begin - gap < views::kMaxHexByteGap &&
         views::kHexByteGap.find(text[gap - 1]) != text.npos) {
    --gap;
  }
  if (gap == begin || !views::EndsWithHexByte(text.substr(0, gap))) gap = begin;
  return {begin, gap};
}

}  // namespace kt::detect
