#include "core/policies/other_spellings.h"

#include <algorithm>
#include <bitset>
#include <utility>

#include "core/base/ascii.h"
#include "core/detect/regex_bytes.h"
#include "core/detect/unicode_tables.h"
#include "core/detect/utf8.h"
#include "core/policies/composed_letters.h"
#include "core/policies/fold_pattern.h"
#include "core/policies/pattern_tokens.h"

namespace kt::policies {
namespace {

using detect::unicode::Kind;

// A longer range is not meant for letters that pass for Latin ones.
constexpr uint32_t kMaxRange = 0x400;
constexpr size_t kMaxRespelledBytes = 1024;

// What one code point may have become.
struct Images {
  std::bitset<128> ascii;
  std::string longer;  // "ae": of more than one character; at most one is known of any

  void Add(uint32_t code_point) {
    const detect::unicode::Record& record = detect::unicode::Lookup(code_point);
    const Kind kind = detect::unicode::KindOf(record);
    if (kind != Kind::kMap && kind != Kind::kStrong && kind != Kind::kWeak) return;
    const std::string_view text = detect::unicode::TextOf(record);
    if (text.size() == 1) {
      ascii.set(static_cast<unsigned char>(text[0]) & 0x7F);
    } else if (kind != Kind::kMap) {
      longer = text;
    }
  }
  // With those of its other case: both pass for letters that need not be the same but for case.
  void AddBothCases(uint32_t code_point) {
    Add(code_point);
    const std::string orbit = detect::CaseOrbit(code_point);
    for (size_t at = 0; at < orbit.size();) {
      const detect::CodePoint cp = detect::DecodeUtf8(orbit, at);
      if (cp.size == 0) break;
      Add(cp.value);
      at += cp.size;
    }
  }
  // As items of a class.
  std::string Items() const {
    std::string out;
    for (size_t c = 0; c < ascii.size(); ++c) {
      if (ascii[c]) out += Escaped(std::string(1, static_cast<char>(c)));
    }
    return out;
  }
};

std::string Utf8(uint32_t code_point) {
  std::string out;
  detect::AppendUtf8(code_point, &out);
  return out;
}

// The two marks of kana have a form behind kana of half width.
std::string WithHalfWidthMarks(std::string parts) {
  for (const auto& [mark, both] :
       {std::pair("\u3099", "[\u3099\uFF9E]"), std::pair("\u309A", "[\u309A\uFF9F]")}) {
    const std::string_view end(mark);
    if (!parts.ends_with(end)) continue;
    parts.replace(parts.size() - end.size(), end.size(), both);
    break;
  }
  return parts;
}

std::string LiteralSpellings(const PatternToken& token, bool ignore_case) {
  Images images;
  images.AddBothCases(token.first);
  std::string out = token.source;
  const auto add = [&](const std::string& other) {
    if (!other.empty()) out += "|" + other;
  };
  // Alternatives tell the prefilter more than a class does.
  for (size_t c = 0; c < images.ascii.size(); ++c) {
    const bool twice = ignore_case && IsUpper(static_cast<char>(c)) && images.ascii[c | 0x20];
    if (images.ascii[c] && !twice) add(Escaped(std::string(1, static_cast<char>(c))));
  }
  add(WithHalfWidthMarks(DividedLetter(token.first)));
  add(images.longer);
  return out == token.source ? out : "(?:" + out + ")";
}

std::string ClassSpellings(const PatternToken& token) {
  Images images;
  if (token.last - token.first < kMaxRange) {
    for (uint32_t cp = std::max<uint32_t>(token.first, 0x80); cp <= token.last; ++cp) {
      images.AddBothCases(cp);
    }
  }
  return token.source + images.Items();
}

// Literals behind one another that make one letter, as one.
std::vector<PatternToken> Compose(std::vector<PatternToken> tokens) {
  size_t kept = 0;
  for (size_t i = 1; i < tokens.size(); ++i) {
    PatternToken& last = tokens[kept];
    const bool literals = last.kind == PatternToken::Kind::kLiteral && !last.in_class &&
                          tokens[i].kind == PatternToken::Kind::kLiteral && !tokens[i].in_class;
    // What is repeated is the mark alone.
    const bool counted = i + 1 < tokens.size() && tokens[i + 1].IsCount();
    const uint32_t whole = literals && !counted ? ComposedLetter(last.first, tokens[i].first) : 0;
    if (whole != 0) {
      last.first = last.last = whole;
      last.source = Utf8(whole);
    } else if (++kept != i) {
      tokens[kept] = std::move(tokens[i]);
    }
  }
  tokens.resize(std::min(tokens.size(), kept + 1));
  return tokens;
}

}  // namespace

std::string OtherSpellings(std::string_view pattern, bool ignore_case) {
  // What folds to ASCII wherever it stands is folded.
  const std::string folded = FoldPattern(pattern);
  std::string out;
  for (const PatternToken& token : Compose(ReadPattern(folded))) {
    if (token.kind == PatternToken::Kind::kAscii || token.in_negated) {
      out += token.source;
    } else {
      out += token.in_class ? ClassSpellings(token) : LiteralSpellings(token, ignore_case);
    }
  }
  return out == folded ? std::string(pattern) : out;
}

std::vector<detect::Rule> WithOtherSpellings(detect::Rule rule) {
  std::string others = OtherSpellings(rule.pattern, rule.ignore_case);
  const bool same = others == rule.pattern;
  std::vector<detect::Rule> rules = {std::move(rule)};
  if (same) return rules;
  detect::Rule& other = rules.emplace_back(rules[0]);
  other.id += ".respelled";
  other.pattern = std::move(others);
  other.spelled = false;
  // Divided letters make it longer than the term or the expression is.
  other.max_match_bytes = kMaxRespelledBytes;
  other.respelled = true;
  return rules;
}

std::vector<std::string> NeverFound(std::string_view pattern) {
  const auto is_dropped = [](uint32_t cp) {
    return detect::unicode::KindOf(detect::unicode::Lookup(cp)) == Kind::kDrop;
  };
  const auto stays = [](const PatternToken& token) {
    return token.kind == PatternToken::Kind::kLiteral && !token.in_class &&
           FoldPattern(token.source) == token.source;
  };
  bool invisible = false, border = false, all_but_ascii = false;
  const std::vector<PatternToken> tokens = ReadPattern(pattern);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const PatternToken& token = tokens[i];
    const bool beyond = token.kind != PatternToken::Kind::kAscii && !token.in_negated;
    invisible |= beyond && is_dropped(token.first) && is_dropped(token.last);
    border |= token.source == "\\b" && !token.in_class &&
              ((i > 0 && stays(tokens[i - 1])) || (i + 1 < tokens.size() && stays(tokens[i + 1])));
    const bool ascii = (token.first == 0 && token.last == 0x7F) || token.source == "[:ascii:]";
    all_but_ascii |= token.in_negated && ascii;
  }
  std::vector<std::string> out;
  if (invisible) {
    out.emplace_back("invisible characters are never found: texts are read without them");
  }
  if (border) {
    out.emplace_back(
        "\\b knows the words of ASCII letters only: beside another letter it never holds");
  }
  if (all_but_ascii) {
    out.emplace_back(
        "letters with marks, dashes, quotes and full width are read as plain ASCII: a class of all "
        "but ASCII does not find them");
  }
  return out;
}

}  // namespace kt::policies
