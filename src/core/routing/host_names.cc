#include "core/routing/host_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/text.h"

namespace kt::routing {
namespace {

constexpr size_t kMaxNameBytes = 253;
constexpr size_t kMaxNameservers = 3;
constexpr size_t kMaxSearch = 32;
constexpr unsigned kMaxDots = 15;
constexpr std::string_view kBlanks = " \t\r\v\f";

// Takes the next word off `line`; empty at its end.
std::string_view NextWord(std::string_view* line) {
  const size_t begin = std::min(line->find_first_not_of(kBlanks), line->size());
  line->remove_prefix(begin);
  const size_t end = std::min(line->find_first_of(kBlanks), line->size());
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(end);
  return word;
}

// Calls `visit` with each line, without what follows one of the `comment` characters.
template <typename Visit>
void EachLine(std::string_view text, std::string_view comment, Visit&& visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    visit(line.substr(0, line.find_first_of(comment)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// A search domain: a name without the dots around it; empty when it is none.
std::string Domain(std::string_view word) {
  if (word.starts_with('.')) word.remove_prefix(1);
  if (word.ends_with('.')) word.remove_suffix(1);
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') || (AsciiLower(c) >= 'a' && AsciiLower(c) <= 'z') || c == '-' ||
           c == '_' || c == '.';
  });
  return plain && word.size() <= kMaxNameBytes ? ToLower(word) : std::string();
}

void ReadOption(std::string_view option, ResolvConf* conf) {
  constexpr std::string_view kDots = "ndots:";
  if (!option.starts_with(kDots)) return;
  unsigned dots = 0;
  const char* const end = option.data() + option.size();
  const auto [stop, error] = std::from_chars(option.data() + kDots.size(), end, dots);
  if (error == std::errc() && stop == end) conf->ndots = std::min(dots, kMaxDots);
}

void ReadLine(std::string_view line, ResolvConf* conf) {
  const std::string_view key = NextWord(&line);
  if (key == "nameserver") {
    const auto address = ParseIpAddress(NextWord(&line));
    if (address && conf->nameservers.size() < kMaxNameservers) {
      conf->nameservers.push_back(*address);
    }
  } else if (key == "search" || key == "domain") {
    conf->search.clear();
    for (std::string_view word = NextWord(&line); !word.empty(); word = NextWord(&line)) {
      std::string domain = Domain(word);
      if (!domain.empty() && conf->search.size() < kMaxSearch) {
        conf->search.push_back(std::move(domain));
      }
    }
  } else if (key == "options") {
    for (std::string_view word = NextWord(&line); !word.empty(); word = NextWord(&line)) {
      ReadOption(word, conf);
    }
  }
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return {};
  const std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddressText(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return address.v6 ? "[" + std::string(text) + "]" : text;
}

std::vector<IpAddress> AddressesInHosts(std::string_view untrusted_hosts, std::string_view host) {
  std::vector<IpAddress> found;
  EachLine(untrusted_hosts, "#", [&](std::string_view line) {
    if (found.size() == kMaxAddresses) return;
    const std::string_view address_text = NextWord(&line);
    bool named = false;
    for (std::string_view word = NextWord(&line); !word.empty() && !named; word = NextWord(&line)) {
      named = EqualsIgnoreCase(word, host);
    }
    const auto address = named ? ParseIpAddress(address_text) : std::nullopt;
    if (!address || std::find(found.begin(), found.end(), *address) != found.end()) return;
    found.push_back(*address);
  });
  return found;
}

ResolvConf ParseResolvConf(std::string_view untrusted_text) {
  ResolvConf conf;
  EachLine(untrusted_text, "#;", [&conf](std::string_view line) { ReadLine(line, &conf); });
  return conf;
}

std::vector<std::string> NamesToAsk(const ResolvConf& conf, std::string_view host) {
  std::vector<std::string> names;
  const auto dots = static_cast<size_t>(std::count(host.begin(), host.end(), '.'));
  const bool as_it_is_first = dots >= conf.ndots;
  if (as_it_is_first) names.emplace_back(host);
  for (const std::string& domain : conf.search) {
    if (host.size() + 1 + domain.size() > kMaxNameBytes) continue;
    names.push_back(std::string(host) + "." + domain);
  }
  if (!as_it_is_first) names.emplace_back(host);
  return names;
}

}  // namespace kt::routing
