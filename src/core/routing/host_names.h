// Where a name's addresses come from before and beside DNS: /etc/hosts and /etc/resolv.conf. Pure
// and bounded; the adapter reads the files and asks the nameservers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kt::routing {

struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; IPv4 in the first four
  bool operator==(const IpAddress&) const = default;
};

// An address as it is written without brackets; nullopt: a name, or a scoped address.
std::optional<IpAddress> ParseIpAddress(std::string_view text);
// "192.0.2.1", "[2001:db8::1]".
std::string IpAddressText(const IpAddress& address);

// The most addresses that are kept of one name.
inline constexpr size_t kMaxAddresses = 32;

// What a hosts file (hosts(5)) says of `host`: its addresses in order, without repetition, at most
// kMaxAddresses. Names compare without case. Lines that are not understood are passed over.
std::vector<IpAddress> AddressesInHosts(std::string_view untrusted_hosts, std::string_view host);

// What resolv.conf(5) says, within its own limits: 3 nameservers, ndots up to 15; 32 domains.
struct ResolvConf {
  std::vector<IpAddress> nameservers;
  std::vector<std::string> search;  // the last `search` or `domain`
  unsigned ndots = 1;
};
ResolvConf ParseResolvConf(std::string_view untrusted_text);

// The names that are asked for `host`, one after the other: as it is and below each search domain,
// which come first when it has fewer dots than `ndots`. Names over 253 bytes are left out.
std::vector<std::string> NamesToAsk(const ResolvConf& conf, std::string_view host);

}  // namespace kt::routing
