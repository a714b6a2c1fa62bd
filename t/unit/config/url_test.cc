#include "core/config/url.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::config {
namespace {

std::string Reason(const std::string& text) {
  const Result<Url> url = ParseUrl(text);
  return url.ok() ? "ok: " + UrlText(url.value()) : url.status().message();
}

TEST(Url, ReadsSchemeHostPortAndPath) {
  const Result<Url> url = ParseUrl("https://API.example.com:8443/inference/v1/");
  ASSERT_TRUE(url.ok());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/inference/v1");
}

TEST(Url, KnowsTheDefaultPorts) {
  EXPECT_EQ(ParseUrl("https://h")->port, 443);
  EXPECT_EQ(ParseUrl("HTTP://h")->port, 80);
  EXPECT_FALSE(ParseUrl("http://h")->tls);
}

TEST(Url, LeavesAnEmptyPathEmpty) {
  EXPECT_EQ(ParseUrl("https://h")->path, "");
  EXPECT_EQ(ParseUrl("https://h/")->path, "");
}

TEST(Url, ReadsIpv6Literals) {
  const Result<Url> url = ParseUrl("http://[::1]:8080/v1");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(UrlText(url.value()), "http://[::1]:8080/v1");
}

TEST(Url, RefusesBrokenIpv6Literals) {
  for (const char* text :
       {"http://[::1", "http://[::1]x", "http://[]", "http://[::g]", "http://[127.0.0.1]",
        "http://[fe80::1%25eth0]", "http://::1/", "http://[::1]:/"}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
  }
}

TEST(Url, RefusesCredentialsWithoutRepeatingThem) {
  for (const char* text : {"https://user:hunter2@h/", "https://hunter2@h", "https://:hunter2@h",
                           "https://good.example@evil.example/hunter2"}) {
    const std::string reason = Reason(text);
    EXPECT_NE(reason.find("credentials"), std::string::npos) << text;
    EXPECT_EQ(reason.find("hunter2"), std::string::npos) << text;
  }
}

TEST(Url, RefusesQueryAndFragment) {
  for (const char* text : {"https://h?x=1", "https://h/v1?key=1", "https://h/#x", "https://h#@x"}) {
    EXPECT_EQ(Reason(text), "a base URL has no query and no fragment") << text;
  }
}

TEST(Url, RefusesLineBreaksBlanksAndWhatIsNotAscii) {
  for (const char* text : {"https://h/\r\nX: y", "https://h /", " https://h", "https://h/\t",
                           "https://h\xC3\xA9/", "https://h\\@evil/", "https://h/\x7f"}) {
    EXPECT_EQ(Reason(text), "a URL holds no blanks and only ASCII") << text;
  }
}

TEST(Url, RefusesOtherSchemes) {
  for (const char* text : {"ftp://h", "h", "//h", "https:/h", "", "https:h", "javascript://h"}) {
    EXPECT_EQ(Reason(text), "the URL must begin with https:// or http://") << text;
  }
}

TEST(Url, RefusesPortsOutOfRange) {
  for (const char* text : {"https://h:0", "https://h:65536", "https://h:", "https://h:x",
                           "https://h:-1", "https://h:80x", "https://h:99999999999999999999"}) {
    EXPECT_EQ(Reason(text), "the port must be from 1 to 65535") << text;
  }
  EXPECT_TRUE(ParseUrl("https://h:65535").ok());
}

TEST(Url, RefusesHostsThatAreNoNames) {
  for (const char* text :
       {"https://", "https:///v1", "https://a..b", "https://.a", "https://a.", "https://-a",
        "https://a-", "https://a%62", "https://a$b", "https://*"}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
  }
  EXPECT_FALSE(ParseUrl("https://" + std::string(64, 'a')).ok());
  EXPECT_TRUE(ParseUrl("https://" + std::string(63, 'a')).ok());
}

TEST(Url, RefusesShortFormsOfIpv4Addresses) {
  for (const char* text : {"http://127.1", "http://2130706433", "http://0x7f.0x1",
                           "http://1.2.3.4.5", "http://127.0.0.256", "http://0x7f000001"}) {
    EXPECT_EQ(Reason(text), "the host is not a valid IPv4 address") << text;
  }
  EXPECT_TRUE(ParseUrl("http://127.0.0.1").ok());
  EXPECT_TRUE(ParseUrl("http://1st.example").ok());
}

TEST(Url, RefusesPathsThatAreNotPlain) {
  for (const char* text : {"https://h/a/../b", "https://h/./b", "https://h//b", "https://h/%",
                           "https://h/%0d%0a", "https://h/%zz", "https://h/{x}", "https://h/%0"}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
  }
  EXPECT_TRUE(ParseUrl("https://h/a%20b/v1.0/@x").ok());
}

TEST(Url, BoundsTheLength) {
  EXPECT_TRUE(ParseUrl("https://h/" + std::string(2038, 'a')).ok());
  EXPECT_EQ(Reason("https://h/" + std::string(2039, 'a')), "the URL is too long");
}

TEST(Url, KnowsLoopbackHosts) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"localhost.example", "128.0.0.1", "::2", "0.0.0.0", "::", "a", ""}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

}  // namespace
}  // namespace kt::config
