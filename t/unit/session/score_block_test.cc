// Score decisions in the middle of a stream: what was cleared before has left and is counted.
#include "core/session/stream_answer.h"
#include "life.h"

namespace kt::session {
namespace {

// Blocks a text as a whole, without a span.
class Scorer final : public policy::Policy {
 public:
  std::string_view kind() const noexcept override { return "scorer"; }
  bool RunsIn(policy::Phase) const noexcept override { return true; }
  std::string_view block_message() const noexcept override { return "no"; }
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match>,
                  policy::Evaluation* out) const override {
    if (unit.text.find("zorg") == std::string_view::npos) return Status::Ok();
    policy::Finding finding;
    finding.effect = policy::Effect::kBlock;
    finding.reason_code = "scorer.blocked";
    out->findings.push_back(std::move(finding));
    return Status::Ok();
  }
};

TEST(ScoreBlock, WhatLeftBeforeIsCountedAndNothingFollows) {
  std::vector<policy::ChainEntry> entries(1);
  entries[0].policy = std::make_unique<Scorer>();
  auto matcher = detect::Matcher::Builder().Build();
  ASSERT_TRUE(matcher.ok());
  const policy::Chain chain(std::move(entries), std::move(matcher).value());
  policy::ChainRun run(chain, {});
  Placeholders none;
  StreamOptions options;
  StreamAnswer answer(run, &none, options, 0);
  EXPECT_EQ(answer.Feed(Text("One. ") + Text("Two. "), 0), StreamAnswer::State::kOpen);
  EXPECT_EQ(answer.Feed(Text("zorg ") + Text("Three. "), 0), StreamAnswer::State::kBlocked);
  EXPECT_EQ(answer.Take(), Text("One. ") + Text("Two. "));
  EXPECT_EQ(answer.release().released_text_bytes(), 10u);
  EXPECT_EQ(answer.release().block().reason_code, "scorer.blocked");
  EXPECT_EQ(answer.release().block().begin, answer.release().block().end);
  EXPECT_EQ(answer.Feed(Text("Four."), 0), StreamAnswer::State::kBlocked);
  EXPECT_EQ(answer.Take(), "");
}

}  // namespace
}  // namespace kt::session
