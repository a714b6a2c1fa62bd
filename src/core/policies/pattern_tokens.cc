#include "core/policies/pattern_tokens.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/ascii.h"
#include "core/detect/utf8.h"

namespace kt::policies {
namespace {

using Kind = PatternToken::Kind;

class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  std::vector<PatternToken> Read() {
    while (!rest_.empty()) {
      if (Take("\\Q")) {
        Quoted();
      } else if (rest_[0] == '[') {
        Class();
      } else if (const size_t plain = PlainBytes(); plain > 0) {
        Add(plain);
      } else {
        tokens_.push_back(One());
      }
    }
    return std::move(tokens_);
  }

 private:
  bool Take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  size_t PlainBytes() const noexcept {
    size_t size = 0;
    while (size < rest_.size() && IsAscii(rest_[size]) && rest_[size] != '\\' &&
           rest_[size] != '[') {
      ++size;
    }
    return size;
  }

  PatternToken Bytes(size_t size) {
    PatternToken token;
    token.source = rest_.substr(0, size);
    token.in_class = in_class_;
    token.in_negated = in_class_ && negated_;
    rest_.remove_prefix(token.source.size());
    return token;
  }
  void Add(size_t size) { tokens_.push_back(Bytes(size)); }

  // A character or an escape.
  PatternToken One() {
    uint32_t rune = 0;
    size_t size = 1;
    if (!IsAscii(rest_[0])) {
      const detect::CodePoint cp = detect::DecodeUtf8(rest_, 0);
      size = std::max<size_t>(cp.size, 1);
      rune = cp.value;
    } else if (rest_[0] == '\\') {
      size = HexEscape(&rune);
      if (size == 0) rune = 0, size = std::min<size_t>(rest_.size(), 2);
    }
    PatternToken token = Bytes(size);
    if (rune >= 0x80) {
      token.kind = Kind::kLiteral;
      token.first = token.last = rune;
    } else {
      token.first = token.last =
          token.source.size() == 1 ? static_cast<uint32_t>(token.source[0]) : rune;
    }
    return token;
  }

  // The bytes of "\x{1F600}" or "\xE9"; 0: there is none.
  size_t HexEscape(uint32_t* rune) const {
    if (!rest_.starts_with("\\x")) return 0;
    size_t begin = 2, end = std::min<size_t>(rest_.size(), 4), behind = end;
    if (rest_.substr(2).starts_with('{')) {
      begin = 3;
      end = rest_.find('}');
      if (end == rest_.npos) return 0;
      behind = end + 1;
    }
    const char* const last = rest_.data() + end;
    const auto [read, error] = std::from_chars(rest_.data() + begin, last, *rune, 16);
    const bool scalar = *rune <= 0x10FFFF && (*rune < 0xD800 || *rune > 0xDFFF);
    return error == std::errc() && read == last && scalar ? behind : 0;
  }

  void Quoted() {
    while (!rest_.empty() && !Take("\\E")) {
      PatternToken token = IsAscii(rest_[0]) ? Bytes(1) : One();
      token.source = Escaped(token.source);
      tokens_.push_back(std::move(token));
    }
  }

  void Class() {
    Add(1);
    in_class_ = true;
    negated_ = rest_.starts_with('^');
    if (negated_) Add(1);
    for (bool begin = true; !rest_.empty() && (begin || rest_[0] != ']'); begin = false) {
      const size_t name = rest_.starts_with("[:") ? rest_.find(":]") : rest_.npos;
      if (name != rest_.npos) {
        Add(name + 2);
        continue;
      }
      PatternToken item = One();
      const bool range = rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']';
      if (range) {
        const PatternToken dash = Bytes(1), last = One();
        item.source += dash.source + last.source;
        item.last = last.last;
        if (item.last >= 0x80) item.kind = Kind::kRange;
      }
      tokens_.push_back(std::move(item));
    }
    in_class_ = false;
    if (!rest_.empty()) Add(1);
  }

  std::string_view rest_;
  std::vector<PatternToken> tokens_;
  bool in_class_ = false, negated_ = false;
};

}  // namespace

std::vector<PatternToken> ReadPattern(std::string_view pattern) {
  return PatternReader(pattern).Read();
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsAscii(c) && !IsAlnum(c) && c != ' ' && c != '_') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace kt::policies
