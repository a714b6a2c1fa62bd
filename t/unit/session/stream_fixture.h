// Streams of chat completions through gateways that redact, block, or hold the whole answer.
#pragma once

#include "life.h"

namespace kt::session {

inline constexpr char kLeft[] = "Please write to ", kRight[] = " before noon, thanks.";
inline const std::string kValue = std::string(kLeft) + kEmail + kRight;
inline const std::string kEdited = std::string(kLeft) + "[EMAIL]" + kRight;

inline std::string Deltas(const std::vector<std::string>& pieces, int index = 0,
                          const std::string& eol = "\n") {
  std::string out;
  for (const std::string& piece : pieces) out += Text(piece, index, eol);
  return out;
}
inline std::string Whole(const std::vector<std::string>& pieces, const std::string& eol = "\n") {
  return Event(Delta(R"({"role":"assistant"})"), eol) + Deltas(pieces, 0, eol) + Finish(0, eol) +
         Event("[DONE]", eol);
}

class Stream : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    redacting_ = MakeGateway(Yaml()).release();
    blocking_ = MakeGateway(Yaml(OneTarget(), "[{pii-detector: {stage: output}}, audit-logger]",
                                 "policy: {pii-detector: {action: block}}\n"))
                    .release();
    buffered_ =
        MakeGateway(Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]"))
            .release();
  }
  static void TearDownTestSuite() {
    delete redacting_;
    delete blocking_;
    delete buffered_;
    redacting_ = blocking_ = buffered_ = nullptr;
  }
  static std::string Run(const std::vector<std::string>& pieces, const Gateway* gateway = nullptr,
                         UpstreamEnd end = UpstreamEnd::kClean) {
    Life life(gateway != nullptr ? *gateway : *redacting_);
    life.Send(StreamChat()).AnswerStream(pieces, end);
    EXPECT_TRUE(life.session().finished());
    return life.output;
  }
  static inline const Gateway *redacting_ = nullptr, *blocking_ = nullptr, *buffered_ = nullptr;
};

}  // namespace kt::session
