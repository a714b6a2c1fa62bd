// What single rules of prompt-injection find, and what looks like it and is harmless:
// phrases/*.tsv, lines of a rule, a tab and a text. Rules alone speak here, so that weights which
// are trained anew change nothing.
#include <gtest/gtest.h>

#include <set>

#include "chain_fixture.h"
#include "core/policies/injection_pack.h"
#include "core/policies/prompt_injection.h"
#include "labelled_lines.h"

namespace kt::policies {
namespace {

constexpr size_t kLeast = 51;

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
  for (const LabelledLine& line : LabelledLinesOf("phrases/attacks.tsv", kLeast)) {
    EXPECT_GE(EvidenceOf(line.text), kWeakest) << line.label << ": " << line.text;
  }
}

TEST(Phrases, HarmlessLookAlikesAreNone) {
  for (const LabelledLine& line : LabelledLinesOf("phrases/harmless.tsv", kLeast)) {
    EXPECT_LT(EvidenceOf(line.text), kWeakest) << line.label << ": " << line.text;
  }
}

TEST(Phrases, AreOfRulesThatExist) {
  const auto rules = ReadInjectionPack(ReadEmbeddedPack, "prompt-injection.yaml");
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  std::set<std::string> ids;
  for (const PhraseRule& rule : rules.value()) ids.insert(rule.id);
  for (const char* file : {"phrases/attacks.tsv", "phrases/harmless.tsv"}) {
    for (const LabelledLine& line : LabelledLinesOf(file, kLeast)) {
      EXPECT_TRUE(ids.contains(line.label)) << line.label;
    }
  }
}

}  // namespace
}  // namespace kt::policies
