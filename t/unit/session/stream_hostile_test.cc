// A value of every type that is shipped, in every place of a stream, cut at every character, under
// every spelling that the wire allows: the client gets what a whole answer would have held.
#include <random>

#include "../detect/regex_sampler.h"
#include "../policies/chain_fixture.h"
#include "../policies/sample_values.h"
#include "stream_against_whole.h"

namespace kt::session {
namespace {

class StreamHostile : public StreamAgainstWhole {
 protected:
  // A random text of `parts`, spelt and cut at random, in a random place.
  static void ExpectRandomAsWhole(const std::vector<std::string>& parts, std::mt19937* random,
                                  const Gateway& gateway = *gateway_);
};

// Texts that hold a value: those above, and for each rule one that its expression gives.
const std::vector<std::string>& Texts() {
  static const std::vector<std::string>* const texts = [] {
    auto* made = new std::vector<std::string>();
    for (const char* value : policies::kSampleValues) made->push_back(value);
    config::PolicyConfig config = policies::ConfigWith({"pii-detector"});
    config.pii_detector.entities = {"all"};
    config.pii_detector.healthcare_mode = true;
    const auto chain = policies::Build(config);
    detect::RegexSampler sampler(11);
    for (detect::RuleId id = 0; id < chain->matcher().size(); ++id) {
      const detect::Rule& rule = chain->matcher().rule(id);
      if (!rule.output) continue;
      const detect::RegexNode tree =
          std::move(detect::ParseRegex(rule.pattern, rule.ignore_case)).value();
      for (int i = 0; i < 60; ++i) {
        std::string value = sampler.Sample(tree);
        if (value.size() > 120 || value.find('\0') != value.npos) continue;
        const std::string text = "See " + value + " there.";
        if (policies::Judge(*chain, text, policy::Phase::kOutput).text == text) continue;
        made->push_back(std::move(value));
        break;
      }
    }
    return made;
  }();
  return *texts;
}

TEST_F(StreamHostile, EveryValueInEveryPlaceAtEveryCut) {
  ASSERT_GT(Texts().size(), 120u);
  std::mt19937 random(5);
  for (const std::string& value : Texts()) {
    for (const Place& place : Places()) {
      const std::string text = Wrapped(place, value);
      ASSERT_NE(Whole(place, text), place.whole(json::Quote(text))) << value;
      const int form = static_cast<int>(random() % 3);
      const size_t units = Units(text, form).size();
      // All cuts in the first place; in the others some, not the same for each value.
      const size_t step = &place == &Places()[0] ? 1 : 5;
      for (size_t cut = 1 + random() % step; cut < units; cut += step) {
        ExpectAsWhole(place, text, form, {cut}, static_cast<int>(random() % 4), SIZE_MAX / 2);
        if (HasFatalFailure()) FAIL() << "cut " << cut << " form " << form;
      }
    }
  }
}

const char* const kFillers[] = {
    " ",     "",   ", ", "\n",           "x",  "1",       "-", ".",
    "@",     "%",  "&",  "\\",           "\"", "/",       "é", "e\xCC\x81",
    "ssn ",  "+",  "id", "\xE2\x80\x8B", "=",  "http://", "(", "\xF0\x9F\x98\x80",
    "key: ", "  ", "\t", "aGVs",         "_",  "[",       "]"};

void StreamHostile::ExpectRandomAsWhole(const std::vector<std::string>& parts, std::mt19937* random,
                                        const Gateway& gateway) {
  const auto below = [random](size_t n) { return (*random)() % n; };
  const Place& place = Places()[below(Places().size())];
  std::string value;
  for (size_t i = 0, n = 1 + below(6); i < n; ++i) {
    if (below(3) > 0) value += kFillers[below(std::size(kFillers))];
    value += parts[below(parts.size())];
    if (below(3) > 0) value += kFillers[below(std::size(kFillers))];
  }
  const bool deep = below(2) == 0;
  const std::string text = Wrapped(place, value, deep);
  const int form = static_cast<int>(below(3));
  const size_t units = Units(text, form).size();
  std::vector<size_t> cuts;
  const size_t longest = 1 + below(below(2) == 0 ? 3 : 40);
  for (size_t at = below(longest) + 1; at < units; at += 1 + below(longest)) cuts.push_back(at);
  ExpectAsWhole(place, text, form, cuts, static_cast<int>(below(4)), 1 + below(2000), gateway);
}

TEST_F(StreamHostile, TextsOfManyValuesInPiecesOfAnySize) {
  std::mt19937 random(Setting("KT_SEED", 23));
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 3000); round < rounds; ++round) {
    ExpectRandomAsWhole(Texts(), &random);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(StreamHostile, EverySettingOfMarkersAndActions) {
  std::vector<std::string> parts = Texts();
  for (const char* part : {"[EMAIL_1]", "[CREDIT_CARD_1]", "[EMAIL_2]", "[EMAIL_", "[[EMAIL_1]]",
                           "EMAIL_1", "[EMAIL_11]", "[email_1]"}) {
    for (int i = 0; i < 12; ++i) parts.emplace_back(part);
  }
  const std::string pii = "[pii-detector, audit-logger]";
  const auto with = [](const std::string& settings) {
    return "policy: {pii-detector: {entities: all, " + settings + "}}\n";
  };
  const std::pair<std::string, std::string> configs[] = {
      {pii, with("redaction: {marker_format: reversible}")},
      {pii, with("redaction: {marker_format: asterisk, preserve_length: true}")},
      {pii, with("redaction: {marker_format: partial, preserve_length: true}")},
      {pii, with("redaction: {marker_format: partial}")},
      {pii, with("redaction: {custom_markers: {EMAIL_ADDRESS: '<é & co>'}}")},
      {"[{pii-detector: {stage: output}}, audit-logger]", with("action: block")},
      {pii, with("action: log")},
      {"[{pii-detector: {streaming_mode: buffered}}, audit-logger]",
       with("redaction: {marker_format: reversible}")},
      {"[safety-filter, dlp-filter, pii-detector, audit-logger]",
       "policy: {dlp-filter: {blocked_terms: [Zonk], detect_patterns: ['acme-[a-z]+']}}\n"},
  };
  for (const auto& [chain, policy] : configs) {
    const auto gateway = MakeGateway(Yaml(OneTarget(), chain, policy));
    std::mt19937 random(Setting("KT_SEED", 29));
    for (size_t round = 0, rounds = Setting("KT_ROUNDS", 600); round < rounds; ++round) {
      ExpectRandomAsWhole(parts, &random, *gateway);
      if (HasFatalFailure()) FAIL() << "round " << round << " of " << policy;
    }
  }
}

}  // namespace
}  // namespace kt::session
