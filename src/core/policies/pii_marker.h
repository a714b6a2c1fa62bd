// What stands in the place of a redacted value (README, redaction.*).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/config/policy_config.h"

namespace kt::policies {

// Is text[begin, end) what stands behind the label of a mark "[SECRET:<12 hex>]"? It says nothing
// more, but names and values of secrets look like that. Looks backward only, as in a stream.
bool IsHashOfMark(std::string_view text, size_t begin, size_t end) noexcept;

class MarkerWriter {
 public:
  // `hash_key`: the resolved redaction.hash_key_ref; used by the hash format only.
  MarkerWriter(const config::PiiDetector& config, std::string hash_key);

  // `type` is the entity type, `label` its short name in markers ("EMAIL").
  //   label "[EMAIL]" · asterisk "****" · partial "****4242" · hash "[EMAIL:1f0c…]"
  // A custom marker (by type or label) stands as it is written. `reversible` writes a label: the
  // session, which knows the whole request, numbers it.
  std::string Write(std::string_view type, std::string_view label, std::string_view value) const;
  // How many bytes at the end of the value the marker repeats.
  size_t Shown(std::string_view type, std::string_view label, std::string_view value) const;
  // text[begin, end) is of a mark that this writes: a client sends it again with the next turn, and
  // the model may repeat it.
  bool Wrote(std::string_view text, size_t begin, size_t end) const noexcept {
    return format_ == config::MarkerFormat::kHash && IsHashOfMark(text, begin, end);
  }
  // The marker is a label that is to be numbered.
  bool Restorable(std::string_view type, std::string_view label) const;

 private:
  const std::string* Custom(std::string_view type, std::string_view label) const;

  config::MarkerFormat format_;
  bool preserve_length_;
  std::map<std::string, std::string, std::less<>> custom_;
  std::string hash_key_;
};

}  // namespace kt::policies
