// The rules of prompt-injection as the packs say them: phrases one by one, and families of phrases
// that exist in many languages, whose words come from files of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/policies/registry.h"

namespace kt::policies {

enum class PhraseKind : uint8_t { kPhrase, kBoundary, kDelimiter, kHidden, kMention };

struct PhraseRule {
  std::string id;  // unique within the pack; of a family "drop_orders.de"
  std::string pattern;
  PhraseKind kind = PhraseKind::kPhrase;
  double weight = 0;    // [0, 0.99]
  bool common = false;  // harmless texts have it as well
  // A match may begin with the sign in front of the phrase, such as a quote.
  bool of_family = false;
};

// Every rule of the pack `name` and of the files of its `more_rules`, in that order, and each of
// its `families` in every language whose file has all of the words that it needs. An error names
// file and line: a word that no list of the pack, or no language, has; a word of a language that no
// family uses.
Result<std::vector<PhraseRule>> ReadInjectionPack(const PackReader& packs, std::string_view name);

}  // namespace kt::policies
