// Passwords and keys in the ways that people hand them over, and what only speaks of them. All
// values are made up.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

TEST(Passwords, ByTheWordsOfManyLanguages) {
  for (const char* name : {"senha: ", "пароль: ", "密码：", "密码是", "パスワード：", "비밀번호: ",
                           "hasło: ", "wachtwoord: ", "lösenord: ", "şifre: ", "mật khẩu: ",
                           "DB_PASS=", "PASS=", "password1: ", "the temporary password is: "}) {
    EXPECT_EQ(RedactedByPii(std::string(name) + "Zk8!lQ2w9s"), std::string(name) + "[SECRET]");
  }
  for (const char* text :
       {"密码：至少8位，必须包含大写字母", "пароль: минимум 8 символов", "パスワード：8文字以上",
        "비밀번호: 8자 이상", "senha: obrigatória", "Senha incorreta2024"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Passwords, InCodeAndMarkup) {
  const Redaction examples[] = {
      {"'password' => 'Zk8lQ2w9sTT',", "'password' => '[SECRET]',"},
      {"define('DB_PASSWORD', 'Zk8lQ2w9sTT');", "define('DB_PASSWORD', '[SECRET]');"},
      {"password = r'Zk8lQ2w9sTT'", "password = r'[SECRET]'"},
      {"<password>aB3$kL9pQ</password>", "<password>[SECRET]</password>"},
      {"CREATE USER bob WITH PASSWORD 'Zk8!lQ2w9s';", "CREATE USER bob WITH PASSWORD '[SECRET]';"},
      {"IDENTIFIED BY 'Zk8!lQ2w9s'", "IDENTIFIED BY '[SECRET]'"},
      {"login bob / password Zk8!lQ2w9s", "login bob / password [SECRET]"},
      {"machine x login bob password Zk8lQ2w9sTT", "machine x login bob password [SECRET]"},
      {"--password Zk8!lQ2w9s", "--password [SECRET]"},
      {"密码：Abc12345！ 然后", "密码：[SECRET] 然后"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"password=$DB_PASSWORD", "PGPASSWORD=$POSTGRES_PASSWORD psql", "$password = $new_password2",
        "password = var.db_password_v2", "'password' => 'required|string|min:8|confirmed',",
        "[\"password\", \"username1\"]", "PASS: TestParse_V2", "PASS: tests/unit/foo_2.test.js",
        "pass = shadow_pass_v2", "the password Username2 field", "password PBKDF2-HMAC-SHA256",
        "password SHA-256 hashed", "password OAuth2.0/OIDC login", "<th>Password</th>",
        "type=\"password\" name=\"password1\" id=\"id_password1\""}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Passwords, TypedIntoAShell) {
  const Redaction examples[] = {
      {"curl -u admin:Zk8!lQ2w9s https://x", "curl -u [CREDENTIALS] https://x"},
      {"curl --user 'bob:Zk8lQ2w9s' https://x", "curl --user '[CREDENTIALS]' https://x"},
      {"sshpass -p 'Zk8!lQ2w9s' ssh x", "sshpass -p '[SECRET]' ssh x"},
      {"mysql -u root -pZk8lQ2w9s shop", "mysql -u root -p[SECRET] shop"},
      {"docker login -u bob -p Zk8lQ2w9sTT", "docker login -u bob -p [SECRET]"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"curl -u user:password https://x", "curl -u \"$USER:$PASS\" https://x",
        "mysql -u root -p shop2024db", "mysql --port=3307x1 --protocol=tcp4socket",
        "sshpass -p \"$PW\" ssh x", "docker run -p 127.0.0.1:8080:80 nginx",
        "docker login -u bob --password-stdin", "docker run -u 1000:1000user2 x",
        "mkdir -p Zk8lQ2w9sTT"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Passwords, KeysAreToldFromTheirNames) {
  const Redaction examples[] = {
      {"JWT_SECRET=x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js", "JWT_SECRET=[SECRET]"},
      {"jwt.secret=7f3a9c1e5b2d4f6a8c0e7f3a9c1e5b2d4f6a8c0e", "jwt.secret=[SECRET]"},
      {"Cookie: session=x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js; theme=dark",
       "Cookie: session=[SECRET]; theme=dark"},
      {"STRIPE_SECRET_KEY=sk_live_72jN60P7ITnQiCMI0K8P57yk", "STRIPE_SECRET_KEY=[API_KEY]"},
      {"PRIVATE_KEY=0x51cbddb2cebf041d6fda4b0c14b57e2ce10801365559d5b7275415b58b65947b",
       "PRIVATE_KEY=[SECRET]"},
      {"my api key is x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js", "my api key is [SECRET]"},
      {"| API_KEY | x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js |", "| API_KEY | [SECRET] |"},
      {"key = b'x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js='", "key = b'[SECRET]'"},
      {"X-API-Key: UqPTeXgvTSgeoiQeNqf7UlZDOjiiMkJN", "X-API-Key: [SECRET]"},
      {"mongodb://svc:9xQ!z_7kLm@c0.acme.net/x", "mongodb://[CREDENTIALS]@c0.acme.net/x"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"hash = 0x51cbddb2cebf041d6fda4b0c14b57e2ce10801365559d5b7275415b58b65947b",
        "pin-sha256=\"aHAy0cSeQ6wHpuZv7iL9xpRy1heN0CAxhwy8ZLj8emg=\"",
        "code_challenge=S-HCwuRahkZeDUvZHokVK-vlzgT1P-1Sl4yTFJBMtDB",
        "payload=LQSIBYXvGNNCJ3Gj0M3N3ZieCqtc5kP7XLtRqoCp5qFf", "salt: t+2YZtO0ip3upUeSX2uBUw==",
        "data-sitekey=\"6L2siWHDRA3s0GgW7LAHewzLet1AyGaL5RR0WoNJ\"", "key: orders-f883a648",
        "Key=dom/2026/03/14/http-339922.parquet", "const userKey = createNetKeyV5FromSeed39(x)",
        "clientId: ddb06a15-fcdc-4e16-a6fd-7f34ca0da969", "CWE-79, GHSA-jfh8-c2jp-5v3q",
        "arn:aws:secretsmanager:x:1:secret:types-5fXVK9",
        "\"VerifiedAccessEndpointId\": \"vae-066fac616d4d546f2\"",
        "ssl_key_password: _PasswordType = None", "Accept-Type: password\nFilename2: /var",
        "the key is theSecretManagerClient2",
        "arn:aws:kms:x:1:key/f1178d25-1506-40b2-af11-d03c02afe3fb"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(Passwords, StreamsAgreeWithWholeTexts) {
  const std::string text =
      "senha: Zk8!lQ2w9s, login bob password Zk8!lQ2w9s; 密码是Abc12345！。 curl -u "
      "admin:Zk8!lQ2w9s "
      "https://x and mysql -pZk8lQ2w9s; 'password', 'Zk8lQ2w9sTT' DB_PASS=x9Kp2qLz7t the api key "
      "is "
      "x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js. Geboren am 14. März 1987, 生年月日 1987年3月14日.";
  const std::string whole = Judge(PiiChain(), text, policy::Phase::kOutput).text;
  EXPECT_EQ(whole.find("Zk8"), std::string::npos) << whole;
  for (size_t step = 1; step <= text.size(); ++step) {
    ASSERT_EQ(Streamed(PiiChain(), text, step), whole) << step;
  }
}

}  // namespace
}  // namespace kt::policies
