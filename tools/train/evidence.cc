#include "core/policies/prompt_injection.h"
#include "core/policies/registry.h"
#include "core/policies/score_mix.h"
#include "rows.h"

namespace kt::train {

Status FindEvidence(std::vector<Row>* rows) {
  config::PolicyConfig config;
  config.chain.emplace_back().kind = "prompt-injection";
  std::vector<std::string> warnings;
  policies::BuildOptions build;
  // Weights of any kind: those of the tree may be of another version, and are not asked.
  build.facts = nullptr;
  build.packs = [files = policies::PacksInDirectory(KT_POLICIES)](std::string_view name) {
    if (name != "classifier.bin") return files(name);
    const std::vector<int8_t> none(size_t{detect::kFeatureCount} * kHeads);
    return std::optional(detect::Classifier::Serialize({{}, {}}, none));
  };
  auto chain = policies::BuildChain(config, build, &warnings);
  if (!chain.ok()) return chain.status();
  const auto* policy =
      dynamic_cast<const policies::PromptInjection*>(chain.value()->entries().front().policy.get());
  if (policy == nullptr) return Status::Internal("the chain has another policy");
  policy::Reader reader(chain.value()->matcher());
  policy::Reader::Options options;
  options.views = detect::kAllViews;
  for (Row& row : *rows) {
    if (row.generated) continue;
    policy::Reading reading;
    // What cannot be read is no row of a corpus.
    if (!reader.Read(row.text, options, &reading).ok()) continue;
    const policies::Clues clues = policy->CluesOf(reading);
    row.evidence = policies::EvidenceLogit(clues.best.together);
    row.rare = policies::IsRare(clues.rare);
  }
  return Status::Ok();
}

}  // namespace kt::train
