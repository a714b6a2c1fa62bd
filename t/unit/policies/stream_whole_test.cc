// A text in pieces against the same text as a whole: what goes out at any moment is a beginning of
// what a whole answer would hold, and all of it in the end.

#include "../setting.h"
#include "chain_fixture.h"
#include "hostile_text.h"

namespace kt::policies {
namespace {

config::PolicyConfig EveryType() {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  config.pii_detector.entities = {"all"};
  config.pii_detector.healthcare_mode = true;
  return config;
}

struct Sent {
  std::string text;
  bool blocked = false;
};

// As a lane of a stream has it: only the context of what is not cleared is kept.
Sent Send(const policy::Chain& chain, const std::string& text, const std::vector<size_t>& cuts) {
  policy::ChainRun run(chain, {});
  Sent sent;
  size_t base = 0, from = 0;
  for (const size_t end : cuts) {
    std::vector<policy::TextEdit> edits;
    size_t cleared = 0;
    const std::string seen = text.substr(base, end - base);
    const auto block = run.JudgeDelta(seen, from - base, end == text.size(),
                                      openai::Role::kAssistant, &cleared, &edits);
    if (block) {
      sent.blocked = true;
      return sent;
    }
    sent.text += Edited(seen, edits, from - base, cleared);
    from = base + cleared;
    if (from - base > 2 * policy::kStreamContextBytes) {
      base = from - policy::kStreamContextBytes;
      while (base > 0 && (static_cast<unsigned char>(text[base]) & 0xC0) == 0x80) --base;
    }
  }
  return sent;
}

void ExpectAsWhole(const policy::Chain& chain, const std::string& text,
                   const std::vector<size_t>& cuts) {
  const Verdict whole = Judge(chain, text, policy::Phase::kOutput);
  const Sent sent = Send(chain, text, cuts);
  ASSERT_FALSE(whole.blocked);
  if (sent.blocked) {  // held too long: what had left is no more than a beginning
    ASSERT_TRUE(whole.text.starts_with(sent.text)) << text;
    return;
  }
  ASSERT_EQ(sent.text, whole.text) << text;
}

TEST(StreamWhole, ARedactedTextIsTheSameInPiecesOfAnySize) {
  const auto chain = Build(EveryType());
  HostileText hostile(*chain, Setting("KT_SEED", 41));
  size_t edited = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 600); round < rounds; ++round) {
    const std::string text = hostile.Next();
    edited += Judge(*chain, text, policy::Phase::kOutput).text != text ? 1 : 0;
    for (int i = 0; i < 2; ++i) {
      ExpectAsWhole(*chain, text, hostile.Cuts(text.size()));
      if (testing::Test::HasFatalFailure()) FAIL() << "round " << round;
    }
  }
  EXPECT_GT(edited, Setting("KT_ROUNDS", 600) / 2);
}

// Of a text that is blocked nothing goes out from the first value on.
TEST(StreamWhole, OfABlockedTextNoByteOfAValueGoesOut) {
  const auto redacting = Build(EveryType());
  config::PolicyConfig config = EveryType();
  config.pii_detector.action = config::Action::kBlock;
  const auto blocking = Build(config);
  HostileText hostile(*redacting, Setting("KT_SEED", 43));
  size_t blocked = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 300); round < rounds; ++round) {
    const std::string text = hostile.Next();
    const std::string redacted = Judge(*redacting, text, policy::Phase::kOutput).text;
    const Sent sent = Send(*blocking, text, hostile.Cuts(text.size()));
    ASSERT_TRUE(text.starts_with(sent.text)) << text;
    ASSERT_TRUE(redacted.starts_with(sent.text)) << text;
    ASSERT_TRUE(sent.blocked || redacted == text) << text;
    blocked += sent.blocked ? 1 : 0;
  }
  EXPECT_GT(blocked, Setting("KT_ROUNDS", 300) / 2);
}

// The value stands behind the last escape, and a match that begins between its scheme and its
// slashes may go on behind what is read with the escape.
TEST(StreamWhole, FindsAValueWhoseSlashesAreEscaped) {
  const auto chain = Build(EveryType());
  const std::string text =
      R"(t-p:/\/é:vhx@@h:80😀a-amqp:/NofjCJZnRE7F1s3EGvEucsR5NGAxi6kFUIyJF1gY3yv829dLpxGZa8evXDir)"
      "lHDT:se!cret@localhost/=ab://qygacyBiBj7f5ZS0jcURPA5MLrh3ZXdgf7VQJWpnXe1bAmt0v";
  for (const char* more : {"", " x y", " and on, as it does in any answer"}) {
    const std::string all = text + more;
    const Verdict whole = Judge(*chain, all, policy::Phase::kOutput);
    EXPECT_EQ(whole.text.find("vhx"), whole.text.npos) << whole.text;
    for (size_t step = 1; step < all.size(); step += 1 + step / 3) {
      std::vector<size_t> cuts;
      for (size_t at = step; at < all.size(); at += step) cuts.push_back(at);
      cuts.push_back(all.size());
      ExpectAsWhole(*chain, all, cuts);
    }
  }
}

}  // namespace
}  // namespace kt::policies
