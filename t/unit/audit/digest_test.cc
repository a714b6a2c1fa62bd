#include "core/audit/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/audit/keys.h"

namespace kt::audit {
namespace {

// RFC 8032, section 7.1, test 1, as PKCS#8.
constexpr char kRootPem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

DigestKey Key(std::string_view secret) {
  return std::move(DigestKey::FromSecret(secret).value());
}

class DigestDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/kt-digest-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file() const { return directory_ + "/digest.key"; }
  std::string Digest() const {
    auto key = DigestKey::OfDirectory(FileSystem::Real(), directory_);
    return key.ok() ? key->Of("body") : key.status().message();
  }
  std::string directory_;
};

TEST(DigestKey, GivesTheVectorsOfRfc4231) {
  EXPECT_EQ(Key(std::string(20, '\x0b')).Of("Hi There"),
            "hmac-sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Key("Jefe").Of("what do ya want for nothing?"),
            "hmac-sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(DigestKey, IsTheRootSeedsHmacOfTheContext) {
  const std::string seed =
      "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4"
      "\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
  const std::string derived = Key(seed).Of(kDigestContext).substr(12);
  std::string secret;
  for (size_t i = 0; i < derived.size(); i += 2) {
    secret += static_cast<char>(std::stoi(derived.substr(i, 2), nullptr, 16));
  }
  const auto key = DigestKey::FromRootKey(kRootPem);
  ASSERT_TRUE(key.ok()) << key.status().message();
  EXPECT_EQ(key->Of("body"), Key(secret).Of("body"));
}

TEST(DigestKey, RefusesWhatIsNoRootKey) {
  EXPECT_EQ(DigestKey::FromRootKey("nothing").status().code(), StatusCode::kInvalidArgument);
}

TEST(BodyDigest, IsTheSameForEachCut) {
  const DigestKey key = Key("0123456789abcdef0123456789abcdef");
  const std::string body = "data: {\"delta\":\"x\"}\n\ndata: [DONE]\n\n";
  for (size_t cut = 0; cut <= body.size(); ++cut) {
    BodyDigest digest(key);
    digest.Add(body.substr(0, cut));
    digest.Add(body.substr(cut));
    EXPECT_EQ(digest.Finish(), key.Of(body)) << cut;
  }
}

TEST_F(DigestDirectory, TheKeyIsMadeOnceForItsOwnerOnly) {
  const std::string first = Digest();
  EXPECT_EQ(first.substr(0, 12), "hmac-sha256:");
  EXPECT_EQ(Digest(), first);
  struct stat info {};
  ASSERT_EQ(lstat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(DigestDirectory, AKeyThatIsNoneIsAnErrorAndStays) {
  std::ofstream(file()) << "short\n";
  EXPECT_NE(Digest().find("64 hex digits"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(file()), 6u);
}

TEST_F(DigestDirectory, ALinkInTheKeysPlaceIsNotFollowed) {
  std::ofstream(directory_ + "/elsewhere") << std::string(64, 'a') << "\n";
  std::filesystem::create_symlink(directory_ + "/elsewhere", file());
  EXPECT_NE(Digest().substr(0, 12), "hmac-sha256:");
}

TEST_F(DigestDirectory, WithoutADirectoryThereIsNoKey) {
  directory_ += "/missing";
  EXPECT_NE(Digest().substr(0, 12), "hmac-sha256:");
}

}  // namespace
}  // namespace kt::audit
