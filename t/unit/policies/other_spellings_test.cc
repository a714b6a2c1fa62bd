#include "core/policies/other_spellings.h"

#include <gtest/gtest.h>

#include "chain_fixture.h"
#include "core/detect/utf8.h"
#include "core/policies/composed_letters.h"

namespace kt::policies {
namespace {

std::unique_ptr<const policy::Chain> WithTerms(std::vector<std::string> terms) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = std::move(terms);
  return Build(config);
}
std::unique_ptr<const policy::Chain> WithPatterns(std::vector<std::string> patterns) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = std::move(patterns);
  return Build(config);
}

// Whole and as a stream in pieces of every size up to some.
void ExpectRedacted(const policy::Chain& chain, const std::string& text,
                    const std::string& redacted) {
  EXPECT_EQ(Judge(chain, text).text, redacted);
  EXPECT_EQ(Judge(chain, text, policy::Phase::kOutput).text, redacted) << text;
  for (size_t step = 1; step <= 12; ++step) {
    ASSERT_EQ(Streamed(chain, text, step), redacted) << text << " by " << step;
  }
}

TEST(OtherSpellings, FindTermsThatPassForLatinLettersWhereverTheyStand) {
  const auto chain = WithTerms({"ВТБ", "ναι", "сор"});
  for (const char* const text :
       {"ВТБ", "втб", "the ВТБ", "это ВТБ", "BТБ", "ВТB", "ναι", "ΝΑΙ", "see ΝΑΙ", "сор", "СОР"}) {
    const std::string whole = text, before = whole.substr(0, whole.rfind(' ') + 1);
    ExpectRedacted(*chain, whole, before + "[REDACTED]");
  }
  ExpectRedacted(*chain, "a cop, a BTB and NAI", "a cop, a BTB and NAI");
}

TEST(OtherSpellings, FindPatternsOfLettersThatPassForLatinOnes) {
  const auto plates = WithPatterns({R"([АВЕКМНОРСТУХ]\d{3}[АВЕКМНОРСТУХ]{2}\d{2,3})"});
  ExpectRedacted(*plates, "А123ВС77 and A123BC77", "[REDACTED] and A123BC77");
  const auto acts = WithPatterns({R"((?i)акт-\d{3})", R"(\x{421}\x{41e}-\d)"});
  ExpectRedacted(*acts, "АКТ-123, АКT-123, СО-1, CО-1",
                 "[REDACTED], [REDACTED], [REDACTED], [REDACTED]");
  const auto words = WithPatterns({"[А-Яа-яё]{2,20}"});
  ExpectRedacted(*words, "сор и Cap РОСА cap", "[REDACTED] и Cap [REDACTED] cap");
}

// What stands there in ASCII hides nothing of what begins within it.
TEST(OtherSpellings, CountWhereverTheLettersBeforeThemAreLatin) {
  const auto pairs = WithPatterns({R"((?i)[а-я]{2}\W{0,3})"});
  for (size_t letters = 3; letters < 12; ++letters) {
    const std::string a(letters, 'a');
    ExpectRedacted(*pairs, a + "\u200B😀", std::string(letters - 2, 'a') + "[REDACTED]");
    ExpectRedacted(*pairs, a + "о bad", std::string(letters - 1, 'a') + "[REDACTED]bad");
    ExpectRedacted(*pairs, a + "\u0308 x", std::string(letters - 2, 'a') + "[REDACTED]x");
    ExpectRedacted(*pairs, a + " x", a + " x");
  }
}

// A passage that was clean in ASCII is none in other letters, nor is one that comes again.
TEST(OtherSpellings, AreLookedForInWhatIsKnownInAscii) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = {"р[а-я]о{1,2}-77"};
  const auto chain = Build(config);
  const auto cache = std::move(policy::VerdictCache::Make(64)).value();
  std::string around;
  for (int i = 0; i < 900; ++i) around += "word " + std::to_string(i * i) + ", ";
  std::string twice;
  for (const char* const spelt : {"pao-77", "рао-77", "pao-77", "pаo-77"}) {
    const std::string text = around + spelt + ", " + around;
    twice += std::string(3000, '.') + spelt + " xx";
    for (const std::string& any : {text, twice}) {
      policy::ChainRun run(*chain, {.cache = cache.get()});
      policy::ChainRun::Text unit;
      unit.unit.text = any;
      std::vector<std::vector<policy::TextEdit>> edits;
      ASSERT_FALSE(run.Judge(policy::Phase::kInput, {&unit, 1}, &edits));
      EXPECT_EQ(Edited(any, edits[0], 0, any.size()), Judge(*chain, any).text);
      EXPECT_EQ(edits[0].empty(), any.find("\xD0") == any.npos);
    }
  }
}

TEST(OtherSpellings, FindRangesOfLettersThatAreFolded) {
  const auto chain = WithPatterns({"[à-ÿ]{2,9}x", "[٠-٩]{4,9}"});
  ExpectRedacted(*chain, "éèx eex ١٢٣٤ 1234", "[REDACTED] eex [REDACTED] 1234");
}

TEST(OtherSpellings, FindLettersThatAreDividedOrPutTogether) {
  const auto chain = WithTerms({"Чайка", "ガス", "한국", "Чаи\u0306ник", "カ\u3099ラス"});
  ExpectRedacted(*chain, "a Чаи\u0306ка b", "a [REDACTED] b");
  ExpectRedacted(*chain, "a Чайка b", "a [REDACTED] b");
  ExpectRedacted(*chain, "a Чайник, ガラス", "a [REDACTED], [REDACTED]");
  ExpectRedacted(*chain, "カ\u3099ス, ｶﾞｽ", "[REDACTED], [REDACTED]");
  ExpectRedacted(*chain, "한국 \u1112\u1161\u11AB\u1100\u116E\u11A8", "[REDACTED] [REDACTED]");
  ExpectRedacted(*chain, "Чаика, カス", "Чаика, カス");
}

TEST(OtherSpellings, OfAMarkThatIsCountedStay) {
  EXPECT_EQ(OtherSpellings("к\u0306?"), "(?:к|K|k)\u0306?");
}

TEST(OtherSpellings, ThereAreNoneOfAscii) {
  for (const char* const pattern : {"a|b[c-d]", R"(\bAKIA[0-9A-Z]{16}\b)", "[^А-Я]", "Größe"}) {
    EXPECT_EQ(OtherSpellings(pattern), pattern);
    detect::Rule rule;
    rule.pattern = pattern;
    EXPECT_EQ(WithOtherSpellings(rule).size(), 1u);
  }
}

TEST(OtherSpellings, ComposedLettersComeApartAgain) {
  size_t divided = 0;
  for (uint32_t letter = 0x80; letter < 0xD800; ++letter) {
    const std::string parts = DividedLetter(letter);
    if (parts.empty()) continue;
    ++divided;
    uint32_t whole = detect::DecodeUtf8(parts, 0).value;
    for (size_t at = detect::DecodeUtf8(parts, 0).size; at < parts.size();) {
      const detect::CodePoint cp = detect::DecodeUtf8(parts, at);
      whole = ComposedLetter(whole, cp.value);
      at += cp.size;
    }
    ASSERT_EQ(whole, letter);
  }
  EXPECT_GT(divided, 11172u + 100u);
}

TEST(OtherSpellings, WhatIsNeverFoundIsSaid) {
  EXPECT_TRUE(NeverFound(R"(\bAKIA\d{4}\b[А-Я][^ab]Größe\bA)").empty());
  EXPECT_EQ(NeverFound(R"(a\x{200b}b)").size(), 1u);
  EXPECT_EQ(NeverFound(R"([\x{200b}-\x{200f}])").size(), 1u);
  EXPECT_EQ(NeverFound(R"(\bАКТ)").size(), 1u);
  EXPECT_EQ(NeverFound(R"(АКТ\b)").size(), 1u);
  EXPECT_EQ(NeverFound(R"([^\x00-\x7f])").size(), 1u);
  EXPECT_EQ(NeverFound(R"([^[:ascii:]]\bФ)").size(), 2u);
}

// ---- whole words
// ---------------------------------------------------------------------------------

TEST(BlockedTerms, AreWholeWordsInOtherAlphabetsToo) {
  const auto chain = WithTerms({"кот", "сор", "Λόγος", "機密", "שלום"});
  ExpectRedacted(*chain, "который скот котik кот_ кот5 кот",
                 "который скот котik кот_ кот5 [REDACTED]");
  ExpectRedacted(*chain, "кот", "[REDACTED]");
  ExpectRedacted(*chain, "(кот)кот銀行", "([REDACTED])[REDACTED]銀行");
  ExpectRedacted(*chain, "сорт", "сорт");
  ExpectRedacted(*chain, "λόγος λόγοςα", "[REDACTED] λόγοςα");
  ExpectRedacted(*chain, "超機密書類, בשלום", "超[REDACTED]書類, ב[REDACTED]");
}

TEST(BlockedTerms, MayBeWrappedAndIndented) {
  const auto chain = WithTerms({" Project Heron ", "a b c"});
  ExpectRedacted(*chain, "Project\r\n\r\n        Heron.", "[REDACTED].");
  ExpectRedacted(*chain, "Project" + std::string(32, ' ') + "Heron", "[REDACTED]");
  ExpectRedacted(*chain, "a    b\n\t\t\tc, a bc", "[REDACTED], a bc");
}

TEST(BlockedTerms, OfManyWordsStayShortEnoughForStreams) {
  std::string term = "k";
  while (term.size() < 250) term += " ks";
  std::vector<std::string> warnings;
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {term.substr(0, 90), "one two three four five six seven"};
  const auto chain = Build(config, {}, &warnings);
  EXPECT_TRUE(warnings.empty()) << warnings[0];
}

}  // namespace
}  // namespace kt::policies
