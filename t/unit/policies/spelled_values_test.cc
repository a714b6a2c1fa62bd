// Values that are spelled out: character by character, or as numbers; whole and streamed.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

// `value` with `divider` between its characters.
std::string Spelled(std::string_view value, std::string_view divider) {
  std::string out;
  for (const char c : value) {
    if (!out.empty()) out += divider;
    out.push_back(c);
  }
  return out;
}

// Each byte by a printf format, with `divider` between them.
std::string Numbers(std::string_view value, const char* format, std::string_view divider) {
  std::string out;
  for (const char c : value) {
    if (!out.empty()) out += divider;
    char number[16];
    std::snprintf(number, sizeof number, format, static_cast<unsigned>(c));
    out += number;
  }
  return out;
}

std::string Binary(std::string_view value, std::string_view divider) {
  std::string out;
  for (const char c : value) {
    if (!out.empty()) out += divider;
    for (int bit = 7; bit >= 0; --bit) out.push_back((c >> bit & 1) != 0 ? '1' : '0');
  }
  return out;
}

struct Value {
  const char* value;
  const char* marker;
};
constexpr Value kValues[] = {
    {"jane.doe@acme-mail.com", "[EMAIL]"}, {"4111111111111111", "[CREDIT_CARD]"},
    {"DE89370400440532013000", "[IBAN]"},  {"536-22-8726", "[SSN]"},
    {"AKIA3QWXRTZ7BNM2KLP9", "[API_KEY]"}, {"sk-proj-9fQz7LkV2xTn4BwYc8JdR5m", "[API_KEY]"},
};
constexpr const char* kDividers[] = {" ",  "-",  ".",    "_",    "/",   "*",      " - ",
                                     "  ", "\n", "\r\n", "\n- ", " | ", "\u00B7", " \u2022 "};

class SpelledValues : public testing::Test {
 protected:
  void Expect(const std::string& text, const std::string& redacted) {
    EXPECT_EQ(Judge(*chain_, text).text, redacted);
    EXPECT_EQ(Judge(*chain_, text, policy::Phase::kOutput).text, redacted);
    for (const size_t step : {1, 2, 3, 5, 7, 16, 33, 80}) {
      EXPECT_EQ(Streamed(*chain_, text, step), redacted) << text << "\n step " << step;
    }
  }
  void ExpectSame(const std::string& text) { Expect(text, text); }

  const std::unique_ptr<const policy::Chain> chain_ = Build(ConfigWith({"pii-detector"}));
};

TEST_F(SpelledValues, AreFoundWhateverDividesThem) {
  for (const Value& v : kValues) {
    for (const std::string divider : kDividers) {
      const std::string spelled = Spelled(v.value, divider);
      const std::string name = std::string_view(v.marker) == "[CREDIT_CARD]" ? "The card" : "It";
      Expect(name + " is: " + spelled, name + " is: " + v.marker);
      Expect(name + " is " + spelled + " and so on.", name + " is " + v.marker + " and so on.");
      // Digits that are divided as in a table want a name.
      const bool listed = name == "The card" && divider.find_first_of("|\n") != divider.npos;
      Expect("(" + spelled + ")", "(" + (listed ? spelled : v.marker) + ")");
    }
  }
}

TEST_F(SpelledValues, AreFoundInListsOfCharacters) {
  Expect("['" + Spelled("jane@acme.com", "', '") + "']", "['[EMAIL]']");
  Expect("[\"" + Spelled("jane@acme.com", "\",\"") + "\"]", "[\"[EMAIL]\"]");
  Expect("[\n  \"" + Spelled("jane@acme.com", "\",\n  \"") + "\"\n]", "[\n  \"[EMAIL]\"\n]");
  Expect(Spelled("jane@acme.com", ", "), "[EMAIL]");
}

TEST_F(SpelledValues, AreFoundInGroups) {
  Expect("4 1 1 1  1 1 1 1  1 1 1 1  1 1 1 1", "[CREDIT_CARD]");
  Expect("4-1-1-1 1-1-1-1 1-1-1-1 1-1-1-1", "[CREDIT_CARD]");
  Expect("A K I A  3 Q W X  R T Z 7  B N M 2  K L P 9", "[API_KEY]");
  Expect("j a n e  @  a c m e  .  c o m", "[EMAIL]");
  Expect("j a n e @ a c m e . c o m   b o b @ a c m e . c o m", "[EMAIL]");
  Expect("j a n e\n@ a c m e\n. c o m", "[EMAIL]");
}

TEST_F(SpelledValues, AreFoundAsNumbers) {
  for (const Value& v : kValues) {
    for (const std::string divider : {" ", ":", "-", ", ", ",", "\n", " %", "="}) {
      Expect("is: " + Numbers(v.value, "%02x", divider), std::string("is: ") + v.marker);
      Expect("is: " + Numbers(v.value, "%02X", divider) + ";",
             std::string("is: ") + v.marker + ";");
      Expect(Numbers(v.value, "%u", divider) + " ok", std::string(v.marker) + " ok");
    }
    for (const std::string divider : {" ", ", ", ","}) {
      Expect("{" + Numbers(v.value, "0x%02x", divider) + "}", std::string("{") + v.marker + "}");
      Expect("is: " + Binary(v.value, divider), std::string("is: ") + v.marker);
    }
    Expect(Numbers(v.value, "U+%04X", " "), std::string("U+") + v.marker);
    Expect("\"" + Numbers(v.value, "\\%03o", "") + "\"", std::string("\"\\") + v.marker + "\"");
    Expect(Numbers(v.value, "&#%u;", " "), std::string("&#") + v.marker + ";");
    Expect(Numbers(v.value, "=%02X", ""), std::string("=") + v.marker);
  }
}

// Two pieces, wherever the text is cut: nothing of the value leaves with the first one.
TEST_F(SpelledValues, LetNothingOutAtAnyCut) {
  for (const Value& v : kValues) {
    for (const std::string& spelled :
         {Spelled(v.value, " "), Spelled(v.value, ".\n"), Numbers(v.value, "%02x", ":"),
          Numbers(v.value, "%u", ", "), Binary(v.value, " ")}) {
      const std::string before = "I am a card: ", text = before + spelled + " it is.";
      const std::string whole = Judge(*chain_, text, policy::Phase::kOutput).text;
      EXPECT_EQ(whole, before + v.marker + " it is.");
      for (size_t cut = 1; cut < text.size(); ++cut) {
        policy::ChainRun run(*chain_, {});
        std::vector<policy::TextEdit> edits;
        size_t cleared = 0, from = 0;
        ASSERT_FALSE(run.JudgeDelta(text.substr(0, cut), 0, false, openai::Role::kAssistant,
                                    &cleared, &edits));
        std::string out = Edited(text, edits, 0, cleared);
        EXPECT_TRUE(whole.starts_with(out)) << out;
        from = cleared;
        ASSERT_FALSE(run.JudgeDelta(text, from, true, openai::Role::kAssistant, &cleared, &edits));
        EXPECT_EQ(out + Edited(text, edits, from, cleared), whole) << cut;
      }
    }
  }
}

TEST_F(SpelledValues, HarmlessRowsStayAsTheyAre) {
  for (const char* text : {
           "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
           "a, b, c, d, e, f, g, h, i, j and k",
           "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O b5 6. Bb3",
           "8 r n b q k b n r\n7 p p p p p p p p\n2 P P P P P P P P\n1 R N B Q K B N R",
           "A C G T T G C A A C G T A C G T T T A G C A C G T A",
           "Press 1 for sales, 2 for support, 3 for billing, 4 for hours, 5 to hear this again.",
           "5 3 . . 7 . . . .\n6 . . 1 9 5 . . .\n. 9 8 . . . . 6 .\n8 . . . 6 . . . 3",
           "0 1 1 0 1 0 0 1 1 0 1 0 1 1 0 0 1 0 1\n1 1 0 0 1 0 1 1 0 1 0 0 1 0 1 1 0 1 0",
           "4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1",
           "4\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1",
           "7f 45 4c 46 02 01 01 00 00 00 00 00 00 00 00 00 03 00 3e 00 01 00 00 00",
           "12 24 36 48 60 72 84 96 108 120 12 24 36 48 60 72 84 96 108 120",
           "for (i = 0; i < n; i++) { a[i] = b[i] + c * d[i] - e / f; }",
           "x = a @ b . T; y = [1, 0, 0, 1], z = (0.5, 1.5, 2.5, 3.5)",
           "10:15, 10:30, 10:45, 11:00, 11:15, 11:30 and 2024-01-02 03:04:05",
           "v1.2.3, v1.2.4, v1.2.5, 2.0.0-rc.1 and i.e. e.g. a.m. p.m. U.S.A.",
           "#ff 7a 33, #10 20 30, rgb(106, 97, 110), rgba(101, 64, 97, 0.5)",
       }) {
    ExpectSame(text);
  }
}

TEST_F(SpelledValues, LongTermsOfTheUserAreFoundToo) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {"Bluebird-42", "lion"};
  config.dlp_filter.action = config::Action::kRedact;
  const auto chain = Build(config);
  EXPECT_EQ(Judge(*chain, "it is b l u e b i r d - 4 2 now").text, "it is [REDACTED] now");
  EXPECT_EQ(Judge(*chain, "a list: l i o n").text, "a list: l i o n");  // too short to be sure
}

}  // namespace
}  // namespace kt::policies
