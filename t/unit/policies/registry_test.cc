#include "core/policies/registry.h"

#include <gtest/gtest.h>

#include "chain_fixture.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

Status BuildError(const config::PolicyConfig& config, const BuildOptions& options = {}) {
  std::vector<std::string> warnings;
  return BuildChain(config, options, &warnings).status();
}

TEST(Registry, LeavesTheAuditLoggerOutAndKeepsTheOrder) {
  const auto chain =
      Build(ConfigWith({"pii-detector", "prompt-injection", "dlp-filter", "audit-logger"}));
  ASSERT_EQ(chain->entries().size(), 3u);
  EXPECT_EQ(chain->entries()[0].policy->kind(), "pii-detector");
  EXPECT_EQ(chain->entries()[1].policy->kind(), "prompt-injection");
  EXPECT_EQ(chain->entries()[1].first_rule, chain->entries()[0].end_rule);
}

TEST(Registry, NamesTheConfigurationPathOfAPatternThatDoesNotCompile) {
  config::PolicyConfig config = ConfigWith({"pii-detector", "dlp-filter", "prompt-injection"});
  config.pii_detector.detect_patterns = {"fine", "also", "(open"};
  Status status = BuildError(config);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.message().starts_with("policy.pii-detector.detect_patterns[2]: "))
      << status.message();
  config.pii_detector.detect_patterns = {};
  config.prompt_injection.attack_patterns = {"*"};
  EXPECT_TRUE(
      BuildError(config).message().starts_with("policy.prompt-injection.attack_patterns[0]"));
}

TEST(Registry, RefusesPatternsThatNeverAct) {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  for (const char* pattern : {"^", "$", "\\b", "(?:^|$)", "()"}) {
    config.pii_detector.detect_patterns = {"x?", pattern};
    EXPECT_EQ(BuildError(config).message(),
              "policy.pii-detector.detect_patterns[1]: matches only where nothing stands: never "
              "acts")
        << pattern;
  }
}

TEST(Registry, RefusesPatternsThatFindNothingOrHalfACharacter) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  for (const auto& [pattern, why] : {std::pair("|secret", "an alternative of nothing"),
                                     {"(?i)|secret", "an alternative of"},
                                     {"a\\C", "half a character"}}) {
    config.dlp_filter.detect_patterns = {pattern};
    EXPECT_NE(BuildError(config).message().find(why), std::string_view::npos) << pattern;
  }
  config.dlp_filter.detect_patterns = {"secret|", "(|x)y", "a\\\\C"};
  EXPECT_NE(Build(config), nullptr);
}

TEST(Registry, RepeatsNoLongExpressionThatDoesNotCompile) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  std::string pattern = "(";
  for (int i = 0; i < 1000; ++i) pattern += "忘";
  config.dlp_filter.detect_patterns = {pattern};
  const Status status = BuildError(config);
  const std::string_view message = status.message();
  EXPECT_NE(message.find(": not an RE2 expression: missing ): (忘"), message.npos);
  EXPECT_TRUE(message.ends_with("忘…")) << message;
  EXPECT_LT(message.size(), 250u);
}

TEST(Registry, SaysWhatToWriteInsteadOfWhatAnotherEngineKnows) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  for (const auto& [pattern, hint] : {std::pair("(?<!a)b", "no look-around"),
                                      {"(a)\\1", "no backreferences"},
                                      {"(?<n>a)b", "begins (?P<name>"},
                                      {"\\u20AC", "\\x{20AC}"},
                                      {"(?x) a b", "no comments"}}) {
    config.dlp_filter.detect_patterns = {pattern};
    EXPECT_NE(BuildError(config).message().find(hint), std::string_view::npos)
        << BuildError(config).message();
  }
}

TEST(Registry, WarnsOfWhatNoTextHolds) {
  config::PolicyConfig config = ConfigWith({"dlp-filter", "pii-detector"});
  config.dlp_filter.detect_patterns = {"a", "b\\x{200b}"};
  std::vector<std::string> warnings;
  Build(config, {}, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("policy.dlp-filter.detect_patterns[1]: invisible"));
}

TEST(Registry, WarnsOfPatternsThatBufferAnswers) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = {"a+b"};
  std::vector<std::string> warnings;
  const auto chain = Build(config, {}, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("policy.dlp-filter.detect_patterns[0]: "));
  EXPECT_TRUE(policy::ChainRun(*chain, {}).needs_whole_answer());
}

TEST(Registry, AStageWithoutAnswersNeedsNoBound) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = {"a+b"};
  config.chain[0].stage = config::Stage::kInput;
  std::vector<std::string> warnings;
  const auto chain = Build(config, {}, &warnings);
  EXPECT_TRUE(warnings.empty());
  EXPECT_FALSE(policy::ChainRun(*chain, {}).has_output_phase());
}

TEST(Registry, ReadsPacksFromTheReaderGiven) {
  BuildOptions options;
  options.packs = [](std::string_view name) -> std::optional<std::string> {
    if (name != "prompt-injection.yaml") return std::nullopt;
    return "rules:\n  - id: one\n    weight: 0.9\n    pattern: 'open  the {{door}}'\nwords:\n  "
           "door: 'gate|door'\n";
  };
  const auto chain = Build(ConfigWith({"prompt-injection"}), options);
  EXPECT_TRUE(Judge(*chain, "now open\nthe GATE").blocked);
  EXPECT_EQ(BuildError(ConfigWith({"pii-detector"}), options).code(), StatusCode::kNotFound);
}

TEST(Registry, NamesFileAndLineOfABrokenPack) {
  BuildOptions options;
  options.packs = [](std::string_view) -> std::optional<std::string> {
    return "rules:\n  - id: one\n    weight: 0.9\n    pattern: a\n    wieght: 1\n";
  };
  const Status status = BuildError(ConfigWith({"prompt-injection"}), options);
  EXPECT_EQ(status.message(),
            "prompt-injection.yaml:5: unknown key \"wieght\"; did you mean \"weight\"?");
}

TEST(Registry, TakesNothingElseForANumberOfAPack) {
  const auto error = [](const std::string& rule) {
    BuildOptions options;
    options.packs = [&](std::string_view name) -> std::optional<std::string> {
      if (name == "prompt-injection.yaml") return "rules:\n  - {id: a, pattern: a, " + rule + "}\n";
      if (name != "pii-detector.yaml") return "{}\n";
      return "types: [{name: T, label: T}]\nrules:\n  - {id: a, type: T, pattern: (a), " + rule +
             "}\n";
    };
    const char* kind = rule.starts_with("weight") ? "prompt-injection" : "pii-detector";
    return BuildError(ConfigWith({kind}), options).message();
  };
  EXPECT_EQ(error("weight: nan"), "prompt-injection.yaml:2: \"weight\" must be a number");
  EXPECT_EQ(error("weight: inf"), "prompt-injection.yaml:2: \"weight\" must be a number");
  for (const char* value : {"0.5", "-1", "nan", "1e3", "2000", "1 "}) {
    const std::string is = std::string(": ") + (value[1] == ' ' ? "'1 '" : value);
    const std::string must = "\" must be a number from 0 to 1000";
    EXPECT_EQ(error("group" + is), "pii-detector.yaml:3: \"group" + must) << value;
    EXPECT_EQ(error("digits" + is), "pii-detector.yaml:3: \"digits" + must) << value;
  }
  EXPECT_EQ(error("needs: ['']"), "pii-detector.yaml:3: \"needs\" must be a list of strings");
}

TEST(Registry, NamesWhatOfARuleWouldNeverActOrIsNotSaid) {
  const auto error = [](const std::string& rest) {
    BuildOptions options;
    options.packs = [&](std::string_view name) -> std::optional<std::string> {
      if (name != "pii-numbers.yaml") return "{}\n";
      return "types: [{name: T, label: T}]\n" + rest;
    };
    return BuildError(ConfigWith({"pii-detector"}), options).message();
  };
  const auto number = [&](const std::string& keys) {
    return error("number_pattern: '\\d{9}'\nnumbers:\n  - {type: T, check: any, " + keys + "}\n");
  };
  const std::string at = "pii-numbers.yaml:4: ";
  EXPECT_EQ(number("digits: [9], forms: ['3_2-4', '3.2/4', '3 2 4', '9']"), "");
  EXPECT_EQ(number("digits: [9], bare: true"), "");
  EXPECT_EQ(number("names: [n]"), at + "\"digits\" is missing");
  EXPECT_EQ(number("digits: [9]"),
            at + "would never act: give it \"names\", \"forms\" or \"bare\"");
  EXPECT_EQ(number("digits: [9], forms: ['3-3-4']"),
            at + "\"3-3-4\" in \"forms\" has 10 digits, which \"digits\" does not list");
  for (const char* form :
       {"xxx-xxx", "3-", "-9", "3--6", "9 ", "3:6", "0-9", "99999999999999999999"}) {
    EXPECT_EQ(
        number(std::string("digits: [9], forms: ['") + form + "']"),
        at + "\"" + form +
            "\" in \"forms\" is not like \"3-2-4\": groups of digits, and `_`, a blank or one "
            "of ./- between them");
  }
  const auto rule = [&](const std::string& keys) {
    return error("rules:\n  - {id: a, type: T, " + keys + "}\n");
  };
  const std::string there = "pii-numbers.yaml:3: ";
  EXPECT_EQ(rule("pattern: a, patterns: [b]"), there + "needs either \"pattern\" or \"patterns\"");
  EXPECT_EQ(rule("needs: [b]"), there + "needs either \"pattern\" or \"patterns\"");
  EXPECT_EQ(rule("pattern: a, needs: b"), there + "\"needs\" must be a list");
  EXPECT_EQ(rule("pattern: [a]"), there + "\"pattern\" must be one value");
  EXPECT_EQ(rule("pattern: a, check: b"),
            there + "unknown check \"b\": src/core/policies/pii_checks.h lists them");
  EXPECT_EQ(rule("pattern: a, enabled: false")
                .find(there + "unknown key \"enabled\"; known here: "
                              "id, type, patterns, pattern, "),
            0u);
  EXPECT_EQ(
      error("rules:\n  - id: a\n    type: T\n    patterns:\n      - 'a'\n      - \"\\b\"\n"),
      "pii-numbers.yaml:7: \"patterns\" holds a backspace, which \\b is in \"double quotes\": "
      "write expressions in 'single quotes'");
  EXPECT_EQ(error("types_: []\n"),
            "pii-numbers.yaml:2: unknown key \"types_\"; did you mean "
            "\"types\"?");
}

TEST(Registry, TypesAreUniqueOverTheFilesOfAPolicy) {
  BuildOptions options;
  options.packs = [](std::string_view name) -> std::optional<std::string> {
    if (name == "pii-detector.yaml") return "types: [{name: T, label: T}]\n";
    return name == "secrets.yaml" ? "types:\n  - {name: T, label: U}\n" : "{}\n";
  };
  EXPECT_EQ(BuildError(ConfigWith({"pii-detector"}), options).message(),
            "secrets.yaml:2: another type is called \"T\", too");
}

TEST(Registry, NamesWhatIsWrongWithACategory) {
  const auto error = [](const std::string& category) {
    BuildOptions options;
    options.packs = [&](std::string_view name) -> std::optional<std::string> {
      if (name != "safety-filter.yaml") return std::nullopt;
      return "modes: {critical_infrastructure: {default: 0.9}}\ncategories:\n  - " + category +
             "\n";
    };
    return BuildError(ConfigWith({"safety-filter"}), options).message();
  };
  EXPECT_EQ(error("{name: a_2, rules: [{id: b, severity: 1, pattern: c}]}"), "");
  EXPECT_EQ(error("{name: My Own, rules: []}"),
            "safety-filter.yaml:3: \"name\" is small letters, digits and underscores");
  EXPECT_EQ(error("{name: a, rules: [{id: b, pattern: c}]}"),
            "safety-filter.yaml:3: \"severity\" is missing");
}

TEST(Registry, IdsOfRulesAreUniqueOverTheFilesOfAPolicy) {
  BuildOptions options;
  options.packs = [](std::string_view name) -> std::optional<std::string> {
    if (name == "pii-detector.yaml") {
      return "types: [{name: T, label: T}]\nrules:\n  - {id: a, type: T, pattern: one}\n";
    }
    if (name != "secrets.yaml") return "{}\n";
    return "rules:\n  - {id: b, type: T, pattern: two}\n  - {id: a, type: T, pattern: three}\n";
  };
  EXPECT_EQ(BuildError(ConfigWith({"pii-detector"}), options).message(),
            "secrets.yaml:3: another rule is called \"a\", too");
}

// The form of the binary's own packs is none for a user's.
TEST(Registry, ReadsAFileOfADirectoryAsYamlWhateverItBeginsWith) {
  for (const char* text : {"[1, 2]\n", "[\"m\", 1]"}) {
    BuildOptions options;
    options.packs = [=](std::string_view) -> std::optional<std::string> { return text; };
    EXPECT_EQ(BuildError(ConfigWith({"pii-detector"}), options).message(),
              "pii-detector.yaml: must be a map");
  }
}

TEST(Registry, NamesAMisspeltKeyRatherThanTheOneThatIsMissingForIt) {
  BuildOptions options;
  options.packs = [](std::string_view) -> std::optional<std::string> {
    return "rules:\n  - id: one\n    wieght: 0.9\n    pattern: a\n";
  };
  const Status status = BuildError(ConfigWith({"prompt-injection"}), options);
  EXPECT_EQ(status.message(),
            "prompt-injection.yaml:3: unknown key \"wieght\"; did you mean \"weight\"?");
}

// The binary's own patterns compile where they first hit; a mistake in somebody's own must not wait
// for a request.
TEST(Registry, CompilesThePatternsOfAnotherReaderAtOnce) {
  const auto with_pattern = [](const char* file, const char* line, const char* broken) {
    BuildOptions options;
    options.packs = [=](std::string_view name) {
      std::optional<std::string> text = PacksInDirectory(KT_SOURCE_DIR "/policies")(name);
      if (name != file) return text;
      const size_t at = text->find(line);
      EXPECT_NE(at, text->npos) << line;
      text->insert(at, broken);
      return text;
    };
    return options;
  };
  const struct {
    const char *kind, *file, *before, *entry;
  } cases[] = {
      {"prompt-injection", "prompt-injection.yaml",
       "  - id: ", "  - {id: broken, weight: 0.5, pattern: 'open \\p{Nothing}'}\n"},
      {"pii-detector", "pii-identifiers.yaml",
       "  - id: ", "  - {id: broken, type: UK_NINO, pattern: 'open \\p{Nothing}'}\n"},
      {"safety-filter", "safety-filter.yaml",
       "      - id: ", "      - {id: broken, severity: 0.5, pattern: 'open \\p{Nothing}'}\n"},
  };
  for (const auto& c : cases) {
    const BuildOptions options = with_pattern(c.file, c.before, c.entry);
    const std::string message(BuildError(ConfigWith({c.kind}), options).message());
    EXPECT_NE(message.find("broken"), message.npos) << c.kind << ": " << message;
    EXPECT_NE(message.find("p{Nothing}"), message.npos) << c.kind << ": " << message;
  }
  EXPECT_TRUE(AreShipped(ReadEmbeddedPack));
  EXPECT_FALSE(AreShipped(PacksInDirectory(KT_SOURCE_DIR "/policies")));
}

TEST(Registry, EmbedsThePacks) {
  for (const char* name : {"prompt-injection.yaml", "pii-detector.yaml", "safety-filter.yaml"}) {
    EXPECT_TRUE(ReadEmbeddedPack(name)) << name;
  }
  EXPECT_FALSE(ReadEmbeddedPack("README.md"));
  EXPECT_TRUE(PacksInDirectory(KT_SOURCE_DIR "/policies")("pii-detector.yaml"));
  EXPECT_FALSE(PacksInDirectory(KT_SOURCE_DIR "/policies")("no-such.yaml"));
}

TEST(Registry, LiteralPatternsQuoteEverythingButWords) {
  EXPECT_EQ(LiteralPattern("a.b  c"), R"(\ba\.b\s{1,32}c\b)");
  EXPECT_EQ(LiteralPattern("(x"), R"(\(x\b)");
}

}  // namespace
}  // namespace kt::policies
