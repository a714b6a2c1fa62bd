// Writes block-style YAML that ParseYaml reads back. Texts are always quoted, so that none of them
// turns into a number, a null or a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/policy_config.h"

namespace kt::config {

class YamlWriter {
 public:
  // Open and OpenItem begin a level, Close ends it. A list entry's first key stands on its dash.
  void Open(std::string_view key);
  void OpenItem();
  void Close();

  void Raw(std::string_view key, std::string_view value);  // as it is: names that we chose
  void Text(std::string_view key, std::string_view value);
  void TextIfAny(std::string_view key, std::string_view value);
  void Bool(std::string_view key, bool value);
  void Whole(std::string_view key, uint64_t value);
  void Number(std::string_view key, double value);
  void Texts(std::string_view key, const std::vector<std::string>& values);
  // The reference; nothing when there is none.
  void Secret(std::string_view key, const SecretRef& ref);
  // Names only: the rule that headers hold no credentials goes by names, so values stay hidden.
  void MaskedHeaders(std::string_view key,
                     const std::vector<std::pair<std::string, std::string>>& headers);
  static std::string Quoted(std::string_view text);

  std::string Take() && { return std::move(out_); }

 private:
  void Line(const std::string& text);

  std::string out_;
  size_t depth_ = 0;
  bool begins_item_ = false;
};

}  // namespace kt::config
