// Values within source code and JSON that stands in a text as it is: escape sequences in front of
// them, inside them, and doubled at each level of nesting; whole and streamed.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "../detect/base64.h"
#include "chain_fixture.h"

namespace kt::policies {
namespace {

struct Example {
  const char* text;
  const char* redacted;
};

constexpr Example kExamples[] = {
    // A letter of an escape is no part of a word.
    {R"(print("card:\n4111111111111111"))", R"(print("card:\n[CREDIT_CARD]"))"},
    {R"({"a": "ssn\t536-22-8726"})", R"({"a": "ssn\t[SSN]"})"},
    {R"({"a": "x\njane.doe@acme.com"})", R"({"a": "x\n[EMAIL]"})"},
    {R"("a\r\n8.8.8.8 up")", R"("a\r\n[IP_ADDRESS] up")"},
    {R"("\n+44 7671 369594")", R"("\n[PHONE]")"},
    {R"("\n(415) 555-2671")", R"("\n[PHONE]")"},
    {R"(IBAN:\nDE89370400440532013000)", R"(IBAN:\n[IBAN])"},
    {R"({\"a\": \"x\\njane.doe@acme.com\"})", R"({\"a\": \"x\\n[EMAIL]\"})"},
    {R"({\\\"a\\\": \\\"x\\\\n4111111111111111\\\"})",
     R"({\\\"a\\\": \\\"x\\\\n[CREDIT_CARD]\\\"})"},
    // The last digit of an escape neither: one alone is enough, in requests too.
    {"q=card%204111111111111111&x=1", "q=card%20[CREDIT_CARD]&x=1"},
    {"card%3A4111111111111111 x", "card%3A[CREDIT_CARD] x"},
    {R"(a \u003d4111111111111111 b)", R"(a \u003d[CREDIT_CARD] b)"},
    {R"({\"k\": \"\\u0022AKIAIOSFODNN7EXAMPLA\\u0022\"})",
     R"({\"k\": \"\\u0022[API_KEY]\\u0022\"})"},
    {"%22DE89370400440532013000%22", "%22[IBAN]%22"},
    {"ssn%20536-22-8726", "ssn%20[SSN]"},
    {R"("Jane \u003cjane.doe@acme.com\u003e")", R"("Jane \u003c[EMAIL]\u003e")"},
    {R"({\"a\": \"\\u003cjane.doe@acme.com\\u003e\"})", R"({\"a\": \"\\u003c[EMAIL]\\u003e\"})"},
    {"q=%3Cjane.doe@acme.com%3E", "q=%3C[EMAIL]%3E"},
    {R"(\x20jane.doe@acme.com)", R"(\x20[EMAIL])"},
    {R"({"q": "\u201cjane.doe@acme.com\u201d"})", R"({"q": "\u201c[EMAIL]\u201d"})"},
    {R"({\"q\": \"\\u65e5\\u672cjane.doe@acme.com\"})", R"({\"q\": \"\\u65e5\\u672c[EMAIL]\"})"},
    {R"("\ud83d\ude42jane.doe@acme.com")", R"("\ud83d\ude42[EMAIL]")"},
    {"q=%E2%80%9Cjane.doe@acme.com%E2%80%9D", "q=%E2%80%9C[EMAIL]%E2%80%9D"},
    {"q=%3C%22jane.doe@acme.com%22%3E", "q=%3C%22[EMAIL]%22%3E"},
    // What they stand for is read as it is where it stands plainly: as a blank, a dash, nothing.
    {R"({"c": "4111\u00a01111\u00a01111\u00a01111"})", R"({"c": "[CREDIT_CARD]"})"},
    {R"({"c": "4111\u200b111111111111", "d": "\u200b"})",
     R"({"c": "[CREDIT_CARD]", "d": "\u200b"})"},
    {R"({"t": "+33\u00a06\u00a012\u00a034\u00a056\u00a078"})", R"({"t": "[PHONE]"})"},
    {R"({"i": "DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00"})", R"({"i": "[IBAN]"})"},
    {R"({"s": "536\u201122\u20118726"})", R"({"s": "[SSN]"})"},
    {R"({\"m\": \"john.roe\\u200b@acme.com\"})", R"({\"m\": \"[EMAIL]\"})"},
    {R"({"m": "andr\u00e9.dupont@acme.com"})", R"({"m": "[EMAIL]"})"},
    {R"({"m": "andre\u0301.dupont\uff20acme.com"})", R"({"m": "[EMAIL]"})"},
    {"4111&#160;1111&#xA0;1111&#160;1111", "[CREDIT_CARD]"},
    // Two that run into one another: what is left of the second is the same in a stream.
    {R"(\njane.doe@acme.comjane.doe@acme.com x)", R"(\n[EMAIL]@acme.com x)"},
    {R"(\u003ejane.doe@acme.comjane.doe@acme.com x)", R"(\u003e[EMAIL]@acme.com x)"},
    // A word that was glued to it.
    {"x jane.doe@acme.comFiles: y", "x [EMAIL]Files: y"},
    {"x jane.doe@acme.COM, JOE@ACME.Com; joe@acme.cOm", "x [EMAIL], [EMAIL]; [EMAIL]"},
    // A user's number, no escape.
    {R"(CORP\u12345@acme.com)", R"(CORP\[EMAIL])"},
    // A path is no such thing, and names begin with these letters too.
    {R"(C:\new\table nancy@acme.com)", R"(C:\new\table [EMAIL])"},
    {R"(C:\users\nancy@acme.com)", R"(C:\users\n[EMAIL])"},
    // Doubled backslashes.
    {R"(mail jane.doe\u0040acme.com now)", "mail [EMAIL] now"},
    {R"(mail jane.doe\\u0040acme.com now)", "mail [EMAIL] now"},
    {R"(mail jane.doe\\\\\\\\u0040acme.com now)", "mail [EMAIL] now"},
    {R"(x \\u0041bob.smith\\u0040acme.com y)", "x [EMAIL] y"},
    {R"(x \u0041bob.smith\\\\u0040acme.com y)", "x [EMAIL] y"},
    {R"(mail jane.doe\\x40acme.com now)", "mail [EMAIL] now"},
    {R"(card \\u0034111111111111111)", "card [CREDIT_CARD]"},
    // Quotes of JSON in JSON.
    {R"(cfg {\"password\":\"hunter2Zx9\"} ok)", R"(cfg {\"password\":\"[SECRET]\"} ok)"},
    {R"({\"api_key\": \"q8Zr2LkV9xTn4BwYc7Jd\"} ok)", R"({\"api_key\": \"[SECRET]\"} ok)"},
    {R"({\\\"api_key\\\": \\\"q8Zr2LkV9xTn4BwYc7Jd\\\"} ok)",
     R"({\\\"api_key\\\": \\\"[SECRET]\\\"} ok)"},
    {"&#65;bob.smith&#64;acme.com", "[EMAIL]"},
    {"to &#x41;bob.smith&#x40;acme.com now", "to [EMAIL] now"},
    {"card &#52;111111111111111 is", "card [CREDIT_CARD] is"},
    // A row of bytes, whatever divides it.
    {"s = {0x6a, 0x61, 0x6e, 0x65, 0x40, 0x61, 0x63, 0x6d, 0x65, 0x2e, 0x63, 0x6f, 0x6d};",
     "s = {[EMAIL]};"},
    {"0x35 0x33 0x36 0x2d 0x32 0x32 0x2d 0x38 0x37 0x32 0x36", "[SSN]"},
    {"536-22-872 0x36", "536-22-872 0x36"},
    {"card 4111111111111110x31", "card [CREDIT_CARD]"},
    {"card 4111111111111110x312", "card 4111111111111110x312"},
    // One character in several bytes: a long s.
    {"date of birth: 1 mar%c5%bf 1911", "date of birth: [DATE_OF_BIRTH]"},
    {R"(date%20of birth: 1 mar\xc5\xbf 1911)", "date%20of birth: [DATE_OF_BIRTH]"},
    // PHP escapes slashes; what looks like a mail address goes with the password.
    {R"("postgres:\/\/admin:hunter2@db.internal\/x")", R"("postgres:\/\/[CREDENTIALS]\/x")"},
};

TEST(EscapedValues, AreFoundAndTheEscapesBesideThemStay) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  for (const Example& e : kExamples) {
    EXPECT_EQ(Judge(*chain, e.text).text, e.redacted);
    EXPECT_EQ(Judge(*chain, e.text, policy::Phase::kOutput).text, e.redacted);
    for (size_t step = 1; step <= 40; ++step) {
      EXPECT_EQ(Streamed(*chain, e.text, step), e.redacted) << step;
    }
  }
}

// What stands behind an escape is read together with it, up to a length that no text behind that
// has a say in.
TEST(EscapedValues, AreFoundBeforeALongWord) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  const std::string before = R"({"a": "x\npassport )", word(170, 'x');
  for (size_t blanks = 0; blanks < 160; blanks += 7) {
    const std::string after = "\"" + std::string(blanks, ' ') + word + R"( \x41)";
    const std::string whole =
        Judge(*chain, before + "123456789" + after, policy::Phase::kOutput).text;
    EXPECT_EQ(whole, before + "[PASSPORT]" + after);
    for (const size_t step : {1, 3, 20, 150}) {
      EXPECT_EQ(Streamed(*chain, before + "123456789" + after, step), whole) << step;
    }
  }
}

// The first half of a pair is no sign that a value has ended.
TEST(EscapedValues, GoOnBehindAPairThatIsCut) {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  config.pii_detector.entities = {"all"};
  config.pii_detector.healthcare_mode = true;
  const auto chain = Build(config);
  const std::string high = "\xED\xAD\x80", low = "\xED\xB1\x81";  // nothing that is seen
  for (const auto& [begin, end, whole] : {std::tuple<std::string, std::string, std::string>(
                                              "&#6card holder name: Jane Q. ", "Doe there.",
                                              "&#6card holder name: [CARD_HOLDER] there."),
                                          {"A&#66 11&#32&#5", "1;111C", "[NINO]"}}) {
    const std::string text = begin + high + low + end;
    EXPECT_EQ(Judge(*chain, text, policy::Phase::kOutput).text, whole);
    policy::ChainRun run(*chain, {});
    std::string out;
    size_t from = 0;
    for (const size_t to : {begin.size() + high.size(), text.size()}) {
      std::vector<policy::TextEdit> edits;
      size_t cleared = 0;
      ASSERT_FALSE(run.JudgeDelta(text.substr(0, to), from, to == text.size(),
                                  openai::Role::kAssistant, &cleared, &edits));
      out += Edited(text, edits, from, cleared);
      from = cleared;
    }
    EXPECT_EQ(out, whole);
  }
}

// A word that begins before the surroundings of an escape is none that begins with them.
TEST(EscapedValues, AreNoHalvesOfWords) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  for (size_t before = 140; before < 180; ++before) {
    const std::string text = "\\n" + std::string(before, 'x') + "PAT-xxx1xxx110mGc2HR7h\"\\x11";
    const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
    for (const size_t step : {1, 3, 20, 150}) {
      EXPECT_EQ(Streamed(*chain, text, step), whole) << before << ", " << step;
    }
  }
}

TEST(EscapedValues, WithALongWordInFrontAreNoHalvesOfItEither) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  const std::string digits =
      "f8987f4da5242bab371d749d83db2081569d97749cc1a053c4964fc2bd1fb2cc65f83e2f18f6b9G";
  for (size_t before = 10; before < 120; ++before) {
    std::string word = std::string(before, 'x');
    for (int i = 0; i < 22; ++i) word += "1xxx";
    const std::string text = word + "1x" + digits + R"(\x31ZV)";
    const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
    for (const size_t step : {1, 3, 20, 150}) {
      EXPECT_EQ(Streamed(*chain, text, step), whole) << before << ", " << step;
    }
  }
}

// A token is longer than what else is read behind an escape.
TEST(EscapedValues, AreFoundToTheirEndHoweverLongTheyAre) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  for (const size_t size : {1, 40, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 300, 1500}) {
    std::string claims;
    for (size_t i = 0; i < size; ++i) claims += static_cast<char>('a' + i * i % 23);
    const std::string token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIx" + claims +
                              ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    for (const std::string before : {R"("a\n)", R"({\"t\": \"\\u0022)", "see /?u=%2Fa%3F"}) {
      for (const std::string after : {"", " x", "\"", R"(\u0022, \"b\": 1})", "%26b=%41 and on"}) {
        const std::string text = before + token + after, redacted = before + "[API_KEY]" + after;
        EXPECT_EQ(Judge(*chain, text).text, redacted);
        EXPECT_EQ(Judge(*chain, text, policy::Phase::kOutput).text, redacted);
        for (const size_t step : {1, 7, 150, 700}) {
          if (step == 1 && size > 100) continue;
          ASSERT_EQ(Streamed(*chain, text, step), redacted) << step;
        }
      }
    }
  }
}

// Several of one rule in one token: what else stands in the text does not say which names it.
TEST(EncodedValues, AreNamedByTheFirstOfThem) {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  config.pii_detector.entities = {"all"};
  const auto chain = Build(config);
  const std::string token =
      detect::Base64("It is 911-70-1234 (card: 756.9217.0769.85 or 51 824 753 556)", false, true);
  const auto times = [](int n, const std::string& what) {
    std::string all;
    for (; n > 0; --n) all += what;
    return all;
  };
  for (int before = 0; before < 24; ++before) {
    for (int behind = 0; behind < 24; ++behind) {
      const std::string text = times(before, "jane.doe@acme-mail.com ") + token +
                               times(behind, " jane.doe@acme-mail.com");
      const std::string redacted = times(before, "[EMAIL] ") + "[ITIN]" + times(behind, " [EMAIL]");
      ASSERT_EQ(Judge(*chain, text, policy::Phase::kOutput).text, redacted) << before;
      if (before % 8 == 3) {
        ASSERT_EQ(Streamed(*chain, text, 90), redacted);
      }
    }
  }
}

TEST(EscapedValues, HarmlessCodeKeepsItsBytes) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  for (const char* text :
       {R"(printf("%d\n%s\tv1.2.3.4 of\n", a, b);)", R"(C:\temp\new\readme.txt)",
        R"("\\d{3}\\-\\d{2}" \/\* no \*\/ 01\/02\/2024)", R"(\n\n\n\t\t\\\\\\ \u \u00 \\u00)"}) {
    EXPECT_EQ(Judge(*chain, text).text, text);
    for (const size_t step : {1, 2, 3, 7}) EXPECT_EQ(Streamed(*chain, text, step), text) << step;
  }
}

}  // namespace
}  // namespace kt::policies
