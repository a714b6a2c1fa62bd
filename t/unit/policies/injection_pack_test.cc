#include "core/policies/injection_pack.h"

#include <gtest/gtest.h>

#include <map>

namespace kt::policies {
namespace {

using Files = std::map<std::string, std::string, std::less<>>;

Result<std::vector<PhraseRule>> Read(const Files& files) {
  const PackReader reader = [&](std::string_view name) -> std::optional<std::string> {
    const auto file = files.find(name);
    return file == files.end() ? std::nullopt : std::optional(file->second);
  };
  return ReadInjectionPack(reader, "pack.yaml");
}

constexpr std::string_view kFamily =
    "languages: [words.yaml]\n"
    "families:\n"
    "  - {id: drop, weight: 0.8, common: true, pattern: '{{drop}} {{orders}}'}\n";

TEST(InjectionPack, MakesARuleOfAFamilyForEachLanguageThatHasItsWords) {
  const auto rules = Read(
      {{"pack.yaml", std::string(kFamily) + "  - {id: go, weight: 0.5, pattern: '{{gone}}'}\n"},
       {"words.yaml",
        "languages:\n"
        "  - lang: de\n    words: {drop: vergiss, orders: 'regeln|befehle'}\n"
        "  - lang: xx\n    words: {gone: away}\n"
        "  - lang: zh\n    spaced: false\n    words: {drop: 忘记, orders: 指令}\n"}});
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  ASSERT_EQ(rules.value().size(), 3u);
  EXPECT_EQ(rules.value()[2].id, "go.xx");
  EXPECT_EQ(rules.value()[0].id, "drop.de");
  EXPECT_EQ(rules.value()[0].pattern, "(?:vergiss)(?:\\s{1,2})(?:regeln|befehle)");
  EXPECT_EQ(rules.value()[0].weight, 0.8);
  EXPECT_TRUE(rules.value()[0].common);
  EXPECT_EQ(rules.value()[1].id, "drop.zh");
  EXPECT_EQ(rules.value()[1].pattern, "(?:忘记)(?:\\s{0,2})(?:指令)");
}

TEST(InjectionPack, LetsACommaStandForABlankWhereALanguageSaysSo) {
  const auto rules = Read({{"pack.yaml", std::string(kFamily)},
                           {"words.yaml",
                            "languages:\n  - lang: es\n    commas: true\n"
                            "    words: {drop: 'no sigas', orders: reglas}\n"}});
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  EXPECT_EQ(rules.value()[0].pattern, "(?:no(?:[\\s,]{1,2})sigas)(?:[\\s,]{1,2})(?:reglas)");
  EXPECT_TRUE(rules.value()[0].of_family);
}

TEST(InjectionPack, PutsListsIntoLaterLists) {
  const auto rules =
      Read({{"pack.yaml", std::string(kFamily)},
            {"words.yaml",
             "languages:\n  - lang: de\n    words: {_all: alle, drop: 'weg {{_all}}', "
             "orders: regeln}\n"}});
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  EXPECT_EQ(rules.value()[0].pattern, "(?:weg(?:\\s{1,2})(?:alle))(?:\\s{1,2})(?:regeln)");
}

TEST(InjectionPack, ReadsMoreRulesWithTheSameLists) {
  const std::string pack =
      "words: {drop: 'ignore|forget'}\nmore_rules: [more.yaml]\n"
      "rules:\n  - {id: a, weight: 0.5, pattern: 'a {{drop}}'}\n";
  const auto rules = Read(
      {{"pack.yaml", pack},
       {"more.yaml", "rules:\n  - {id: b, weight: 0.6, common: true, pattern: '{{drop}} it'}\n"}});
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  ASSERT_EQ(rules.value().size(), 2u);
  EXPECT_EQ(rules.value()[1].id, "b");
  EXPECT_EQ(rules.value()[1].pattern, "(?:ignore|forget)(?:\\s{1,5})it");
  EXPECT_TRUE(rules.value()[1].common);
  const auto error = [&](std::string more) {
    return std::string(
        Read({{"pack.yaml", pack}, {"more.yaml", std::move(more)}}).status().message());
  };
  EXPECT_EQ(error("rules:\n  - {id: a, weight: 0.6, pattern: b}\n"),
            "more.yaml:2: another rule is called \"a\", too");
  EXPECT_EQ(error("words: {drop: b}\n"), "more.yaml:1: unknown key \"words\"; known here: rules");
  EXPECT_NE(Read({{"pack.yaml", pack}}).status().message().find("more.yaml"), std::string::npos);
}

TEST(InjectionPack, NamesWhatIsWrong) {
  const auto error = [](std::string pack, std::string words) {
    return std::string(Read({{"pack.yaml", std::move(pack)}, {"words.yaml", std::move(words)}})
                           .status()
                           .message());
  };
  const std::string words = "languages:\n  - lang: de\n    words: {drop: a, orders: b}\n";
  const std::string family(kFamily);
  EXPECT_EQ(error(family, words), "");
  EXPECT_EQ(error(family, "languages:\n  - lang: de\n    words: {drop: a}\n"),
            "pack.yaml:3: no language has the words \"orders\"");
  EXPECT_EQ(error(family, "languages:\n  - lang: de\n    words: {drop: a, orders: b, show: c}\n"),
            "words.yaml:3: no family uses the words \"show\" of \"de\"");
  EXPECT_EQ(error(family, words + "  - lang: xx\n    words: {_a: b, drop: '{{_a}}'}\n"),
            "words.yaml:5: the words \"drop\" of \"xx\" would never act: family \"drop\" needs "
            "\"orders\", too");
  EXPECT_EQ(error(family, words + "  - lang: de\n    words: {drop: a, orders: b}\n"),
            "words.yaml:4: \"de\" has an entry already: put the words there");
  EXPECT_EQ(error(family, "languages:\n  - lang: de\n    words: {drop: '(?:a', orders: 'b)'}\n"),
            "words.yaml:3: \"drop\" is no expression by itself: missing )");
  EXPECT_EQ(error(family, "languages:\n  - lang: de\n    words: {drop: '{{all}}', orders: b}\n"),
            "words.yaml:3: unknown word list \"all\" in \"drop\"");
  EXPECT_EQ(error(family, "languages:\n  - {lang: de, wrods: {drop: a}}\n"),
            "words.yaml:2: unknown key \"wrods\"; did you mean \"words\"?");
  EXPECT_EQ(error("rules:\n  - {id: a, weight: 2, pattern: b}\n", words),
            "pack.yaml:2: \"weight\" must be in [0, 0.99]");
  EXPECT_EQ(error("rules:\n  - {id: a, weight: 0.5, kind: odd, pattern: b}\n", words),
            "pack.yaml:2: unknown kind \"odd\": phrase, boundary, delimiter, hidden or mention");
  EXPECT_EQ(error("rules:\n  - {id: a, weight: 0.5, pattern: '{{b'}\n", words),
            "pack.yaml:2: \"{{\" is not closed in \"pattern\"");
  EXPECT_EQ(error("rules:\n  - {weight: 0.5, pattern: b}\n", words),
            "pack.yaml:2: \"id\" is missing");
  EXPECT_EQ(error("rules:\n  - {id: a, weight: 0.5, pattern: b}\n"
                  "  - {id: a, weight: 0.5, pattern: c}\n",
                  words),
            "pack.yaml:3: another rule is called \"a\", too");
  EXPECT_EQ(Read({{"pack.yaml", family}}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace kt::policies
