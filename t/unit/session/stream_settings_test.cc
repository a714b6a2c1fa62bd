// Settings of several policies together, terms that are misspelt, events spelt in every way: the
// client of a stream gets what a whole answer would have held, or the beginning of it.
#include <cctype>

#include "random_streams.h"

namespace kt::session {
namespace {

const char* const kTerms[] = {"Project Heron", "Zonkwork Alpha Nine", "blue-harbour", "Kestrel"};
const char* const kPlaceholders[] = {"[EMAIL_1]", "[EMAIL_2]", "[CREDIT_CARD_1]", "[EMAIL_",
                                     "[[EMAIL_1]]"};
const char* const kFillers[] = {" ",
                                " ",
                                " ",
                                ", ",
                                "\n",
                                "x",
                                "1",
                                "-",
                                ".",
                                "@",
                                "%",
                                "\\",
                                "\"",
                                "/",
                                "é",
                                "= ",
                                "\xE2\x80\x8B",
                                "(",
                                "\xF0\x9F\x98\x80",
                                "key: ",
                                "the plan of ",
                                "It was late. ",
                                ""};

class StreamSettings : public RandomStreams {
 protected:
  StreamSettings() : RandomStreams(83) {}

  void SetUp() override {
    framed_ = [this](const std::string& json) { return spelling_.Framed(spelling_.Json(json)); };
  }
  void TearDown() override {
    framed_ = [](const std::string& json) { return Event(json); };
  }
  std::string Misspelt(std::string term);
  std::string Hostile(bool values);
};

// Up to four letters are missing, added, wrong or swapped.
std::string StreamSettings::Misspelt(std::string term) {
  for (size_t i = Below(5); i > 0 && term.size() > 2; --i) {
    const size_t at = 1 + Below(term.size() - 1);
    switch (Below(5)) {
      case 0:
        term.erase(at, 1);
        break;
      case 1:
        term.insert(at, 1, static_cast<char>('a' + Below(26)));
        break;
      case 2:
        term[at] = static_cast<char>('a' + Below(26));
        break;
      case 3:
        std::swap(term[at], term[at - 1]);
        break;
      default:
        term[at] = static_cast<char>(std::toupper(static_cast<unsigned char>(term[at])));
    }
  }
  return term;
}

// `values`: of what all policies look for, not only the terms.
std::string StreamSettings::Hostile(bool values) {
  std::string text;
  for (size_t i = 0, n = 1 + Below(6); i < n; ++i) {
    text += OneOf(kFillers);
    switch (Below(values ? 6 : 3)) {
      case 0:
      case 1:
        text += Misspelt(OneOf(kTerms));
        break;
      case 2:
        text += OneOf(kTerms).substr(0, 1 + Below(12));
        break;
      case 3:
        text += OneOf(kPlaceholders);
        break;
      default:
        text += OneOf(policies::kSampleValues);
    }
    text += OneOf(kFillers);
  }
  return text;
}

std::string Dlp(const std::string& more) {
  return "dlp-filter: {blocked_terms: ['Project Heron', 'Zonkwork Alpha Nine', 'blue-harbour', "
         "Kestrel]" +
         more + "}";
}
std::string Pii(const std::string& redaction) {
  return "pii-detector: {entities: all, redaction: {" + redaction + "}}";
}
std::string Policies(const std::string& one, const std::string& other) {
  return "policy:\n  " + one + "\n  " + other + "\n";
}

TEST_F(StreamSettings, PoliciesTogetherEditStreamsAsTheyDoWholeAnswers) {
  const std::string fuzzy = ", fuzzy_matching: true, max_distance: 3";
  const std::string dlp_first = "[dlp-filter, pii-detector, audit-logger]";
  const std::string pii_first = "[pii-detector, dlp-filter, audit-logger]";
  const struct {
    std::string chain, policy;
  } configs[] = {
      {dlp_first, Policies(Dlp(fuzzy), Pii("marker_format: label"))},
      {dlp_first, Policies(Dlp(fuzzy), Pii("marker_format: reversible"))},
      {pii_first, Policies(Dlp(fuzzy + ", sensitivity_level: high"),
                           Pii("marker_format: hash, hash_key_ref: {env: KEY}"))},
      {pii_first,
       Policies(Dlp(", sensitivity_level: restricted"),
                Pii("marker_format: reversible, custom_markers: {US_SSN: '[EMAIL_1]'}"))},
      {pii_first, Policies(Dlp(", detect_patterns: ['Kestrel[ -]\\w{1,20}', '\\d{4}$']"),
                           Pii("marker_format: partial, preserve_length: true"))},
      {"[{pii-detector: {streaming_mode: buffered}}, dlp-filter, audit-logger]",
       Policies(Dlp(fuzzy), Pii("marker_format: reversible"))},
      {"[pii-detector, {dlp-filter: {stage: input}}, audit-logger]",
       Policies(Dlp(fuzzy), Pii("marker_format: asterisk"))},
      {"[pii-detector, {dlp-filter: {when: {path: /v1/chat}}}, audit-logger]",
       Policies(Dlp(fuzzy), Pii("marker_format: label"))},
      // The second reads what the first one would have taken out.
      {"[pii-detector, dlp-filter, audit-logger]",
       Policies(Dlp(", detect_patterns: ['EMAIL', 'acme-[a-z]+\\.com']"),
                Pii("marker_format: reversible"))},
      {"[safety-filter, pii-detector, audit-logger]",
       Policies("safety-filter: {action: log, block_if: ['Project Heron']}",
                Pii("marker_format: label"))},
  };
  for (const auto& [chain, policy] : configs) {
    const auto gateway = MakeGateway(Yaml(OneTarget(), chain, policy));
    for (size_t round = 0, rounds = Setting("KT_ROUNDS", 120); round < rounds; ++round) {
      const Place& place = Places()[Below(Places().size())];
      const std::string text = Wrapped(place, Hostile(true), Below(2) == 0);
      const int form = static_cast<int>(Below(3));
      ExpectAsWhole(place, text, form, Cuts(Units(text, form).size()), static_cast<int>(Below(4)),
                    1 + Below(2000), *gateway);
      if (HasFatalFailure()) FAIL() << "round " << round << " of " << chain << "\n" << policy;
    }
  }
}

// What goes out of a blocked text is the beginning of what a twin that redacts sends, up to its
// first marker.
TEST_F(StreamSettings, OfAMisspeltTermThatBlocksNoByteGoesOut) {
  const auto with = [](const std::string& chain, const std::string& policy) {
    return MakeGateway(Yaml(OneTarget(), chain, "policy: {" + policy + "}\n"));
  };
  const std::string fuzzy = ", fuzzy_matching: true, max_distance: 4";
  const std::string dlp = "[{dlp-filter: {stage: output}}, audit-logger]";
  const auto redacting = with(dlp, Dlp(fuzzy + ", action: redact"));
  const std::string terms =
      "safety-filter: {mode: permissive, block_if: ['Project Heron', 'Zonkwork Alpha Nine', "
      "'blue-harbour', Kestrel]";
  std::vector<std::unique_ptr<const Gateway>> blocking;
  blocking.push_back(with(dlp, Dlp(fuzzy + ", action: block")));
  blocking.push_back(with("[safety-filter, audit-logger]", terms + fuzzy + "}"));
  size_t blocked = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 400); round < rounds; ++round) {
    const Gateway& gateway = *blocking[round % 2];
    const Place& place = Places()[Below(Places().size())];
    if (place.apart) continue;  // blocks more
    const std::string text = Wrapped(place, Hostile(false), Below(2) == 0);
    const int form = static_cast<int>(Below(3));
    const std::vector<std::string> units = Units(text, form);
    const std::vector<size_t> cuts = Cuts(units.size());
    const Got got = Streamed(place, units, cuts, 0, 1 + Below(500), gateway);
    const Got twin = Streamed(place, units, cuts, 0, 1 + Below(500), *redacting);
    ASSERT_TRUE(twin.complete) << text << "\n" << twin.error;
    const size_t marker = twin.text.find("[REDACTED]");
    const bool blocks = Whole(place, text, gateway).find("policy_violation") != std::string::npos;
    ASSERT_EQ(blocks, marker != std::string::npos) << text;
    ASSERT_EQ(got.complete, !blocks) << text;
    // The first half of a pair may have gone out alone.
    std::string_view begin = got.text;
    if (begin.ends_with("\xEF\xBF\xBD")) begin.remove_suffix(3);
    ASSERT_TRUE(twin.text.substr(0, marker).starts_with(begin))
        << place.name << ": " << text << "\n"
        << got.text << "\n"
        << twin.text;
    blocked += blocks ? 1 : 0;
  }
  EXPECT_GT(blocked, Setting("KT_ROUNDS", 400) / 4);
}

}  // namespace
}  // namespace kt::session
