// Random terms of a user's own, of many alphabets, in texts that spell them in other ways, nearly,
// or in part: each is found in a whole answer, and the client of a stream gets the same.
#include "core/policies/composed_letters.h"
#include "random_streams.h"

namespace kt::session {
namespace {

const char* const kTerms[] = {"Project Heron",
                              "heron",
                              "C++",
                              ".env",
                              "#secret",
                              "Größe",
                              "Straße 7",
                              "naïve",
                              "O'Neil",
                              "a/b",
                              "ВТБ",
                              "РОСА",
                              "Чайка Йод",
                              "кот",
                              "ναι",
                              "Άλφα Βήτα",
                              "機密",
                              "ガラス",
                              "한국 은행",
                              "שלום",
                              "\xF0\x9F\x9A\x80",
                              "Ж",
                              "K2",
                              "[REDACTED]",
                              "two  blanks"};
// Words that hold no term, and pieces of words that may be no beginning of one.
const char* const kWords[] = {"der",    "один", "λέγω",    "12",        "item-7",
                              "Projec", "hero", "herons",  "Größen",    "ВТ",
                              "котом",  "ка",   "С",       "[REDACTED", "-",
                              ",",      "(",    ")",       "é",         "\xF0\x9F\x98\x80",
                              "\\",     "\"",   "e\u0301", "銀",        "two",
                              "Άλφα",   "C+"};
const char* const kBlanks[] = {" ",  " ",    " ",      "\n",     "\t",
                               "  ", "\r\n", "\u00A0", "\u3000", "\n      "};
const char* const kInvisible[] = {"\u200B", "\u00AD", "\u2060", "\uFEFF"};

// Words that hold a term, and more.
const char* const kLonger[] = {"herons", "Größen", "котом"};

template <typename List>
std::string Without(const List& words, std::string text) {
  for (const std::string word : words) {
    for (size_t at = 0; (at = text.find(word)) != text.npos;) text.erase(at, word.size());
  }
  return text;
}

class StreamTerms : public RandomStreams {
 protected:
  StreamTerms() : RandomStreams(31) {}

  // The term as nobody would tell from it, or as only its case or its blanks differ.
  std::string Spelt(const std::string& term);
  std::string Text(const std::vector<std::string>& terms, std::vector<std::string>* said);
  std::string Settings(const std::vector<std::string>& terms);
};

std::string StreamTerms::Spelt(const std::string& term) {
  std::string out;
  const bool wide = Below(6) == 0, divided = Below(3) == 0, hidden = Below(4) == 0;
  bool blank = false;
  for (size_t at = 0; at < term.size();) {
    const detect::CodePoint cp = detect::DecodeUtf8(term, at);
    const std::string one = term.substr(at, cp.size);
    const bool letter = cp.value < 0x80 && ((cp.value | 0x20) >= 'a' && (cp.value | 0x20) <= 'z');
    at += cp.size;
    if (hidden && !out.empty() && Below(4) == 0) out += OneOf(kInvisible);
    if (one == " ") {
      if (!blank) out += OneOf(kBlanks);
      blank = true;
      continue;
    }
    blank = false;
    const std::string parts = divided ? policies::DividedLetter(cp.value) : "";
    if (!parts.empty()) {
      out += parts;
    } else if (wide && cp.value > 0x20 && cp.value < 0x7F) {
      detect::AppendUtf8(cp.value + 0xFEE0, &out);
    } else if (letter && Below(4) == 0) {
      out += static_cast<char>(cp.value ^ 0x20);
    } else {
      out += one;
    }
  }
  return out;
}

// What is said of the terms stands between blanks, so that each is a word.
std::string StreamTerms::Text(const std::vector<std::string>& terms,
                              std::vector<std::string>* said) {
  std::string text;
  for (size_t i = 0, n = 1 + Below(9); i < n; ++i) {
    if (Below(3) == 0) {
      said->push_back(Spelt(OneOf(terms)));
      text += std::string(OneOf(kBlanks)) + said->back() + OneOf(kBlanks);
    } else {
      text += OneOf(kWords);
      if (Below(3) > 0) text += OneOf(kBlanks);
    }
  }
  return text;
}

std::string StreamTerms::Settings(const std::vector<std::string>& terms) {
  std::string list;
  for (const std::string& term : terms) list += (list.empty() ? "[" : ", ") + json::Quote(term);
  std::string out = "blocked_terms: " + list + "]";
  if (Below(3) == 0) out += ", fuzzy_matching: true, max_distance: " + std::to_string(1 + Below(2));
  return out;
}

TEST_F(StreamTerms, AreFoundHoweverTheyAreSpeltAndStreamed) {
  const char* const chains[] = {"[dlp-filter, audit-logger]",
                                "[pii-detector, {dlp-filter: {stage: output}}, audit-logger]",
                                "[{dlp-filter: {stage: output}}, pii-detector, audit-logger]"};
  size_t found = 0, compared = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 40); round < rounds; ++round) {
    std::vector<std::string> terms;
    for (size_t i = 0, n = 1 + Below(3); i < n; ++i) terms.emplace_back(OneOf(kTerms));
    const std::string chain = OneOf(chains), settings = Settings(terms);
    SCOPED_TRACE(settings + " of " + chain + ", round " + std::to_string(round));
    const auto gateway = With(chain, "dlp-filter", settings);
    const auto blocking = With(chain, "dlp-filter", "action: block, " + settings);
    for (size_t i = 0; i < 12; ++i) {
      const Place& place = Places()[Below(Places().size())];
      std::vector<std::string> said;
      const std::string text = Wrapped(place, Text(terms, &said), Below(2) == 0);
      const int form = static_cast<int>(Below(3)), eol = static_cast<int>(Below(4));
      const std::vector<size_t> cuts = Cuts(Units(text, form).size());
      const std::string whole = Whole(place, text, *gateway);
      const bool blocks = IsBlocked(whole);  // a term is what stands around the text
      if (!blocks && !place.arguments) {
        const std::string left = Without(kLonger, whole);
        for (const std::string& one : said) {
          const std::string quoted = json::Quote(one);
          if (one == "[REDACTED]") continue;
          ASSERT_EQ(left.find(quoted.substr(1, quoted.size() - 2)), left.npos) << text << whole;
        }
        ASSERT_TRUE(said.empty() || whole.find("[REDACTED]") != whole.npos) << text;
        found += said.size();
      }
      ++compared;
      ExpectAsWhole(place, text, form, cuts, eol, 1 + Below(2000), *gateway);
      if (HasFatalFailure()) return;
      if (place.arguments || blocks) continue;
      ASSERT_EQ(IsBlocked(Whole(place, text, *blocking)), whole.find("[REDACTED]") != whole.npos)
          << text;
      const Got got = Streamed(place, Units(text, form), cuts, eol, 1 + Below(2000), *blocking);
      const Got twin = Streamed(place, Units(text, form), cuts, eol, 1 + Below(2000), *gateway);
      if (place.apart) continue;
      // The first half of a pair may have gone out alone.
      std::string_view prefix = got.text;
      if (prefix.ends_with("\xEF\xBF\xBD")) prefix.remove_suffix(3);
      ASSERT_TRUE(twin.text.starts_with(prefix)) << got.text << "\n" << twin.text;
    }
  }
  EXPECT_GT(found, 4 * Setting("KT_ROUNDS", 40));
  EXPECT_GT(compared, 8 * Setting("KT_ROUNDS", 40));
}

}  // namespace
}  // namespace kt::session
