// What single rules of prompt-injection find, and what looks like it and is harmless:
// phrases/*.tsv, lines of a rule, a tab and a text. Rules alone speak here, so that weights which
// are trained anew change nothing.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "chain_fixture.h"
#include "core/policies/injection_pack.h"
#include "core/policies/prompt_injection.h"

namespace kt::policies {
namespace {

struct Line {
  std::string rule, text;
};

std::vector<Line> LinesOf(const std::string& name) {
  std::ifstream file(std::string(KT_SOURCE_DIR "/t/unit/policies/phrases/") + name);
  std::vector<Line> lines;
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    EXPECT_NE(tab, line.npos) << line;
    lines.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  EXPECT_GT(lines.size(), 50u) << name;
  return lines;
}

// All evidence of rules for an attack.
double EvidenceOf(const std::string& text) {
  static const policy::Chain* const chain = Build(ConfigWith({"prompt-injection"})).release();
  const auto* policy = dynamic_cast<const PromptInjection*>(chain->entries().front().policy.get());
  policy::Reader reader(chain->matcher());
  policy::Reader::Options options;
  options.views = detect::kAllViews;
  policy::Reading reading;
  EXPECT_TRUE(reader.Read(text, options, &reading).ok());
  return policy->CluesOf(reading).best.together;
}

// The weakest rule that is no bare hint.
constexpr double kWeakest = 0.45;

TEST(Phrases, AttacksAreEvidence) {
  for (const Line& line : LinesOf("attacks.tsv")) {
    EXPECT_GE(EvidenceOf(line.text), kWeakest) << line.rule << ": " << line.text;
  }
}

TEST(Phrases, HarmlessLookAlikesAreNone) {
  for (const Line& line : LinesOf("harmless.tsv")) {
    EXPECT_LT(EvidenceOf(line.text), kWeakest) << line.rule << ": " << line.text;
  }
}

TEST(Phrases, AreOfRulesThatExist) {
  const auto rules = ReadInjectionPack(ReadEmbeddedPack, "prompt-injection.yaml");
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  std::set<std::string> ids;
  for (const PhraseRule& rule : rules.value()) ids.insert(rule.id);
  for (const char* file : {"attacks.tsv", "harmless.tsv"}) {
    for (const Line& line : LinesOf(file)) EXPECT_TRUE(ids.contains(line.rule)) << line.rule;
  }
}

}  // namespace
}  // namespace kt::policies
