// The providers that a target can name, as data (README, policy-config.yaml).
#pragma once

#include <span>
#include <string_view>

namespace kt::config {

struct ProviderInfo {
  std::string_view name;
  std::string_view base_url;      // empty: base_url must be given
  std::string_view key_variable;  // empty: no key unless secret_key_ref names one
  // Whether `stream_options.include_usage` may be asked. False where the server refuses unknown
  // parameters or sends usage without being asked, and where it is not known.
  bool stream_usage;
};

inline constexpr std::string_view kEchoProvider = "echo";

// nullptr: not known.
const ProviderInfo* FindProvider(std::string_view name);
std::span<const ProviderInfo> AllProviders();

// Documented, with a wire format that the gateway does not speak.
bool IsLaterProvider(std::string_view name);

}  // namespace kt::config
