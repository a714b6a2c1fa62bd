// Random patterns of a user's own, with anchors, word borders, flags, alternatives and repeats: the
// client of a stream gets what a whole answer would have held, however it is cut.
#include "random_streams.h"

namespace kt::session {
namespace {

// Few letters, so that random patterns match random texts.
const char* const kAtoms[] = {"a",
                              "b",
                              "c",
                              "(?:ab)",
                              "[ab]",
                              "[^c]",
                              ".",
                              "\\w",
                              "\\d",
                              "\\s",
                              "1",
                              " ",
                              "é",
                              "\\pL",
                              "[[:^digit:]]",
                              "\\\\",
                              "\"",
                              "@",
                              "\\n",
                              "\\[",
                              "\\W",
                              "-",
                              "[^\\n]",
                              "\\x{1F600}",
                              "(?:REDACTED)",
                              "(?:b{2})",
                              "A",
                              "(?:[0-9]{2})",
                              "(?:ab|a)",
                              "(?:EMAIL)",
                              "к",
                              "[а-я]",
                              "(?:ВТ)",
                              "й",
                              "[à-ÿ]"};
const char* const kRepeats[] = {"",  "",      "",    "",   "*",  "+",
                                "?", "{0,3}", "{2}", "*?", "+?", "{1,40}"};
const char* const kBorders[] = {"^", "$", "\\b", "\\B", "\\A", "\\z"};
const char* const kFlags[] = {"", "", "", "(?i)", "(?m)", "(?s)", "(?im)", "(?U)"};
const char* const kWords[] = {"a",
                              "b",
                              "c",
                              "ab",
                              "aab",
                              "abc",
                              "1",
                              "12",
                              " ",
                              " ",
                              "\n",
                              "é",
                              "\\",
                              "\"",
                              "@",
                              "-",
                              "A",
                              ".",
                              "bb",
                              "cc",
                              "\t",
                              "[",
                              "]",
                              "\r\n",
                              "\xF0\x9F\x98\x80",
                              "[REDACTED]",
                              "[EMAIL]",
                              "[EMAIL_1]",
                              "aaaaaaaaaaaaaaaa",
                              "ВТ",
                              "сок",
                              "и\u0306",
                              "ж",
                              "k",
                              "\u200B",
                              "jane.doe@acme-mail.com"};

class StreamPatterns : public RandomStreams {
 protected:
  StreamPatterns() : RandomStreams(29) {}

  std::string Sequence(size_t depth);
  std::string Patterns();
  std::string Text();
};

std::string StreamPatterns::Sequence(size_t depth) {
  std::string out;
  for (size_t i = 0, n = 1 + Below(4); i < n; ++i) {
    if (Below(7) == 0) out += OneOf(kBorders);
    if (depth > 0 && Below(5) == 0) {
      const std::string one = Sequence(depth - 1), other = Sequence(depth - 1);
      out += "(" + one + "|" + other + ")" + OneOf(kRepeats);
    } else {
      out += OneOf(kAtoms) + OneOf(kRepeats);
    }
    if (Below(9) == 0) out += OneOf(kBorders);
  }
  return out;
}

// Up to three, as a list in YAML.
std::string StreamPatterns::Patterns() {
  std::string list;
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
    const std::string flags = OneOf(kFlags);
    list += (i > 0 ? ", " : "[") + json::Quote(flags + Sequence(2));
  }
  return list + "]";
}

std::string StreamPatterns::Text() {
  std::string text;
  for (size_t i = 0, n = 1 + Below(Below(8) == 0 ? 200 : 14); i < n; ++i) text += OneOf(kWords);
  return text;
}

TEST_F(StreamPatterns, EditStreamsAsTheyDoWholeAnswers) {
  const std::pair<const char*, const char*> chains[] = {
      {"pii-detector", "[{pii-detector: {stage: output}}, audit-logger]"},
      {"dlp-filter", "[{dlp-filter: {stage: output}}, audit-logger]"},
      {"dlp-filter", "[pii-detector, {dlp-filter: {stage: output}}, audit-logger]"}};
  size_t edited = 0, compared = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 40); round < rounds; ++round) {
    const auto& [kind, chain] = chains[Below(std::size(chains))];
    const std::string patterns = Patterns();
    std::unique_ptr<const Gateway> gateway;
    try {
      gateway = With(chain, kind, "detect_patterns: " + patterns);
    } catch (const std::invalid_argument&) {
      continue;  // it matches the empty text, say
    }
    for (size_t i = 0; i < 12; ++i) {
      const Place& place = Places()[Below(Places().size())];
      const std::string text = Wrapped(place, Text(), Below(2) == 0);
      SCOPED_TRACE(patterns + " of " + chain);
      const int form = static_cast<int>(Below(3)), eol = static_cast<int>(Below(4));
      const std::vector<std::string> units = Units(text, form);
      const std::vector<size_t> cuts = Cuts(units.size());
      const std::string whole = Whole(place, text, *gateway);
      if (IsBlocked(whole)) {  // the pattern matches what stands around the text, an id
        const Got got = Streamed(place, units, cuts, eol, 1 + Below(2000), *gateway);
        ASSERT_EQ(got.error, "output_blocked") << place.name << ": " << text;
        continue;
      }
      ++compared;
      edited += whole.find("[REDACTED]") != whole.npos || whole.find("[CUSTOM]") != whole.npos;
      ExpectAsWhole(place, text, form, cuts, eol, 1 + Below(2000), *gateway);
      if (HasFatalFailure()) FAIL() << "round " << round;
    }
  }
  EXPECT_GT(compared, 6 * Setting("KT_ROUNDS", 40));
  EXPECT_GT(edited, compared / 4);
}

// Of a text that is blocked goes out what a twin that redacts sends before its first marker.
TEST_F(StreamPatterns, BlockStreamsBeforeAByteOfAMatchGoesOut) {
  const std::string chain = "[{dlp-filter: {stage: output}}, audit-logger]";
  size_t blocked = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 30); round < rounds; ++round) {
    const std::string patterns = "detect_patterns: " + Patterns();
    std::unique_ptr<const Gateway> blocking, redacting;
    try {
      blocking = With(chain, "dlp-filter", "action: block, " + patterns);
      redacting = With(chain, "dlp-filter", "action: redact, " + patterns);
    } catch (const std::invalid_argument&) {
      continue;
    }
    for (size_t i = 0; i < 8; ++i) {
      const Place& place = Places()[Below(3)];  // nothing but the text stands in these
      const std::string text = Text();
      SCOPED_TRACE(patterns + " of " + place.name + ": " + text);
      const bool blocks = IsBlocked(Whole(place, text, *blocking));
      const std::vector<std::string> units = Units(text, 0);
      const std::vector<size_t> cuts = Cuts(units.size());
      const Got got = Streamed(place, units, cuts, 0, 1 + Below(500), *blocking);
      const Got twin = Streamed(place, units, cuts, 0, 1 + Below(500), *redacting);
      ASSERT_EQ(got.complete, !blocks);
      ASSERT_EQ(got.error, blocks ? "output_blocked" : "");
      if (twin.error == "output_blocked") continue;  // the pattern matches an id
      ASSERT_TRUE((blocks ? twin.text : text).starts_with(got.text)) << got.text << "\n"
                                                                     << twin.text;
      ASSERT_TRUE(blocks || got.text == text) << got.text;
      blocked += blocks ? 1 : 0;
    }
  }
  EXPECT_GT(blocked, Setting("KT_ROUNDS", 30));
}

}  // namespace
}  // namespace kt::session
