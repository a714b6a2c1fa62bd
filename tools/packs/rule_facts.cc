// rule_facts OUT
//
// Derives what the expressions of the shipped packs say (core/detect/rule_facts.h), and writes it
// as the file that the binary holds. Part of the build. Which expressions there are is what chains
// ask about that have all of the packs' rules.
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "core/detect/facts_writer.h"
#include "core/policies/registry.h"

// None yet: this program stands in for the file that it writes.
struct KtEmbeddedFile {
  const char *name, *begin, *end;
};
extern "C" {
extern const KtEmbeddedFile kt_embedded_facts[];
const KtEmbeddedFile kt_embedded_facts[] = {{nullptr, nullptr, nullptr}};
}

namespace {

using kt::detect::Rule;
using kt::detect::RuleFacts;

class Recorder final : public kt::detect::KnownFacts {
 public:
  explicit Recorder(kt::detect::FactsWriter* writer) : writer_(*writer) {}
  std::unique_ptr<RuleFacts> Find(const Rule& rule) const override {
    auto facts = std::make_unique<RuleFacts>(
        kt::detect::DeriveFacts(rule.pattern, rule.ignore_case, rule.group));
    writer_.Add(rule, *facts);
    return facts;
  }

 private:
  kt::detect::FactsWriter& writer_;
};

kt::config::PolicyConfig EveryRule() {
  kt::config::PolicyConfig config;
  for (const char* kind : {"prompt-injection", "pii-detector", "safety-filter", "dlp-filter"}) {
    config.chain.emplace_back().kind = kind;
  }
  config.prompt_injection.reject_fake_boundaries = true;
  config.prompt_injection.enforce_delimiters = true;
  config.pii_detector.entities = {"ALL"};
  config.pii_detector.healthcare_mode = config.pii_detector.pci_mode = true;
  config.pii_detector.include_private_ips = true;
  config.dlp_filter.sensitivity_level = "restricted";
  return config;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: rule_facts OUT\n", 2;
  kt::detect::FactsWriter writer;
  const Recorder recorder(&writer);
  kt::policies::BuildOptions options;
  options.facts = &recorder;
  std::vector<std::string> warnings;
  const auto chain = kt::policies::BuildChain(EveryRule(), options, &warnings);
  if (!chain.ok()) return std::cerr << "rule_facts: " << chain.status().message() << '\n', 1;
  const kt::Result<std::string> file = std::move(writer).Take();
  if (!file.ok()) return std::cerr << "rule_facts: " << file.status().message() << '\n', 1;
  std::ofstream out(argv[1], std::ios::binary);
  out << file.value() << std::flush;
  return out ? 0 : 1;
}
