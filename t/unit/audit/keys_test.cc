#include "core/audit/keys.h"

#include <gtest/gtest.h>

#include "core/audit/keys_state.h"
#include "log_files.h"

namespace kt::audit {
namespace {

TEST(Sha256, OfKnownTexts) {
  Sha256 sha256;
  EXPECT_EQ(sha256.Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256.Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 8032, 7.1, test 1.
TEST(SigningKey, SignsAsTheStandardSays) {
  const auto key =
      SigningKey::FromSeedHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key.value().public_hex(),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(
      key.value().Sign(""),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
      "f9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(SigningKey, ASignatureFitsOneTextAndOneKey) {
  const auto key = SigningKey::Generate(), other = SigningKey::Generate();
  std::string signature = key.value().Sign("text");
  EXPECT_TRUE(VerifySignature(key.value().public_hex(), "text", signature));
  EXPECT_FALSE(VerifySignature(key.value().public_hex(), "Text", signature));
  EXPECT_FALSE(VerifySignature(other.value().public_hex(), "text", signature));
  signature[5] = signature[5] == '0' ? '1' : '0';
  EXPECT_FALSE(VerifySignature(key.value().public_hex(), "text", signature));
  EXPECT_FALSE(VerifySignature(key.value().public_hex(), "text", ""));
  EXPECT_FALSE(VerifySignature("", "text", signature));
}

TEST(SigningKey, PemAndBack) {
  const auto key = SigningKey::Generate();
  const auto again = SigningKey::FromPem(key.value().ToPem());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value().SeedHex(), key.value().SeedHex());
  for (const std::string& text :
       {key.value().ToPem(), key.value().PublicPem(), key.value().public_hex() + "\n"}) {
    EXPECT_EQ(ReadPublicKey(text).value(), key.value().public_hex());
  }
  EXPECT_FALSE(SigningKey::FromPem(key.value().PublicPem()).ok());
  EXPECT_FALSE(ReadPublicKey("no key").ok());
}

TEST(SigningKey, AMovedKeyLeavesNothingBehind) {
  auto key = SigningKey::Generate();
  SigningKey first = std::move(key).value();
  const SigningKey second = std::move(first);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.SeedHex(), std::string(64, '0'));
  EXPECT_TRUE(second.valid());
}

class KeyFile : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  FastFileSystem fs_;
  Fd at_{fs_.OpenDirectory(directory_.path())};
};

TEST_F(KeyFile, HoldsWhatWasSavedAndNoMore) {
  auto state = KeysState::Generate("0123456789abcdef");
  KeysState& keys = state.value();
  const std::string used = keys.epoch_key.SeedHex(), next = keys.next_epoch_key.SeedHex();
  ASSERT_TRUE(keys.AdvanceEpoch().ok());
  ASSERT_TRUE(keys.Save(&fs_, at_.get()).ok());
  const std::string text = ReadAll(directory_ / "epoch.key");
  EXPECT_EQ(text.find(used), std::string::npos);
  const auto loaded = KeysState::Load(&fs_, at_.get());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value().epoch, 2u);
  EXPECT_EQ(loaded.value().epoch_key.SeedHex(), next);
  EXPECT_EQ(loaded.value().lineage, "0123456789abcdef");
}

TEST_F(KeyFile, MissingAndUnreadableAreToldApart) {
  EXPECT_EQ(KeysState::Load(&fs_, at_.get()).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(KeysState::Generate("0123456789abcdef").value().Save(&fs_, at_.get()).ok());
  const std::string good = ReadAll(directory_ / "epoch.key");
  for (size_t length = 0; length + 1 < good.size(); ++length) {
    WriteFile(directory_ / "epoch.key", good.substr(0, length));
    ASSERT_EQ(KeysState::Load(&fs_, at_.get()).status().code(), StatusCode::kInvalidArgument);
  }
  WriteFile(directory_ / "epoch.key", std::string(100'000, ' '));
  EXPECT_EQ(KeysState::Load(&fs_, at_.get()).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kt::audit
