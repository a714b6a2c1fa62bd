// Hostile texts in every place of a stream against the same text in a whole answer.
#include "../policies/chain_fixture.h"
#include "../policies/hostile_text.h"
#include "stream_against_whole.h"

namespace kt::session {
namespace {

class StreamWhole : public StreamAgainstWhole {
 protected:
  static void ExpectAllAsWhole(const Gateway& gateway, uint32_t seed, size_t rounds) {
    config::PolicyConfig config = policies::ConfigWith({"pii-detector"});
    config.pii_detector.entities = {"all"};
    const auto chain = policies::Build(config);
    policies::HostileText hostile(*chain, seed);
    for (size_t round = 0; round < rounds; ++round) {
      const Place& place = Places()[hostile.Below(Places().size())];
      const std::string text = Wrapped(place, hostile.Next(), hostile.Below(2) == 0);
      const int form = static_cast<int>(hostile.Below(3));
      std::vector<size_t> cuts = hostile.Cuts(Units(text, form).size());
      cuts.pop_back();  // the last piece needs no end
      const int eol = static_cast<int>(hostile.Below(4));
      ExpectAsWhole(place, text, form, cuts, eol, 1 + hostile.Below(3000), gateway);
      if (HasFatalFailure()) FAIL() << "round " << round << " of seed " << seed;
    }
  }
};

TEST_F(StreamWhole, RedactedTextsAreTheSameInEveryPlace) {
  ExpectAllAsWhole(*gateway_, Setting("KT_SEED", 61), Setting("KT_ROUNDS", 700));
}

TEST_F(StreamWhole, SoAreThoseWithTheClientsOwnValues) {
  const auto gateway = MakeGateway(
      Yaml(OneTarget(), "[pii-detector, audit-logger]",
           "policy: {pii-detector: {entities: all, redaction: {marker_format: reversible}}}\n"));
  ExpectAllAsWhole(*gateway, Setting("KT_SEED", 67), Setting("KT_ROUNDS", 300));
}

TEST_F(StreamWhole, OfBlockedTextsNoByteOfAValueGoesOut) {
  const auto gateway =
      MakeGateway(Yaml(OneTarget(), "[{pii-detector: {stage: output}}, audit-logger]",
                       "policy: {pii-detector: {entities: all, action: block}}\n"));
  ExpectAllAsWhole(*gateway, Setting("KT_SEED", 71), Setting("KT_ROUNDS", 300));
}

}  // namespace
}  // namespace kt::session
