#include "core/config/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "load_helper.h"

namespace kt::config {
namespace {

const std::string kShape =
    "the current shape is: pack: {name, version, enabled}, policies: {chain: [<kind>, ...]}, "
    "policy: {<kind>: {...}}, providers: {targets: [...]}";

TEST(Loader, LoadsTheSmallestDocument) {
  const LoadResult result = LoadText(std::string(kPack) + kChain);
  ASSERT_TRUE(result.ok()) << Lines(result.errors)[0];
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(result.config->pack.name, "p");
  EXPECT_EQ(result.config->pack.version, "1.0.0");
  EXPECT_TRUE(result.config->pack.enabled);
  EXPECT_TRUE(result.config->providers.targets.empty());
}

TEST(Loader, LoadsJson) {
  const LoadResult result =
      LoadText(R"({"pack":{"name":"p\u00e9","version":"1.0.0","enabled":true},"policies":{"chain":)"
               R"(["audit-logger"]},"policy":{"audit-logger":{"retention_days":30}}})");
  ASSERT_TRUE(result.ok()) << Lines(result.errors)[0];
  EXPECT_EQ(result.config->pack.name, "p\xC3\xA9");
  EXPECT_EQ(result.config->audit_logger.retention_days, 30u);
}

TEST(Loader, FillsInTheDefaults) {
  const LoadResult result = LoadText(std::string(kPack) + kChain);
  ASSERT_TRUE(result.ok());
  const PolicyConfig& c = *result.config;
  EXPECT_EQ(c.size_limits.max_body_bytes, 33554432u);
  EXPECT_EQ(c.size_limits.max_text_bytes, 4194304u);
  EXPECT_EQ(c.size_limits.max_response_bytes, 33554432u);
  EXPECT_EQ(c.audit_logger.retention_days, 365u);
  EXPECT_TRUE(c.audit_logger.immutable);
  EXPECT_EQ(c.prompt_injection.threshold, 0.8);
  EXPECT_EQ(c.pii_detector.action, Action::kRedact);
  EXPECT_EQ(c.safety_filter.mode, "critical_infrastructure");
}

TEST(Loader, ReadsSizeLimits) {
  const LoadResult result = LoadText(WithProviders(
      "size_limits: {max_body_bytes: 1000, max_text_bytes: 200, max_response_bytes: 300}\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->size_limits.max_body_bytes, 1000u);
  EXPECT_EQ(result.config->size_limits.max_text_bytes, 200u);
  EXPECT_EQ(result.config->size_limits.max_response_bytes, 300u);
}

TEST(Loader, RefusesSizeLimitsOutOfRange) {
  EXPECT_EQ(Errors(WithProviders("size_limits: {max_body_bytes: 0, max_text_bytes: -1, "
                                 "max_response_bytes: 99999999999999999999999}\n")),
            (Messages{"f.yaml:4:31: size_limits.max_body_bytes: must be from 1 to 1073741824",
                      "f.yaml:4:50: size_limits.max_text_bytes: must be from 1 to 1073741824",
                      "f.yaml:4:74: size_limits.max_response_bytes: must be from 1 to "
                      "1073741824"}));
}

TEST(Loader, ReportsAllErrorsInOrderOfPosition) {
  EXPECT_EQ(
      Errors("polices: {}\n"
             "pack: {name: p, version: 1.0.0, enabled: ja}\n"
             "policies: {chain: [audit-loger]}\n"),
      (Messages{"f.yaml:1:1: polices: unknown key; did you mean \"policies\"?",
                "f.yaml:2:42: pack.enabled: expected true or false",
                "f.yaml:3:20: policies.chain[0]: unknown policy kind \"audit-loger\"; did you "
                "mean \"audit-logger\"?"}));
}

TEST(Loader, SuggestsTheOneKeyThatBeginsWithWhatIsWritten) {
  EXPECT_EQ(Errors("pack: {name: p, version: 1.0.0, enabled: true}\n"
                   "policies: {chain: [audit-logger]}\n"
                   "policy: {audit-logger: {retention: 30, ret: 1}}\n"
                   "size_limits: {max_: 1, max_body: 2}\n"),
            (Messages{"f.yaml:3:25: policy.audit-logger.retention: unknown key; did you mean "
                      "\"retention_days\"?",
                      "f.yaml:3:40: policy.audit-logger.ret: unknown key",
                      "f.yaml:4:15: size_limits.max_: unknown key",
                      "f.yaml:4:24: size_limits.max_body: unknown key; did you mean "
                      "\"max_body_bytes\"?"}));
}

TEST(Loader, ReportsDuplicatesBesideOtherErrors) {
  EXPECT_EQ(Errors("pack: {name: p, name: q, version: 1.0.0, enabled: true}\n"
                   "policies: {chain: [audit-logger]}\npolicy: {audit-logger: {}}\nfoo: 1\n"),
            (Messages{"f.yaml:1:17: pack.name: a duplicate key; it is already given above",
                      "f.yaml:4:1: foo: unknown key"}));
}

TEST(Loader, ReportsAnAliasOnce) {
  EXPECT_EQ(
      Errors("pack: {name: &a p, version: 1.0.0, enabled: true, id: *a}\n" + std::string(kChain)),
      (Messages{
          "f.yaml:1:14: pack.name: anchors and aliases are not accepted; write the value out",
          "f.yaml:1:55: pack.id: anchors and aliases are not accepted; write the value out"}));
}

TEST(Loader, NamesThePathOfADuplicateInAList) {
  EXPECT_EQ(Errors(std::string(kPack) + kChain +
                   "providers: {targets: [{id: a, provider: openai}, "
                   "{id: b, provider: openai, weight: 1, weight: 2}]}\n"),
            (Messages{"f.yaml:4:87: providers.targets[1].weight: a duplicate key; it is already "
                      "given above"}));
}

TEST(Loader, PutsAMissingKeyAtItsMap) {
  EXPECT_EQ(
      Errors("pack:\n  name: p\n" + std::string(kChain)),
      (Messages{"f.yaml:2:3: pack.version: is required", "f.yaml:2:3: pack.enabled: is required"}));
  EXPECT_EQ(Errors("pack:\n" + std::string(kChain))[0], "f.yaml:1:1: pack.name: is required");
  EXPECT_EQ(Errors("foo: 1\n"),
            (Messages{"f.yaml:1:1: pack: is required", "f.yaml:1:1: policies: is required",
                      "f.yaml:1:1: foo: unknown key"}));
}

TEST(Loader, RefusesAnEmptyFile) {
  EXPECT_EQ(Errors(""), (Messages{"f.yaml: the file is empty; " + kShape}));
  EXPECT_EQ(Errors("# nothing\n"), (Messages{"f.yaml: the file is empty; " + kShape}));
}

TEST(Loader, RefusesAListOrAScalarAtTheTop) {
  EXPECT_EQ(Errors("- pack\n"), (Messages{"f.yaml:1:1: expected a map at the top; " + kShape}));
  EXPECT_EQ(Errors("pack\n"), (Messages{"f.yaml:1:1: expected a map at the top; " + kShape}));
}

TEST(Loader, AnswersTheListDialectWithOneError) {
  EXPECT_EQ(Errors("version: '1'\n"
                   "policies:\n"
                   "  - name: guard\n    type: prompt_injection\n    phase: input\n"),
            (Messages{"f.yaml:1:10: version: the list dialect of older tutorials (version: '1') is "
                      "not accepted; " +
                      kShape}));
}

TEST(Loader, KnowsTheListDialectByItsPolicies) {
  const Messages errors = Errors(std::string(kPack) + "policies:\n  - type: pii_redaction\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].rfind("f.yaml:3:3: policies: the list dialect", 0), 0u) << errors[0];
}

TEST(Loader, TakesAVersionBesideAPackForAMisplacedKey) {
  EXPECT_EQ(Errors(WithProviders("version: 1.0.0\n")),
            (Messages{"f.yaml:4:1: version: unknown key; it belongs to pack.version"}));
}

TEST(Loader, RefusesDocumentedSectionsThatComeLater) {
  EXPECT_EQ(Errors(WithProviders("rate_limits: {}\nagents: []\n")),
            (Messages{"f.yaml:4:14: rate_limits: not supported yet",
                      "f.yaml:5:9: agents: not supported yet"}));
}

TEST(Loader, SaysWhereAMisplacedKeyBelongs) {
  EXPECT_EQ(
      Errors(WithProviders("retry_policy: {}\n")),
      (Messages{"f.yaml:4:1: retry_policy: unknown key; it belongs to providers.retry_policy"}));
}

TEST(Loader, EscapesAndCutsUntrustedKeys) {
  const Messages errors = Errors(WithProviders("\"a\\nb\": 1\n" + std::string(100, 'k') + ": 1\n"));
  EXPECT_EQ(errors, (Messages{"f.yaml:4:1: a\\x0ab: unknown key",
                              "f.yaml:5:1: " + std::string(64, 'k') + "...: unknown key"}));
}

TEST(Loader, StopsAt100Errors) {
  std::string text = WithProviders("");
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(LoadText(text).errors.size(), 100u);
}

TEST(Loader, ReadsPackFields) {
  const LoadResult result = LoadText(
      "pack: {name: \"a b\", version: '2.1.0-rc.1+5', enabled: false, id: i, author: me, "
      "description: \"x\\ny\"}\n" +
      std::string(kChain));
  ASSERT_TRUE(result.ok());
  const Pack& pack = result.config->pack;
  EXPECT_EQ(pack.name, "a b");
  EXPECT_EQ(pack.version, "2.1.0-rc.1+5");
  EXPECT_FALSE(pack.enabled);
  EXPECT_EQ(pack.id + pack.author + pack.description, "imex\ny");
  EXPECT_EQ(Lines(result.warnings),
            (Messages{"f.yaml:1:55: pack.enabled: the pack is off: every governed request gets 503 "
                      "pack_disabled"}));
}

TEST(Loader, RefusesVersionsThatAreNotSemantic) {
  const auto error = [](const std::string& version) {
    const Messages errors =
        Errors("pack: {name: p, version: " + version + ", enabled: true}\n" + kChain);
    return errors.empty() ? "ok" : errors[0];
  };
  const std::string reason =
      "f.yaml:1:26: pack.version: is not a semantic version (MAJOR.MINOR.PATCH)";
  EXPECT_EQ(error("1.0"), reason + "; did you mean \"1.0.0\"?");
  EXPECT_EQ(error("1"), reason + "; did you mean \"1.0.0\"?");
  EXPECT_EQ(error("v1.2.3"), reason + "; did you mean \"1.2.3\"?");
  for (const char* bad : {"01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "1..0", "latest", "1.0.0-a..b",
                          "1.0.0.0", "-1.0.0"}) {
    EXPECT_EQ(error(bad), reason) << bad;
  }
  for (const char* good :
       {"0.0.1", "'1.0.0'", "10.20.30", "1.0.0-alpha.1", "1.0.0+001", "1.0.0-0a.--"}) {
    EXPECT_EQ(error(good), "ok") << good;
  }
}

TEST(Loader, BoundsThePackName) {
  const auto errors = [](size_t bytes) {
    return Errors("pack: {name: " + std::string(bytes, 'n') + ", version: 1.0.0, enabled: true}\n" +
                  kChain);
  };
  EXPECT_TRUE(errors(200).empty());
  EXPECT_EQ(errors(201), (Messages{"f.yaml:1:14: pack.name: is longer than 200 bytes"}));
  EXPECT_EQ(Errors("pack: {name: '', version: 1.0.0, enabled: true}\n" + std::string(kChain)),
            (Messages{"f.yaml:1:14: pack.name: must not be empty"}));
}

TEST(Loader, MergesMapsAndReplacesLists) {
  const LoadResult result =
      Load({{"base.yaml",
             "pack: {name: p, version: 1.0.0, enabled: true}\n"
             "policies: {chain: [pii-detector, audit-logger]}\n"
             "policy:\n  pii-detector: {action: block, detect_patterns: [a, b]}\n"
             "  audit-logger: {}\n"},
            {"over.yaml",
             "pack: {version: 1.0.1}\n"
             "policy: {pii-detector: {detect_patterns: [c]}}\n"}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->pack.name, "p");
  EXPECT_EQ(result.config->pack.version, "1.0.1");
  EXPECT_EQ(result.config->pii_detector.action, Action::kBlock);
  EXPECT_EQ(result.config->pii_detector.detect_patterns, (Messages{"c"}));
}

TEST(Loader, NamesTheFileThatAValueCameFrom) {
  const LoadResult result = Load({{"base.yaml",
                                   "pack: {name: p, version: 1.0.0, enabled: true}\n"
                                   "policies: {chain: [audit-logger]}\n"
                                   "policy: {audit-logger: {retention_days: 0}}\n"},
                                  {"over.yaml", "# a comment\npack: {version: x}\n"},
                                  {"last.yaml", "policy: {audit-logger: {imutable: true}}\n"}});
  EXPECT_EQ(Lines(result.errors),
            (Messages{"base.yaml:3:41: policy.audit-logger.retention_days: must be from 1 to 36500",
                      "over.yaml:2:17: pack.version: is not a semantic version (MAJOR.MINOR.PATCH)",
                      "last.yaml:1:25: policy.audit-logger.imutable: unknown key; did you mean "
                      "\"immutable\"?"}));
}

TEST(Loader, LetsTheLaterFileWinOverAnErrorOfTheEarlier) {
  const LoadResult result =
      Load({{"base.yaml", "pack: {name: p, version: x, enabled: true}\n" + std::string(kChain)},
            {"over.yaml", "pack: {version: 1.0.0}\n"}});
  EXPECT_TRUE(result.ok());
}

TEST(Loader, KeepsASectionThatAnOverlayLeavesEmpty) {
  const LoadResult result = Load({{"base.yaml", WithPolicy("pii-detector", "    action: block\n")},
                                  {"over.yaml", "policy:\n  pii-detector:\npack:\n"}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->pii_detector.action, Action::kBlock);
}

TEST(Loader, ReportsBrokenFilesOfSeveralWithoutFollowingErrors) {
  const LoadResult result = Load({{"a.yaml", "pack: [\n"}, {"b.yaml", "pack: {\xff}\n"}});
  ASSERT_EQ(result.errors.size(), 2u);
  EXPECT_EQ(result.errors[0].file, "a.yaml");
  EXPECT_EQ(result.errors[1].ToString(), "b.yaml:1:8: is not valid UTF-8");
}

TEST(Loader, HashesTheBytesOfTheFilesInOrder) {
  const std::string text = std::string(kPack) + kChain;
  const LoadResult one = LoadText(text);
  const LoadResult two = Load({{"a", kPack}, {"b", kChain}});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one.config->sha256.size(), 64u);
  EXPECT_EQ(one.config->sha256, two.config->sha256);
  EXPECT_NE(one.config->sha256, LoadText(text + "\n").config->sha256);
}

TEST(Loader, NeedsAFile) {
  EXPECT_FALSE(Load({}).ok());
  EXPECT_EQ(Load({}).errors.size(), 1u);
  EXPECT_FALSE(LoadFiles({}).ok());
}

TEST(Loader, RepeatsNoValueThatMayBeASecret) {
  const LoadResult result = LoadText(WithTarget(
      "      provider: openai\n      api_key: hunter2\n      secret_key_ref: {env: hunter-2, "
      "hunter: 2}\n      headers: {Authorization: hunter2, X-A: \"hunter2\\n\"}\n"
      "      base_url: https://a:hunter2@b/\n"));
  EXPECT_EQ(result.errors.size(), 6u);
  for (const Diagnostic& d : result.errors) {
    EXPECT_EQ(d.reason.find("hunter"), std::string::npos) << d.ToString();
    EXPECT_EQ(d.suggestion.find("hunter"), std::string::npos) << d.ToString();
  }
}

class LoaderFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/kt-config-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
};

TEST_F(LoaderFiles, ReadsFilesByName) {
  std::ofstream(Path("a.yaml")) << kPack;
  std::ofstream(Path("b.yaml")) << kChain;
  const LoadResult result = LoadFiles({Path("a.yaml"), Path("b.yaml")});
  EXPECT_TRUE(result.ok());
}

TEST_F(LoaderFiles, ReportsEveryFileThatCannotBeRead) {
  const LoadResult result = LoadFiles({Path("no"), directory_, Path("none")});
  EXPECT_EQ(Lines(result.errors),
            (Messages{Path("no") + ": cannot be opened: No such file or directory",
                      directory_ + ": is not a regular file",
                      Path("none") + ": cannot be opened: No such file or directory"}));
}

TEST_F(LoaderFiles, DoesNotWaitForAFifo) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(Lines(LoadFiles({Path("fifo")}).errors),
            (Messages{Path("fifo") + ": is not a regular file"}));
}

TEST_F(LoaderFiles, RefusesAHugeFileWithoutReadingItAll) {
  std::ofstream(Path("huge")) << "a";
  std::filesystem::resize_file(Path("huge"), uint64_t{1} << 33);
  EXPECT_EQ(Lines(LoadFiles({Path("huge")}).errors),
            (Messages{Path("huge") + ": the file is larger than 1 MiB"}));
}

class LoaderExamples : public testing::TestWithParam<std::string> {};

TEST_P(LoaderExamples, Loads) {
  const std::string name =
      std::string(KT_SOURCE_DIR) + "/t/unit/config/examples/" + GetParam() + ".yaml";
  const LoadResult result = LoadFiles({name});
  for (const Diagnostic& d : result.errors) ADD_FAILURE() << d.ToString();
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.config->audit_logger.present);
  for (const Target& target : result.config->providers.targets) {
    EXPECT_EQ(target.secret_key_ref.env,
              target.provider == "openai" ? "OPENAI_API_KEY" : "FIREWORKS_API_KEY");
    EXPECT_FALSE(target.model.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(All, LoaderExamples,
                         testing::Values("fireworks-ab-testing", "fireworks-circuit-breaker",
                                         "fireworks-cross-provider-fallback",
                                         "fireworks-function-calling", "fireworks-gateway",
                                         "fireworks-multi-model-fallback", "fireworks-retry-policy",
                                         "fireworks-streaming"));

TEST(LoaderExample, GatewayHasTheValuesWritten) {
  const LoadResult result =
      LoadFiles({std::string(KT_SOURCE_DIR) + "/t/unit/config/examples/fireworks-gateway.yaml"});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.warnings.empty());
  const PolicyConfig& c = *result.config;
  ASSERT_EQ(c.chain.size(), 4u);
  EXPECT_EQ(c.chain[0].kind, "prompt-injection");
  EXPECT_EQ(c.chain[0].mark.line, 7);
  EXPECT_EQ(c.safety_filter.mode, "strict");
  ASSERT_EQ(c.providers.targets.size(), 1u);
  EXPECT_EQ(c.providers.targets[0].base_url.host, "api.fireworks.ai");
  EXPECT_EQ(c.providers.targets[0].base_url.path, "/inference/v1");
  EXPECT_EQ(c.providers.targets[0].stream_timeout_seconds, 60);
}

}  // namespace
}  // namespace kt::config
