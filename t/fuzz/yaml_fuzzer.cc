// Load over arbitrary bytes: it must neither throw nor hang, a configuration comes only without
// errors, and what it writes about itself loads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/config/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // A NUL cannot stand in a file that loads, so it can part two files here.
  const size_t cut = text.find('\0');
  std::vector<kt::config::SourceFile> files = {{"a.yaml", text.substr(0, cut)}};
  if (cut != std::string::npos) files.push_back({"b.yaml", text.substr(cut + 1)});
  const kt::config::LoadResult result = kt::config::Load(files);
  if (result.ok() != result.errors.empty()) std::abort();
  for (const auto& error : result.errors) error.ToString();
  if (result.ok() &&
      !kt::config::Load({{"masked.yaml", kt::config::MaskedYaml(*result.config)}}).ok()) {
    std::abort();
  }
  return 0;
}
