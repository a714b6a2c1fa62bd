#include "core/policies/pii_detector.h"

#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

config::PolicyConfig Pii() {
  return ConfigWith({"pii-detector"});
}

std::string Redacted(std::string_view text) {
  static const policy::Chain* const chain = Build(Pii()).release();
  return Judge(*chain, text).text;
}

struct Example {
  const char* text;
  const char* redacted;
};

TEST(PiiDetector, RedactsPersonalData) {
  const Example examples[] = {
      {"mail jane.doe+news@sub.example.co.uk now", "mail [EMAIL] now"},
      {"a@xn--d1acufc.xn--p1ai", "[EMAIL]"},
      {"+44 7671 369594, +1 (365) 402-9702", "[PHONE], [PHONE]"},
      {"(415) 555-2671 or 415-555-2671", "[PHONE] or [PHONE]"},
      {"(555) 123-4567 or +1-555-123-4567", "[PHONE] or [PHONE]"},
      {"+44 (0) 20 7946 0018 2024", "[PHONE] 2024"},
      {"my phone number is 0151 2345678", "my phone number is [PHONE]"},
      {"SSN: 123-45-6789.", "SSN: [SSN]."},
      {"social security number 123 45 6780", "social security number [SSN]"},
      {"4111 1111 1111 1111 12/27", "[CREDIT_CARD] 12/27"},
      {"card 4111111111111111", "card [CREDIT_CARD]"},
      {"3782-822463-10005", "[CREDIT_CARD]"},
      {"IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN [IBAN] BIC [BIC]"},
      {"BE68539007547034", "[IBAN]"},
      {"from 8.8.8.8:443", "from [IP_ADDRESS]:443"},
      {"ip 2001:4860:4860::8888, ok", "ip [IP_ADDRESS], ok"},
      {"postgres://admin:hunter2@db.internal:5432/x",
       "postgres://[CREDENTIALS]@db.internal:5432/x"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
}

TEST(PiiDetector, RedactsSecrets) {
  const std::string random = "Ab3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f";
  const std::string pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow" + std::string(1500, 'A') +
                          "\nq8/+a=\n-----END RSA PRIVATE KEY-----";
  for (const std::string& secret :
       {"sk-proj-" + random, "ghp_" + random.substr(0, 36), "AKIAIOSFODNN7EXAMPLE" + std::string(),
        "xoxb-" + random, "AIza" + random.substr(0, 35), "sk_live_" + random,
        "fw_" + random.substr(0, 22), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + random,
        pem, "glpat-" + random.substr(0, 20)}) {
    EXPECT_EQ(Redacted("key: " + secret + "\nnext"), "key: [API_KEY]\nnext") << secret;
  }
  EXPECT_EQ(Redacted("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"),
            "aws_secret_access_key = [API_KEY]");
}

TEST(PiiDetector, LeavesWhatOnlyLooksSimilar) {
  for (const char* text : {
           "version 1.2.3.4 and Chrome/120.0.0.0, pkg-1.2.3.4.tar.gz, foo==1.2.3.4",
           "oid 1.3.6.1.4.1.311",
           "10.0.0.1 192.168.1.1 127.0.0.1 172.16.0.9 0.0.0.0",
           "at 10:00:00 std::string fe::add a::b dead::beef",
           "fingerprint ef:41:0d:c9:0d:2a:11:22:33:44",
           "git@github.com:org/repo.git",
           "logo@2x.png @types/node@18.1.2 user@host",
           "4111 1111 1111 1112",
           "Order number 4111111111111111 shipped",
           "1711111111111 1711111111111111 20240101120000",
           "SSN pattern is 907-52-8542 in docs, 000-12-3456, 666-12-3456, 123-00-4567",
           "123456780 is nine digits",
           "DE89 3704 0044 0532 0130 01",
           "f47ac10b-58cc-4372-a567-0e02b2c3d479",
           "sha256:9f493777e1c3fe980bab40d631a90ecf688066f73ec22d44f555364d0516d89d",
           "sk-learn-is-a-library-with-a-long-name risk-assessment-and-management-plan",
           "ISBN 978-3-16-148410-0, lat 48.313402, lon 2.665023",
           "2024-11-20T10:00:00Z 12.34 56-78-90",
           "https://example.com/a:b?x=1@2",
           "\"integrity\": "
           "\"sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+"
           "LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg==\"",
       }) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiDetector, ContextIsOfTheSameLine) {
  EXPECT_EQ(Redacted("phone:\n0151 2345678"), "phone:\n[PHONE]");
  EXPECT_EQ(Redacted("my phone is broken.\n3962712860 rows"),
            "my phone is broken.\n3962712860 rows");
}

TEST(PiiDetector, FewRandomNumbersAreHit) {
  static const policy::Chain* const chain = Build(Pii()).release();
  uint64_t state = 88172645463325252u;
  int hits = 0;
  constexpr int kNumbers = 8000;
  for (int i = 0; i < kNumbers; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    const std::string number = std::to_string(state % 9 + 1) +
                               std::to_string(state).substr(0, 8 + static_cast<size_t>(i) % 8);
    hits += Judge(*chain, "row " + number + " done").text.find('[') != std::string::npos;
  }
  EXPECT_LT(hits, kNumbers / 200);
}

TEST(PiiDetector, IncludesPrivateAddressesWhenAsked) {
  config::PolicyConfig config = Pii();
  config.pii_detector.include_private_ips = true;
  EXPECT_EQ(Judge(*Build(config), "at 192.168.1.1").text, "at [IP_ADDRESS]");
}

TEST(PiiDetector, LooksOnlyForTheEntitiesAsked) {
  config::PolicyConfig config = Pii();
  config.pii_detector.entities = {"EMAIL", "US_SSN"};
  EXPECT_EQ(Judge(*Build(config), "a@b.com 8.8.8.8 ssn 123-45-6780").text,
            "[EMAIL] 8.8.8.8 ssn [SSN]");
}

TEST(PiiDetector, NamesAnUnknownEntity) {
  config::PolicyConfig config = Pii();
  config.pii_detector.entities = {"EMAIL", "SHOE_SIZE"};
  std::vector<std::string> warnings;
  const auto chain = BuildChain(config, {}, &warnings);
  ASSERT_FALSE(chain.ok());
  EXPECT_NE(chain.status().message().find("entities[1]"), std::string::npos);
}

TEST(PiiDetector, ActsAsTheConfigurationSays) {
  config::PolicyConfig config = Pii();
  config.pii_detector.action = config::Action::kBlock;
  Verdict verdict = Judge(*Build(config), "a@b.com");
  EXPECT_TRUE(verdict.blocked);
  EXPECT_EQ(verdict.code, "pii_detector.blocked");
  config.pii_detector.action = config::Action::kLog;
  verdict = Judge(*Build(config), "a@b.com");
  EXPECT_FALSE(verdict.blocked);
  EXPECT_EQ(verdict.text, "a@b.com");
  EXPECT_EQ(verdict.code, "pii_detector.flagged");
}

TEST(PiiDetector, FindsTheUsersOwnPatterns) {
  config::PolicyConfig config = Pii();
  config.pii_detector.detect_patterns = {R"(\bEMP-\d{6}\b)"};
  EXPECT_EQ(Judge(*Build(config), "ask EMP-123456").text, "ask [CUSTOM]");
}

TEST(PiiDetector, APasswordInAUrlIsNoMailAddress) {
  EXPECT_EQ(Redacted("https://bob:pass123@example.com/x"), "https://[CREDENTIALS]@example.com/x");
  EXPECT_EQ(Redacted("mailto:bob@example.com"), "mailto:[EMAIL]");
}

TEST(PiiDetector, StreamsLetNoSecretOutAtAnyCut) {
  const auto chain = Build(Pii());
  const std::string body(1200, 'Q');
  for (const std::string& value :
       {std::string("jane.doe@example.com"), std::string("4111 1111 1111 1111"),
        std::string("DE89 3704 0044 0532 0130 00"), std::string("123-45-6780"),
        std::string("8.8.8.8"), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx" + body + "." + body,
        "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----"}) {
    const std::string text = "Here it is: " + value + " - done.";
    const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
    ASSERT_EQ(whole.find(value.substr(0, 12)), std::string::npos);
    for (const size_t step : {1, 2, 5, 13, 400}) EXPECT_EQ(Streamed(*chain, text, step), whole);
  }
}

TEST(PiiDetector, ASecretThatNeverEndsIsBlockedInStreams) {
  const auto chain = Build(Pii());
  bool blocked = false;
  const std::string out = Streamed(
      *chain, "key -----BEGIN PRIVATE KEY-----\n" + std::string(20000, 'Q'), 100, &blocked);
  EXPECT_TRUE(blocked);
  EXPECT_EQ(out, "key ");
}

TEST(PiiDetector, HoldsOrdinaryProseForAWordAtMost) {
  const auto chain = Build(Pii());
  const std::string text =
      "The quick brown fox jumps over the lazy dog, and then it asks how many of 12 dogs were "
      "lazy. ";
  size_t from = 0;
  policy::ChainRun run(*chain, {});
  for (size_t end = 1; end <= text.size(); ++end) {
    std::vector<policy::TextEdit> edits;
    size_t cleared = 0;
    run.JudgeDelta(std::string_view(text).substr(0, end), from, false, openai::Role::kAssistant,
                   &cleared, &edits);
    from = cleared;
    EXPECT_LE(end - cleared, 6u) << text.substr(cleared, end - cleared);
  }
}

}  // namespace
}  // namespace kt::policies
