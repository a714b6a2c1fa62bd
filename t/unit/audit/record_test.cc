#include "core/audit/record.h"

#include <gtest/gtest.h>

#include "core/base/text.h"

namespace kt::audit {
namespace {

Record Sample() {
  Record record;
  record.ts_us = 1'700'000'000'123'456;
  record.request_id = "req-1";
  record.pack_name = "demo";
  record.pack_version = "1.0.0";
  record.pack_sha256 = "ab";
  record.verdict = "redacted";
  record.reason_code = "pii_detector.redacted";
  record.policies = {{"prompt-injection", "input", "allowed", "", 12, 0.1},
                     {"pii-detector", "input", "redacted", "pii_detector.redacted", 3, -1}};
  record.redactions = {{"EMAIL", 2}};
  record.unscanned = {"image"};
  record.target = "main";
  record.attempts = {{"main", "", "up-1", 200, 41, false}};
  record.route = "chat/completions";
  record.stream = true;
  record.status = 200;
  record.latency_ms = 42;
  record.prompt_tokens = 7;
  record.cost_usd = 0.1 + 0.2;
  return record;
}

bool Holds(const std::string& line, const std::string& part) {
  return line.find(part) != std::string::npos;
}

TEST(ToJson, WritesEveryMemberInOrder) {
  const std::string line = ToJson(Sample());
  EXPECT_EQ(line.rfind(R"({"ts":"2023-11-14T22:13:20.123456Z","request_id":"req-1",)"
                       R"("client_request_id":null,"pack":{"name":"demo","version":"1.0.0",)"
                       R"("sha256":"ab"},"verdict":"redacted",)",
                       0),
            0u)
      << line;
  EXPECT_TRUE(Holds(line, R"({"kind":"prompt-injection","phase":"input","verdict":"allowed",)"
                          R"("reason_code":null,"latency_us":12,"score":0.1})"));
  EXPECT_TRUE(Holds(line, R"("latency_us":3,"score":null})"));
  EXPECT_TRUE(Holds(line, R"("redactions":[{"type":"EMAIL","count":2}],"unscanned":["image"],)"));
  EXPECT_TRUE(Holds(line,
                    R"("attempts":[{"target":"main","status":200,"error":null,)"
                    R"("latency_ms":41,"maybe_billed":false,"upstream_request_id":"up-1"}])"));
  EXPECT_TRUE(Holds(line, R"("stream":true,"status":200,"latency_ms":42,"ttft_ms":null,)"
                          R"("prompt_tokens":7,"completion_tokens":null,)"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.back(), '}');
}

TEST(ToJson, RoundsTheCost) {
  EXPECT_TRUE(Holds(ToJson(Sample()), R"("cost_usd":0.3,)"));
}

TEST(ToJson, EscapesAndBoundsClientStrings) {
  Record record = Sample();
  const std::string user = "a\"\n\xFF" + std::string(1000, 'u');
  record.user_id = user;
  const std::string line = ToJson(record);
  EXPECT_TRUE(Holds(line, R"("user_id":"a\"\n)"));
  EXPECT_TRUE(IsUtf8(line));
  EXPECT_FALSE(Holds(line, std::string(257, 'u')));
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(ToJson, CutsTheListsOfAHugeRecord) {
  Record record = Sample();
  for (int i = 0; i < 5000; ++i) record.unscanned.push_back("part-" + std::to_string(i));
  const std::string line = ToJson(record);
  EXPECT_LT(line.size(), kMaxRecordBytes);
  EXPECT_TRUE(Holds(line, R"("truncated":true})"));
  EXPECT_TRUE(Holds(line, R"("part-3")"));
}

TEST(ToJson, FitsWhateverTheStringsHold) {
  for (const char c : {'\x01', '\xFF', '"', 'x'}) {
    const std::string worst(5000, c);
    Record record = Sample();
    for (std::string_view* field :
         {&record.request_id, &record.client_request_id, &record.pack_name, &record.pack_version,
          &record.pack_sha256, &record.verdict, &record.reason_code, &record.target,
          &record.provider, &record.model, &record.route, &record.usage_source, &record.client,
          &record.user_id, &record.agent_id, &record.conversation_id}) {
      *field = worst;
    }
    record.request_digest = record.response_digest = "hmac-sha256:" + std::string(64, 'f');
    for (int i = 0; i < 100; ++i) record.attempts.push_back({worst, worst, worst, 1, 1, true});
    const std::string line = ToJson(record);
    EXPECT_LT(line.size(), kMaxRecordBytes);
    EXPECT_TRUE(IsUtf8(line));
  }
}

TEST(ToJson, HoldsDigestsOnlyWhereThereAreAny) {
  Record record = Sample();
  EXPECT_FALSE(Holds(ToJson(record), "digest"));
  record.response_digest = "hmac-sha256:00";
  EXPECT_TRUE(
      Holds(ToJson(record), R"("request_digest":null,"response_digest":"hmac-sha256:00"})"));
}

TEST(ToJson, AnImpossibleNumberIsNull) {
  Record record = Sample();
  record.cost_usd = 1.0 / 0.0;
  EXPECT_TRUE(Holds(ToJson(record), R"("cost_usd":null)"));
}

TEST(Record, WritesDecimalsWithoutNoise) {
  const std::pair<double, const char*> kCosts[] = {
      {0, "0"},
      {1, "1"},
      {1e-9, "0.000000001"},
      {4e-10, "0"},
      {6e-10, "0.000000001"},
      {0.1, "0.1"},
      {0.30000000000000004, "0.3"},
      {0.000123456789, "0.000123457"},
      {12.5, "12.5"},
      {1234567.000000001, "1234567.000000001"},
      {9007199.254740991, "9007199.254740991"},
      {-0.25, "-0.25"},
  };
  for (const auto& [cost, text] : kCosts) {
    Record record = Sample();
    record.cost_usd = cost;
    EXPECT_TRUE(Holds(ToJson(record), "\"cost_usd\":" + std::string(text) + ",")) << text;
  }
  Record record = Sample();
  record.cost_usd = 1e300;
  EXPECT_TRUE(Holds(ToJson(record), "\"cost_usd\":1e+300,"));
  record.policies.at(0).score = 0.99996;
  record.policies.at(1).score = 0.00004;
  EXPECT_TRUE(Holds(ToJson(record), "\"score\":1}"));
  EXPECT_TRUE(Holds(ToJson(record), "\"score\":0}"));
}

}  // namespace
}  // namespace kt::audit
