// The rule packs that cmake/embed.cmake put into the binary, with what was derived of them, and the
// directory that replaces them.
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/detect/facts_file.h"
#include "core/policies/registry.h"

struct KtEmbeddedFile {
  const char* name;
  const char* begin;
  const char* end;
};
extern "C" {
__attribute__((visibility("hidden"))) extern const KtEmbeddedFile kt_embedded_files[];
__attribute__((visibility("hidden"))) extern const KtEmbeddedFile kt_embedded_facts[];
}

namespace kt::policies {

std::optional<std::string> ReadEmbeddedPack(std::string_view name) {
  for (const KtEmbeddedFile* file = kt_embedded_files; file->name != nullptr; ++file) {
    if (name == file->name) return std::string(file->begin, file->end);
  }
  return std::nullopt;
}

const detect::KnownFacts* EmbeddedFacts() {
  const KtEmbeddedFile& file = kt_embedded_facts[0];
  static const detect::FactsFile kFacts(
      file.name == nullptr ? std::string_view() : std::string_view(file.begin, file.end));
  return &kFacts;
}

bool AreShipped(const PackReader& packs) noexcept {
  const auto* function = packs.target<decltype(&ReadEmbeddedPack)>();
  return function != nullptr && *function == &ReadEmbeddedPack;
}

PackReader PacksInDirectory(std::string directory) {
  return [directory = std::move(directory)](std::string_view name) -> std::optional<std::string> {
    std::ifstream file(directory + "/" + std::string(name), std::ios::binary);
    if (!file) return std::nullopt;
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (file.bad()) return std::nullopt;
    return text;
  };
}

}  // namespace kt::policies
