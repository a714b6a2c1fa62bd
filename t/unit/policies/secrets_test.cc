// Secrets of formats that no rule names: what an assignment, a prefix or the look of a value says,
// and what looks like them and is none. All values are made up.
#include <gtest/gtest.h>

#include <random>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

TEST(Secrets, AnAssignedValueThatIsRandomForCertain) {
  const Redaction examples[] = {
      {"acme.internal = 'z8kq1vw93hx0rt2b'", "acme.internal = '[SECRET]'"},
      {"{\"zonk\": \"kX83hQz0Lw5Tn2VbR7\"}", "{\"zonk\": \"[SECRET]\"}"},
      {"zonk: q1w9z8x7c6v5b4n3m2kd", "zonk: [SECRET]"},
      {"ZONK_B=tr83kx0qz15vw97hbn", "ZONK_B=[SECRET]"},
      {"curl -d zonk=tr83kx0qz15vw97hbn x", "curl -d zonk=[SECRET] x"},
      {"zonk => \"tr83kx0qz15vw97hbn\"", "zonk => \"[SECRET]\""},
      {"zonk := `tr83kx0qz15vw97hbn`", "zonk := `[SECRET]`"},
      {"zonk = whyxowfg9udjuhgglb0cqhver7fplnqa", "zonk = [SECRET]"},
      {"plaid = '7c9r50kk2sfeht28vudj04'", "plaid = '[SECRET]'"},
      {"zonk = ZNKA-be57713dc6916347dda", "zonk = [SECRET]"},
      {"BUNDLE_GEMS__ACME__COM=7f6dc927:2c906156", "BUNDLE_GEMS__ACME__COM=[CREDENTIALS]"},
      {"run --zonk-token 7f3a9c5e7b2d4f6a8c0e1f3a", "run --zonk-token [SECRET]"},
      {"os.environ[\"ZONK_KEY\"] = \"q8Zk2Lw9Xv4Rt7Yp1Nm3\"",
       "os.environ[\"ZONK_KEY\"] = \"[SECRET]\""},
      {"- name: ZONK_KEY\n  value: q8Zk2Lw9Xv4Rt7Yp1Nm3", "- name: ZONK_KEY\n  value: [SECRET]"},
      {"export KEY=zonk-x7Kq02LmZt81.pQ93vWx5Rb7Yc2", "export KEY=[SECRET]"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
}

// Base64 may begin so.
TEST(Secrets, AnAssignedValueThatBeginsWithASign) {
  for (const char sign : {'+', '-', '_'}) {
    const std::string value = sign + std::string("69W8UzqqIX9B7k18OQ5pqdNQHduJMArW5ZJpE");
    for (const char* before : {"api_key = \"", "DATADOG_TOKEN=", "secret: \""}) {
      EXPECT_EQ(RedactedByPii(before + value + "\""), before + std::string("[SECRET]\"")) << value;
    }
  }
  for (const char* text :
       {"key=/home/user1/.config/app2/settings3.json", "token: -Djava.security.policy4=all5",
        "\"NameModifier\": \"_Generic_Sd_Mp4_Avc_Aac_16x9_Sdr_640x360p\"",
        "#if _GLIBCXX_USE_C99_CHECK || _GLIBCXX_USE_C99_DYNAMIC", "secret: -----------------------",
        "access=/var/lib/x86_64-linux-gnu1/ab2"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Secrets, PasswordsByTheirShortNamesAndOfWirelessNets) {
  EXPECT_EQ(RedactedByPii("pw: Tr0ub4dor&3x"), "pw: [SECRET]");
  EXPECT_EQ(RedactedByPii("the pw is Tr0ub4dor&3x"), "the pw is [SECRET]");
  EXPECT_EQ(RedactedByPii("psk=\"gaslight-Mango77\""), "psk=\"[SECRET]\"");
  EXPECT_EQ(RedactedByPii("wpa_psk=9f8Kq2LmZx"), "wpa_psk=[SECRET]");
  EXPECT_EQ(RedactedByPii("WIFI:S:guests;T:WPA;P:Mango77-lights;;"),
            "WIFI:S:guests;T:WPA;P:[SECRET];;");
  for (const char* text :
       {"struct passwd *pw = getpwnam(user); pw->pw_passwd = x;", "strdup(pw->pw_dir);",
        "The pw utility adds users.", "WIFI:S:guests;T:nopass;;", "WiFi: P:lot of people;"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Secrets, AUserAndItsPasswordBehindAScheme) {
  const Redaction examples[] = {
      {"git+ssh://ann:pa55@h", "git+ssh://[CREDENTIALS]@h"},
      {"(s3://ann:pa55@h)", "(s3://[CREDENTIALS]@h)"},
      {"://postgres://ann:pa55@h", "://postgres://[CREDENTIALS]@h"},
      {"abcdefghijklmnopqrstu://ann:pa55@h", "abcdefghijklmnopqrstu://[CREDENTIALS]@h"},
      {"1-x.y://ann:pa55@h", "1-x.y://[CREDENTIALS]@h"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"://ann:pa55@h", "x://ann:pa55@h", "_http://ann:pa55@h", "HTTP://ann:pa55@h",
        "1http://ann:pa55@h", "a_b://ann:pa55@h", "abcdefghijklmnopqrstuv://ann:pa55@h"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Secrets, APrefixAndALongRandomBody) {
  const Redaction examples[] = {
      {"use zonk_x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js now", "use [SECRET] now"},
      {"zonk-x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js.", "[SECRET]."},
      {"zonk_live_x7Kq02LmZt81pQ9", "[SECRET]"},
      {"zonk_pat_1f3a9c5e7b2d4f6a8c0e1f3a9c5e7b2d", "[SECRET]"},
      {"znk_v1_1f3a9c5e7b2d4f6a8c0e1f3a9c5e7b2d", "[SECRET]"},
      {"zonk-access-token-0d6f9d4e-2b1c-4c57-9f0e-7a1b2c3d4e5f", "[SECRET]"},
      {"znko-988655854763-155998945875-jpYsZ5CSFfxtZ5Rdf9jzSfD4R06PRMQb", "[SECRET]"},
      {"zonk-efcvi4oxylyz7d4d91bc-mmsfx9ikzy1q0", "[SECRET]"},
      {"say x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9 twice", "say [SECRET] twice"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
}

TEST(Secrets, WhatOnlyLooksLikeOne) {
  for (const char* text : {
           "\"id\": \"tr83kx0qz15vw97hbn\"",
           "call_x7Kq02LmZt81pQ93vWx5Rb7Y",
           "msg_01x7Kq02LmZt81pQ93vWx5Rb",
           "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
           "zonk_1f3a9c5e7b2d4f6a8c0e1f3a9c5e7b2d",
           "constexpr uint64_t kSeed = 0xd4c893e9bb37465dULL;",
           "\"next\": \"SLqIm75EiiKxoCj\", \"nextPageToken\": \"tr83kx0qz15vw97hbn\"",
           "key: AAAAC3NzaC1lZDI1NTE5AAAAI1lha467Q3jce61B8WAVpayQbzPt5icpeCLDtAhZg",
           "-----BEGIN "
           "CERTIFICATE-----\nMIIJZmGeTUWwUVmlc8EXvmUrpM3lSVAHh2EZVvYUlSj44MhwfRIRKXAGhe",
           "requestId = zk83kx0qz15vw97hbn",
           "key_id(key) != EVP_PKEY_ED25519, key == NUBUS_DRHW_SMC9194",
           "isinstance(key, ChaCha20Poly1305)",
           "zonkSecret: theSecretManagerClientFactory",
           "sort --key nextcolumn2 --token-type bearer",
           "- name: etag\n  value: zk83kx0qz15vw97hbn",
           "EAA0DD69575435ABD3B5B9CCF84805D7F6741BFE53C42F094BA6C1DACBD11D92",
           "cache-key-1f3a9c5e7b2d4f6a8c0e1f3a9c5e7b2d",
           "release_v1_1f3a9c5e7b2d4f6a8c0e1f3a9c5e7b2d4f6a8c0e",
           "test-0d6f9d4e-2b1c-4c57-9f0e-7a1b2c3d4e5f",
           "zonk: 0d6f9d4e-2b1c-4c57-9f0e-7a1b2c3d4e5f",
           "zonk = some_function2_of_the3_module4",
           "password = prompt.ask, secret = base64.b32encode",
           "password: Optional.of, pwd = CPAN::anycwd",
           "https://docs.example.com/document/d/1x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9/edit",
           "ubuntu2204lts-python3.10.12-slim, x86_64-linux-gnu",
           "\"token\": \"xoxp-1234-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d\"",
           "golang.org/x/net v0.7.0 h1:rJrUqqhjsgNp7KqAIc25s9pZnjU7TUcSY7HcVZjdn1g=",
       }) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

// What fills the texts of coding agents, made at random.
TEST(Secrets, NoHitOnHashesIdsAndLines) {
  std::mt19937 random(7);
  const auto of = [&random](std::string_view alphabet, size_t n) {
    std::string out;
    while (out.size() < n) out += alphabet[random() % alphabet.size()];
    return out;
  };
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kBase62 =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 300; ++i) {
    const std::string uuid = of(kHex, 8) + "-" + of(kHex, 4) + "-4" + of(kHex, 3) + "-a" +
                             of(kHex, 3) + "-" + of(kHex, 12);
    for (const std::string& text :
         {"commit " + of(kHex, 40), "sha256:" + of(kHex, 64),
          "\"checksum\": \"" + of(kHex, 64) + "\"", "image-" + of(kHex, 32) + ".png",
          "request " + uuid, "\"trace_id\": \"" + uuid + "\"", "call_" + of(kBase62, 24),
          "\"id\": \"chatcmpl-" + of(kBase62, 29) + "\"",
          "\"integrity\": \"sha512-" + of(kBase62, 86) + "==\"", "h1:" + of(kBase62, 43) + "="}) {
      EXPECT_EQ(RedactedByPii(text), text);
    }
  }
}

TEST(Secrets, StreamsHoldThemToTheirEnd) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  const std::string text =
      "Set zonk='z8kq1vw93hx0rt2b', then zonk_x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js, or "
      "x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9 (a plain word: nothing).";
  const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
  EXPECT_EQ(whole, "Set zonk='[SECRET]', then [SECRET], or [SECRET] (a plain word: nothing).");
  for (size_t step = 1; step <= text.size(); ++step) {
    ASSERT_EQ(Streamed(*chain, text, step), whole) << step;
  }
}

}  // namespace
}  // namespace kt::policies
