// Secrets in the places where they live: keys whose lines something stands before, password hashes,
// headers, shells, configuration, prose of several languages. All values are made up.
#include <gtest/gtest.h>

#include <string>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

constexpr std::string_view kLines[] = {
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDQz8kq1vw93hx0",
    "rt2bKx83hQz0Lw5Tn2VbR7q1w9z8x7c6v5b4n3m2kdTr83kx0qz15vw97hbnWhyX",
    "owfg9udjuhgglb0cqhver7fplnqa7c9r50kk2sfeht28vudj04Zka57713dc6916", "q8/+a="};

// A key of which each line stands between `before` and `after`.
std::string Key(std::string_view before, std::string_view after, std::string_view head = "") {
  std::string key;
  const auto line = [&](std::string_view text) { key.append(before).append(text).append(after); };
  line("-----BEGIN RSA PRIVATE KEY-----");
  if (!head.empty()) line(head);
  for (const std::string_view text : kLines) line(text);
  line("-----END RSA PRIVATE KEY-----");
  return key;
}

TEST(HandedOver, KeysWhoseLinesAreQuotedOrJoined) {
  const Redaction around[] = {{"> ", "\n"},        {"+", "\n"},         {"-", "\n"},
                              {"# ", "\n"},        {"// ", "\n"},       {" * ", "\n"},
                              {"  \"", "\\n\"\n"}, {"\"", "\\n\" +\n"}, {"    \"", "\",\n"},
                              {"    12\t", "\n"},  {"a.pem:7:", "\n"},  {"", "<br>"},
                              {"'", "\\n' .\n"},   {"", "\\r\\n"}};
  for (const Redaction& e : around) {
    for (const char* head : {"", "Proc-Type: 4,ENCRYPTED"}) {
      const std::string text = RedactedByPii("see\n" + Key(e.text, e.redacted, head) + "{end}");
      for (const std::string_view line : kLines) {
        EXPECT_EQ(text.find(line), text.npos) << e.text << e.redacted << head << "\n" << text;
      }
      EXPECT_NE(text.find("{end}"), text.npos);
    }
  }
}

TEST(HandedOver, WhatStandsBehindAKeyStays) {
  const std::string key = Key("", "\\n");
  EXPECT_EQ(RedactedByPii("{\"private_key\": \"" + key + "\", \"client_id\": \"abc\"}"),
            "{\"private_key\": \"[API_KEY]\\n\", \"client_id\": \"abc\"}");
  for (const char* text : {"A file that begins with -----BEGIN PRIVATE KEY-----; \"then\" its "
                           "lines. (All of them.)"}) {
    const std::string out = RedactedByPii(text);
    EXPECT_NE(out.find("; \"then\" its lines. (All of them.)"), out.npos) << out;
  }
}

TEST(HandedOver, KeysWithHeadersAndOfPutty) {
  const std::string body = std::string(kLines[0]) + "\n" + std::string(kLines[1]) + "\n=Ab1Z\n";
  EXPECT_EQ(RedactedByPii("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2.0.22 "
                          "(GNU/Linux)\nComment: https://gnupg.org - free\n\n" +
                          body + "-----END PGP PRIVATE KEY BLOCK-----\nnext"),
            "[API_KEY]\nnext");
  const std::string putty = "Public-Lines: 1\n" + std::string(kLines[0]) + "\nPrivate-Lines: 1\n" +
                            std::string(kLines[1]) + "\nPrivate-MAC: " + std::string(64, 'a');
  EXPECT_EQ(RedactedByPii(putty).find(kLines[1]), std::string::npos);
  EXPECT_NE(RedactedByPii(putty).find(kLines[0]), std::string::npos);
}

TEST(HandedOver, HashesOfPasswords) {
  const Redaction examples[] = {
      {"bob:$2b$12$Zk8lQ2w9sTTx7Kq02LmZt.81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9", "bob:[SECRET]"},
      {"root:$6$Zk8lQ2w9$x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9/x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh:19",
       "root:[SECRET]:19"},
      {"bob:$y$j9T$Zk8lQ2w9sTTx7Kq02LmZt.$x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9ab:1",
       "bob:[SECRET]:1"},
      {"bob:$apr1$Zk8lQ2w9$x7Kq02LmZt81pQ93vWx5Rb", "bob:[SECRET]"},
      {"password='$argon2id$v=19$m=65536,t=3,p=4$Zk8lQ2w9sTTx7Kq0$x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64'",
       "password='[SECRET]'"},
      {"password: pbkdf2_sha256$600000$Zk8lQ2w9sTT$x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu9aZ=",
       "password: [SECRET]"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text : {"it costs $2 to $12 a month", "echo $1$2 $5$6", "$argon2id$ and $2b$"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(HandedOver, HeadersOfAnyScheme) {
  const Redaction examples[] = {
      {"Authorization: Bearer 7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d4f6a8c0e",
       "Authorization: Bearer [API_KEY]"},
      {"Authorization: SSWS 00x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3Nu",
       "Authorization: SSWS [API_KEY]"},
      {"'Authorization': `token 7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d`",
       "'Authorization': `token [API_KEY]`"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"Authorization: Bearer your-access-token-2024", "Authorization: Bearer <token>",
        "authorization: oauth2 required-here"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

// RFC 7516: a header, an encrypted key (none of "dir"), a vector, the text and a tag.
TEST(HandedOver, EncryptedTokens) {
  const std::string head = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.";
  const std::string rest = ".q1w2e3r4t5y6u7i8.Zk8lQ2w9sPf4Hd7Xa1Vb.t5y6U7i8O9p0A1s2D3f4G5";
  EXPECT_EQ(RedactedByPii("token " + head + rest + " ."), "token [API_KEY] .");
  EXPECT_EQ(RedactedByPii("token " + head + "Rk3mNb7vCx1z" + rest), "token [API_KEY]");
  const std::string parts = head + ".q1w2e3r4t5y6u7i8.short";
  EXPECT_EQ(RedactedByPii("see " + parts), "see " + parts);
}

TEST(HandedOver, LongValuesGoWhole) {
  std::string token = "IQoJb3JpZ2luX2Vj";
  while (token.size() < 700) token += "x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js/Fa0Gk3Nu9";
  EXPECT_EQ(RedactedByPii("AWS_SESSION_TOKEN=" + token + "\nnext"),
            "AWS_SESSION_TOKEN=[SECRET]\nnext");
  EXPECT_EQ(RedactedByPii("\"SessionToken\": \"" + token + "\""), "\"SessionToken\": \"[SECRET]\"");
  const std::string page = "\"nextPageToken\": \"" + token.substr(0, 400) + "\"";
  EXPECT_EQ(RedactedByPii(page), page);
}

TEST(HandedOver, FormatsOfVendors) {
  for (const char* key :
       {"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", "xoxc-123456789012-123456789012-a8f3c1e5b2d4",
        "dose7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d", "1//04x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64JsFa0Gk3",
        "glwt-x7Kq02LmZt81pQ93vWx5", "7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d-1f3a9c5e-7b2d4f6a"}) {
    EXPECT_EQ(RedactedByPii(std::string("use ") + key + " now"), "use [API_KEY] now");
  }
  for (const char* text :
       {"hf_transformersmodelsinferenceapiclient", "hf_hub_download_with_progress",
        "https://a.example/1//0/index", "dose of 5 mg"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(HandedOver, PasswordsInConfiguration) {
  const Redaction examples[] = {
      {"<add key=\"DbPassword\" value=\"Zk8lQ2w9sTT\" />",
       "<add key=\"DbPassword\" value=\"[SECRET]\" />"},
      {"- name: DB_PASSWORD\n  value: \"Zk8lQ2w9sTT\"",
       "- name: DB_PASSWORD\n  value: \"[SECRET]\""},
      {"{\"name\": \"DB_PASSWORD\", \"value\": \"Zk8lQ2w9sTT\"}",
       "{\"name\": \"DB_PASSWORD\", \"value\": \"[SECRET]\"}"},
      {"variable \"db_password\" {\n  default = \"Zk8lQ2w9sTT\"\n}",
       "variable \"db_password\" {\n  default = \"[SECRET]\"\n}"},
      {"process.env.DB_PASSWORD || 'Zk8lQ2w9sTT'", "process.env.DB_PASSWORD || '[SECRET]'"},
      {"const PASSWORD: &str = \"Zk8lQ2w9sTT\";", "const PASSWORD: &str = \"[SECRET]\";"},
      {"os.environ[\"DB_PASSWORD\"] = \"Zk8lQ2w9sTT\"",
       "os.environ[\"DB_PASSWORD\"] = \"[SECRET]\""},
      {"password       = \"Zk8lQ2w9sTT\"", "password       = \"[SECRET]\""},
      {"CREATE LOGIN a WITH PASSWORD = N'Zk8lQ2w9sTT'",
       "CREATE LOGIN a WITH PASSWORD = N'[SECRET]'"},
      {"| DB_PASSWORD | Zk8!lQ2w9s |", "| DB_PASSWORD | [SECRET] |"},
      {"**Password:** Zk8!lQ2w9s", "**Password:** [SECRET]"},
      {"- **DB_PASSWORD**: `Zk8!lQ2w9s`", "- **DB_PASSWORD**: `[SECRET]`"},
      {"password = 'Zk8,l(Q2w;9s'", "password = '[SECRET]'"},
      {"ENV API_TOKEN x7Kq02LmZt81pQ93vWx5Rb", "ENV API_TOKEN [SECRET]"},
      {"#define SIGNING_KEY \"x7Kq02LmZt81pQ93vWx5Rb\"", "#define SIGNING_KEY \"[SECRET]\""},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"PASSWORD=%DB_PASSWORD%", "password: @@DB_PASSWORD_2@@", "PASSWORD=__DB_PASSWORD_1__",
        "password = random_password.db2.result", "\"password\": \"{{vault_pw2}}\"",
        "password: \"getPw(x1, y2)\"", "| Password | Role |",
        "password: str = Field(min_length=12)", "'password' => 'required|min:8,max:20'",
        "pass std::move(buffer2), then", "X509_PUBKEY *d2i_X509_PUBKEY_fp(FILE *fp)",
        "#define PKCS12_key_gen PKCS12_key_gen_utf8", "KeyDataId xmlSecNssKeyDataX509GetKlass",
        "options to pass to\n\\&\\fBdpkg-deb2\\fR",
        "\"account\": \"acct_Zk8lQ2w9sTTx7Kq0\", \"price\": \"price_1Zk8lQ2w9sTTx7Kq02LmZt81\""}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(HandedOver, PasswordsInProse) {
  const Redaction examples[] = {
      {"Das Passwort ist Zk8!lQ2w9s", "Das Passwort ist [SECRET]"},
      {"Kennwort: Zk8!lQ2w9s", "Kennwort: [SECRET]"},
      {"le mot de passe est Zk8!lQ2w9s", "le mot de passe est [SECRET]"},
      {"la contraseña es Zk8!lQ2w9s", "la contraseña es [SECRET]"},
      {"la password è Zk8!lQ2w9s", "la password è [SECRET]"},
      {"hasło to Zk8!lQ2w9s", "hasło to [SECRET]"},
      {"a senha é Zk8!lQ2w9s", "a senha é [SECRET]"},
      {"hasło do wifi: Zk8!lQ2w9s", "hasło do wifi: [SECRET]"},
      {"Password for the VPN: Zk8!lQ2w9s", "Password for the VPN: [SECRET]"},
      {"set the password to Zk8!lQ2w9s please", "set the password to [SECRET] please"},
      {"the password should be Zk8!lQ2w9s", "the password should be [SECRET]"},
      {"password -> Zk8!lQ2w9s", "password -> [SECRET]"},
      {"login alice / Zk8!lQ2w9s", "login [CREDENTIALS]"},
      {"credentials: admin:Zk8!lQ2w9s", "credentials: [CREDENTIALS]"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"Das Passwort ist falsch2", "the password for the file is in 1Password",
        "password to access https://a.example/v2", "the password should be at least12 long",
        "login: https://a.example/v2/Auth1", "login page / settings2", "credentials: include"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(HandedOver, OptionsFarBehindTheirProgram) {
  const std::string far = "-h db.production.internal -P 3306 --protocol tcp --ssl-mode REQUIRED ";
  EXPECT_EQ(RedactedByPii("mysql " + far + "-u app -pZk8lQ2w9s shop"),
            "mysql " + far + "-u app -p[SECRET] shop");
  EXPECT_EQ(RedactedByPii("curl -s -X POST https://ci.internal/job/release/build?delay=0 \\\n  -u "
                          "admin:Zk8lQ2w9s"),
            "curl -s -X POST https://ci.internal/job/release/build?delay=0 \\\n  -u [CREDENTIALS]");
  const std::string other = "mysql shop < dump.sql\ntar " + far + "-pZk8lQ2w9s";
  EXPECT_EQ(RedactedByPii(other), other);
}

TEST(HandedOver, VersionsOfWhatIsCalledLikeASecretStay) {
  for (const char* text : {"github.com/lodash/auth v6.92.20-0.20240112080134-adddf39b2f95 h1:",
                           "token 1.14.3-beta.20240112080134+build7f3a9c21", "secret = v2.3.4"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(HandedOver, APieceOfBase64IsNoKey) {
  const std::string hash =
      "\"sha512-YCuEeIO0QsI1OIg44NBJ8MPhzErjoFypMAEazSU40nokjxsp5SP2IGucg8hcEX3MNM5/"
      "vDD51hEJo3KRxQ=="
      "\"";
  EXPECT_EQ(RedactedByPii(hash), hash);
  EXPECT_EQ(RedactedByPii("YCuEeIO0QsI1OIg44NBJ8MPhzErjoFypMAEazSU4"), "[API_KEY]");
}

TEST(HandedOver, StreamsAgreeWithWholeTexts) {
  const std::string text =
      Key("> ", "\n") +
      "then password for the VPN: Zk8!lQ2w9s, 'Authorization': `token "
      "7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d`; password = 'Zk8,l(Q2w;9s' and login alice / Zk8!lQ2w9s. "
      "hasło to Zk8!lQ2w9s\nmysql -h db -u app -pZk8lQ2w9s";
  const std::string whole = Judge(PiiChain(), text, policy::Phase::kOutput).text;
  EXPECT_EQ(whole.find("Zk8"), std::string::npos) << whole;
  for (size_t step = 1; step <= text.size(); step += 1 + step / 9) {
    ASSERT_EQ(Streamed(PiiChain(), text, step), whole) << step;
  }
}

}  // namespace
}  // namespace kt::policies
