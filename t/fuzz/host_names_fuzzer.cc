// /etc/hosts and /etc/resolv.conf as arbitrary bytes: nothing throws, and every bound holds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/routing/host_names.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view host : {std::string_view("localhost"), text.substr(0, size % 64)}) {
    const auto addresses = kt::routing::AddressesInHosts(text, host);
    if (addresses.size() > kt::routing::kMaxAddresses) std::abort();
    for (const auto& address : addresses) {
      if (kt::routing::IpAddressText(address).size() < 2) std::abort();
    }
  }
  const kt::routing::ResolvConf conf = kt::routing::ParseResolvConf(text);
  if (conf.nameservers.size() > 3 || conf.search.size() > 32 || conf.ndots > 15) std::abort();
  for (const std::string& name : kt::routing::NamesToAsk(conf, "api.example")) {
    if (name.size() > 253) std::abort();
  }
  return 0;
}
