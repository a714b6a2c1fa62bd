#include "core/routing/target.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace kt::routing {
namespace {

std::optional<std::string> FakeEnvironment(const std::string& name) {
  if (name == "GOOD") return "key-1\n";
  if (name == "OTHER") return "key-2";
  if (name == "EMPTY") return "\n";
  if (name == "SPLIT") return "key\r\nX-Evil: 1";
  return std::nullopt;
}

SecretSource Source() {
  return {FakeEnvironment, ""};
}

config::SecretRef Env(const std::string& name) {
  return {name, "", ""};
}

class Directory {
 public:
  Directory() : path_(::testing::TempDir() + "kt_secret_XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~Directory() {
    std::remove((path_ + "/key").c_str());
    std::remove(path_.c_str());
  }
  void Write(const std::string& text) { std::ofstream(path_ + "/key", std::ios::binary) << text; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ResolveSecret, ReadsTheEnvironmentWithoutTheNewline) {
  const auto value = ResolveSecret(Env("GOOD"), Source());
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value.value(), "key-1");
}

TEST(ResolveSecret, AnUnsetOrEmptyVariableIsNotFound) {
  EXPECT_EQ(ResolveSecret(Env("UNSET"), Source()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ResolveSecret(Env("EMPTY"), Source()).status().code(), StatusCode::kNotFound);
}

TEST(ResolveSecret, RefusesWhatNoHeaderMayCarryWithoutQuotingIt) {
  const auto value = ResolveSecret(Env("SPLIT"), Source());
  EXPECT_EQ(value.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(value.status().message().find("X-Evil"), std::string::npos);
}

TEST(ResolveSecret, ReadsFileAndStore) {
  Directory directory;
  directory.Write("from-file\n");
  SecretSource source = Source();
  source.store_directory = directory.path();
  const auto file = ResolveSecret({"", directory.path() + "/key", ""}, source);
  const auto stored = ResolveSecret({"", "", "key"}, source);
  ASSERT_TRUE(file.ok() && stored.ok());
  EXPECT_EQ(file.value(), "from-file");
  EXPECT_EQ(stored.value(), "from-file");
  const auto absent = ResolveSecret({"", "", "absent"}, source);
  EXPECT_NE(absent.status().message().find("\"" + directory.path() + "/absent\""),
            std::string::npos);
}

TEST(ResolveSecret, AStoreNameCannotLeaveTheStore) {
  Directory directory;
  SecretSource source = Source();
  source.store_directory = directory.path();
  for (const char* name : {"../key", "..", ".hidden", "a/b"}) {
    EXPECT_EQ(ResolveSecret({"", "", name}, source).status().code(), StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(ResolveSecret, RefusesAHugeFile) {
  Directory directory;
  directory.Write(std::string(100'000, 'k'));
  EXPECT_FALSE(ResolveSecret({"", directory.path() + "/key", ""}, Source()).ok());
}

config::PolicyConfig TwoTargets(const std::string& first, const std::string& second) {
  config::PolicyConfig config;
  for (const std::string& variable : {first, second}) {
    config::Target target;
    target.id = "t" + std::to_string(config.providers.targets.size());
    target.base_url.host = "api.example.com";
    target.secret_key_ref.env = variable;
    config.providers.targets.push_back(target);
  }
  return config;
}

TEST(MakeTargets, AMissingKeyDisablesTheTargetAndWarns) {
  const auto config = TwoTargets("GOOD", "UNSET");
  std::vector<std::string> warnings;
  const auto targets = MakeTargets(config, Source(), &warnings);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_TRUE(targets[0].available);
  EXPECT_FALSE(targets[1].available);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("\"t1\""), std::string::npos);
}

TEST(MakeTargets, TargetsOfOneHostShareConnectionsOnlyWithTheSameKey) {
  const auto same = TwoTargets("GOOD", "GOOD");
  const auto other = TwoTargets("GOOD", "OTHER");
  const auto a = MakeTargets(same, Source(), nullptr);
  const auto b = MakeTargets(other, Source(), nullptr);
  EXPECT_EQ(a[0].identity, a[1].identity);
  EXPECT_NE(b[0].identity, b[1].identity);
  EXPECT_EQ(b[0].identity.find("key-1"), std::string::npos);
}

TEST(MakeTargets, IdentityDependsOnSchemeHostPortAndCertificate) {
  const auto identity = [](const auto& change) {
    auto config = TwoTargets("GOOD", "GOOD");
    change(config.providers.targets[1]);
    const auto targets = MakeTargets(config, Source(), nullptr);
    return targets[0].identity == targets[1].identity;
  };
  EXPECT_FALSE(identity([](config::Target& t) { t.base_url.tls = false; }));
  EXPECT_FALSE(identity([](config::Target& t) { t.base_url.host = "api.example.org"; }));
  EXPECT_FALSE(identity([](config::Target& t) { t.base_url.port = 444; }));
  EXPECT_FALSE(identity([](config::Target& t) { t.client_certificate = "/c.pem"; }));
  EXPECT_TRUE(identity([](config::Target& t) { t.base_url.host = "API.example.com"; }));
  EXPECT_TRUE(identity([](config::Target& t) { t.base_url.path = "/other"; }));
}

}  // namespace
}  // namespace kt::routing
