// Makes texts that are hard to judge in pieces: values of all types in every form that is read,
// beginnings and ends of values, what looks like one, and what any of them may stand beside.
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../detect/regex_sampler.h"
#include "core/detect/utf8.h"
#include "core/policy/chain.h"
#include "sample_values.h"

namespace kt::policies {

class HostileText {
 public:
  // `chain` outlives this: its rules give values too.
  HostileText(const policy::Chain& chain, uint32_t seed) : random_(seed), sampler_(seed) {
    const detect::Matcher& matcher = chain.matcher();
    for (detect::RuleId id = 0; id < matcher.size(); ++id) {
      const detect::Rule& rule = matcher.rule(id);
      if (!rule.output || rule.fuzzy_distance > 0) continue;
      auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
      if (tree.ok()) trees_.push_back(std::move(tree).value());
    }
  }

  size_t Below(size_t n) { return random_() % n; }

  std::string Next() {
    std::string text;
    for (size_t i = 0, n = 1 + Below(6); i < n; ++i) {
      if (Below(3) > 0) text += Of(kGlue);
      text += Piece();
      if (Below(3) == 0) text += Of(kGlue);
    }
    return text;
  }

  // Ends of pieces, in order, the last at `size`: all of about one size, which is any.
  std::vector<size_t> Cuts(size_t size) {
    static constexpr size_t kLongest[] = {1, 2, 4, 12, 60, 700};
    const size_t longest = Of(kLongest);
    std::vector<size_t> cuts;
    for (size_t at = 1 + Below(longest); at < size; at += 1 + Below(longest)) cuts.push_back(at);
    cuts.push_back(size);
    return cuts;
  }

 private:
  template <typename T, size_t n>
  const T& Of(const T (&list)[n]) {
    return list[Below(n)];
  }

  std::string Piece() {
    switch (Below(10)) {
      case 0:
        return Of(kBeside);
      case 1:
        return Long();
      case 2:
        return Broken(Value());
      case 3:
        return Broken(Written(Value()));
      case 4:
        return Value() + Value();
      case 5:
      case 6:
        return Value();
      default:
        return Written(Value());
    }
  }

  std::string Value() {
    if (Below(2) == 0) return Of(kSampleValues);
    std::string value = sampler_.Sample(trees_[Below(trees_.size())]);
    std::erase(value, '\0');
    return value;
  }

  // A part of it, or with one byte more, less or another.
  std::string Broken(std::string value) {
    if (value.empty()) return value;
    const size_t at = Below(value.size());
    switch (Below(4)) {
      case 0:
        value = value.substr(0, at);
        break;
      case 1:
        value = value.substr(at);
        break;
      case 2:
        value.insert(at, Of(kGlue));
        break;
      default:
        value[at] = "0a @."[Below(5)];
    }
    std::string whole;  // without code points that this has cut
    for (size_t i = 0; i < value.size();) {
      const detect::CodePoint cp = detect::DecodeUtf8(value, i);
      if (cp.size > 0) whole.append(value, i, cp.size);
      i += std::max<size_t>(cp.size, 1);
    }
    return whole;
  }

  std::string Long() {
    static constexpr std::string_view kOf[] = {
        "a",  "1", "aB3", "0123456789abcdef", "ABCDwxyz0189+/", "-", "%41", "\\", "&", "1 ",
        "a.", "=", "@",   "\\u0041",          "word "};
    const std::string_view unit = Of(kOf);
    static constexpr size_t kBytes[] = {20, 170, 300, 700, 1500};
    std::string text;
    for (size_t bytes = Below(Of(kBytes)); text.size() < bytes;) {
      text += unit.size() < 10 ? unit : unit.substr(Below(unit.size()), 1);
    }
    return text;
  }

  // ---- other ways to write a value -------------------------------------------------------------

  std::string Written(const std::string& value) {
    switch (Below(12)) {
      case 0:
        return Base64(value);
      case 1:
        return Base64("It is " + value + ", they said, " + (Below(2) == 0 ? Value() : "") + ". ");
      case 2:
        return Hex(value);
      case 3:
        return "{\"a\": \"" + Doubled(value) + "\"}";
      case 4:
        return Apart(value);
      case 5:
      case 6:
        return Spelled(value);
      case 7:
        return Numbers(value);
      default:
        return Escaped(value);
    }
  }

  // Some or all of the characters as escapes of one kind.
  std::string Escaped(const std::string& value) {
    const size_t form = Below(10), share = 1 + Below(4);
    static constexpr size_t kBackslashes[] = {1, 1, 2, 3, 4, 8};
    const std::string slashes(Of(kBackslashes), '\\');
    std::string out;
    for (size_t at = 0; at < value.size();) {
      const detect::CodePoint cp = detect::DecodeUtf8(value, at);
      const std::string_view one = std::string_view(value).substr(at, std::max<size_t>(cp.size, 1));
      at += one.size();
      const bool ascii = one.size() == 1;
      if (share > 1 && Below(share) > 0) {
        out += one;
      } else if (form < 2) {
        for (const char c : one) out += Print(form == 0 ? "%%%02X" : "%%%02x", c);
      } else if (form == 2) {
        for (const char c : one) out += slashes + Print("x%02x", c);
      } else if (form < 5) {
        out += cp.value < 0x10000 ? slashes + Print("u%04x", cp.value) : std::string(one);
      } else if (form == 5) {
        out += slashes + Print("u{%x}", cp.value);
      } else if (form == 6) {
        out += Print("&#%u", cp.value) + (Below(5) == 0 ? "" : ";");
      } else if (form == 7) {
        out += Print("&#x%X;", cp.value);
      } else if (form == 8) {
        out += one == "@" ? "&commat;" : (one == "." ? "&period;" : std::string(one));
      } else if (ascii && cp.value > 0x20 && cp.value < 0x7F) {
        detect::AppendUtf8(cp.value + 0xFEE0, &out);  // full width
      } else {
        out += one;
      }
    }
    return Below(2) == 0 ? out : slashes + Of(kLetters) + out;
  }

  // Character by character, or in groups; sometimes not all of it, or with another divider.
  std::string Spelled(const std::string& value) {
    std::string divider = Of(kDividers);
    const size_t group = Below(3) == 0 ? 4 : value.size() + 1, odd = Below(value.size() * 4 + 1);
    const size_t end = Below(5) == 0 ? Below(value.size() + 1) : value.size();
    std::string out;
    for (size_t at = 0; at < value.size(); ++at) {
      if (at == odd) divider = Of(kDividers);
      const bool begins = (static_cast<unsigned char>(value[at]) & 0xC0) != 0x80;
      if (begins && at > 0 && at < end) out += at % group == 0 ? "  " : divider;
      out += value[at];
    }
    return out;
  }
  std::string Numbers(const std::string& value) {
    static constexpr const char* kFormats[] = {"%02x",   "%02X",   "%u",    "%03o",
                                               "U+%04X", "0x%02x", "x%02x", "\\%03o"};
    const char* format = Of(kFormats);
    const std::string divider = Of(kDividers);
    const size_t odd = Below(value.size() * 4 + 1), pair = 1 + Below(2);
    std::string out;
    for (size_t at = 0; at < value.size(); ++at) {
      if (at > 0 && at % pair == 0) out += at == odd ? Of(kDividers) : divider;
      out += Print(format, value[at]);
    }
    return out;
  }

  // With what is not seen between the characters.
  std::string Apart(const std::string& value) {
    const std::string_view sign = Of(kUnseen);
    std::string out;
    for (size_t at = 0; at < value.size(); ++at) {
      const bool begins = (static_cast<unsigned char>(value[at]) & 0xC0) != 0x80;
      if (begins && Below(3) == 0) out += sign;
      out += value[at];
    }
    return out + (Below(2) == 0 ? std::string(sign) : "");
  }

  static std::string Doubled(const std::string& value) {
    std::string out;
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
  }

  std::string Base64(const std::string& bytes) {
    const bool url = Below(4) == 0;
    const std::string_view digits =
        url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    uint32_t bits = 0;
    int have = 0;
    for (const char c : bytes) {
      bits = bits << 8 | static_cast<unsigned char>(c);
      for (have += 8; have >= 6; have -= 6) out += digits[bits >> (have - 6) & 63];
    }
    if (have > 0) out += digits[bits << (6 - have) & 63];
    if (Below(3) > 0) out.append((4 - out.size() % 4) % 4, '=');
    const std::string_view end = Below(2) == 0 ? "\n" : "\r\n";
    const size_t line = Below(2) == 0 ? 64 : 76;
    if (Below(3) == 0) {
      for (size_t at = line; at < out.size(); at += line + end.size()) out.insert(at, end);
      if (Below(2) == 0) out += end;
    }
    return out;
  }

  std::string Hex(const std::string& bytes) {
    const bool apart = Below(3) == 0;
    std::string out = !apart && Below(2) == 0 ? "0x" : "";
    for (const char c : bytes) {
      out += Print(apart ? "0x%02x " : "%02x", c);
    }
    return out;
  }

  static std::string Print(const char* format, char c) {
    return Print(format, static_cast<uint32_t>(static_cast<unsigned char>(c)));
  }
  static std::string Print(const char* format, uint32_t value) {
    char out[24];
    std::snprintf(out, sizeof out, format, value);
    return out;
  }

  static constexpr const char* kLetters[] = {"n", "t", "r", "/", "\"", "u", "x4", "\\n"};
  static constexpr const char* kDividers[] = {" ",    "-",        ".",  ":",  ", ",   " - ",
                                              "\n",   "_",        "  ", "\\", "', '", "\",\"",
                                              "\r\n", " \u2022 ", "=",  "|"};
  static constexpr const char* kUnseen[] = {"\u200B", "\u2060", "\u00AD",
                                            "\u0301", "\uFE0F", "\U000E0041"};
  static constexpr const char* kGlue[] = {
      " ", "",    ", ", "\n",      "x",     "1",       "-",    ".",      "@",      "%",
      "&", "\\",  "\"", "/",       "é",     "e\u0301", "ssn ", "+",      "id",     "\u200B",
      "=", "(",   "\t", "http://", "\\n",   "key: ",   "  ",   "\r\n",   "_",      "[",
      "]", "\\u", "%4", "&#6",     "0x",    "'",       "\\\"", ": ",     "\u00A0", "\U0001F600",
      "#", ";",   "{",  "}",       "card ", "\\\\",    "ſ",    "\u212A", "+1 ",    "aGVs"};
  static constexpr const char* kBeside[] = {
      "The committee met on Tuesday; it was agreed that spending would rise.",
      "for (int i = 0; i < n; ++i) { printf(\"%d\\n\", a[i]); }",
      "SELECT * FROM t WHERE id = 41111111 AND x LIKE '%a%';",
      "Größe, Übung: daß die Kosten steigen.",
      "昨天我们去了北京的一家餐厅，花了两百三十元。",
      "Вчера вечером мы ходили в кино, 12 августа.",
      "어제 친구와 함께 서울에 갔습니다.",
      "[EMAIL]",
      "[EMAIL_1]",
      "[CREDIT_CARD] and [PHONE]",
      "https://example.org/a/b?q=%20x&y=1#z",
      "2024-05-17T12:30:00Z 10.0.0.1 v1.2.3-rc.4",
      "d41d8cd98f00b204e9800998ecf8427e",
      "550e8400-e29b-41d4-a716-446655440000",
      "C:\\Users\\new\\table\\readme.txt",
      "<p>&lt;b&gt; &amp;nbsp; &quot;x&quot;</p>",
  };

  std::mt19937 random_;
  detect::RegexSampler sampler_;
  std::vector<detect::RegexNode> trees_;
};

}  // namespace kt::policies
