// A target's name at configuration time: the hosts file, the resolver that is asked at run time,
// and the addresses that a worker begins with.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr size_t kMaxHostsBytes = 8 << 20, kMaxResolvConfBytes = 64 << 10;
// Of one question, with nginx's repetitions: requests may wait for the first.
constexpr ngx_msec_t kMaxTimeoutMs = 10'000, kSystemTimeoutMs = 5'000;
constexpr int64_t kSlowMs = 1'000;

// The beginning of a file of the system; empty when it cannot be read.
std::string ReadSystemFile(const char* path, size_t max_bytes) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[16384];
  while (text.size() < max_bytes) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  text.resize(std::min(text.size(), max_bytes));
  return text;
}

// nginx's resolver over the system's nameservers; nullptr: there is none.
ngx_resolver_t* SystemResolver(ngx_conf_t* cf, const routing::ResolvConf& conf) {
  std::vector<ngx_str_t> arguments;
  for (const routing::IpAddress& address : conf.nameservers) {
    if (!HasSockets(address.v6)) continue;
    arguments.push_back(CopyToPool(cf->pool, routing::IpAddressText(address)));
  }
  if (arguments.empty()) return nullptr;
  if (!HasSockets(true)) arguments.push_back(CopyToPool(cf->pool, "ipv6=off"));
  for (const ngx_str_t& argument : arguments) {
    if (argument.data == nullptr) return nullptr;
  }
  return ngx_resolver_create(cf, arguments.data(), arguments.size());
}

void ReadSystem(ngx_conf_t* cf, NameTable* table) {
  if (table->system_read) return;
  table->system_read = true;
  table->hosts = ReadSystemFile("/etc/hosts", kMaxHostsBytes);
  table->resolv_conf =
      routing::ParseResolvConf(ReadSystemFile("/etc/resolv.conf", kMaxResolvConfBytes));
  table->system_resolver = SystemResolver(cf, table->resolv_conf);
}

// Memory that the master's workers, of this and later configurations, have in common.
std::shared_ptr<routing::KnownAddresses> NewKnownAddresses() {
  void* memory = mmap(nullptr, sizeof(routing::KnownAddresses), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return {::new (memory) routing::KnownAddresses,
          [](routing::KnownAddresses* known) { munmap(known, sizeof(*known)); }};
}

// What the running configuration knows of the name; a new one begins with it.
std::shared_ptr<routing::KnownAddresses> PreviouslyKnown(const Name& name) {
  if (ngx_cycle == nullptr || ngx_cycle->conf_ctx == nullptr) return nullptr;
  auto* http = static_cast<ngx_http_conf_ctx_t*>(
      static_cast<void*>(ngx_cycle->conf_ctx[ngx_http_module.index]));
  if (http == nullptr) return nullptr;
  auto* main = static_cast<MainConf*>(http->main_conf[ngx_http_keeptrusts_module.ctx_index]);
  if (main == nullptr) return nullptr;
  for (const auto& other : main->names.names) {
    const bool same = other->host == name.host && other->port == name.port &&
                      other->resolver_text == name.resolver_text;
    if (same) return other->known;
  }
  return nullptr;
}

int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// What the system says at once, by all its ways, not DNS alone. A name that nobody answers for
// takes seconds: after the first of that kind the others are left to the run time.
std::vector<routing::IpAddress> AskSystem(ngx_conf_t* cf, const Name& name, NameTable* table) {
  std::vector<routing::IpAddress> addresses;
  ngx_url_t url{};
  url.url = CopyToPool(cf->pool, name.host);
  url.default_port = name.port;
  if (table->system_slow || url.url.data == nullptr) return addresses;
  const int64_t began = MonotonicMs();
  const ngx_int_t rc = ngx_parse_url(cf->pool, &url);
  table->system_slow = MonotonicMs() - began > kSlowMs;
  if (rc != NGX_OK) return addresses;
  for (ngx_uint_t i = 0; i < url.naddrs; i++) {
    routing::IpAddress address;
    if (FromSocketAddress(url.addrs[i].sockaddr, &address)) addresses.push_back(address);
  }
  return addresses;
}

// The addresses of a name that need no nameserver; empty: it does.
std::vector<routing::IpAddress> FixedAddresses(const NameTable& table, const std::string& host) {
  if (const auto address = routing::ParseIpAddress(host)) return {*address};
  auto addresses = routing::AddressesInHosts(table.hosts, host);
  // RFC 6761: loopback by definition, also where no hosts file says so.
  if (addresses.empty() && host == "localhost") addresses = {*routing::ParseIpAddress("127.0.0.1")};
  return addresses;
}

void SetUpQueries(ngx_conf_t* cf, NameTable* table, ngx_resolver_t* own, ngx_msec_t own_timeout,
                  Name* name) {
  name->resolver = own != nullptr ? own : table->system_resolver;
  name->resolver_text = ResolverText(own);
  name->timeout_ms = own != nullptr ? std::min(own_timeout, kMaxTimeoutMs) : kSystemTimeoutMs;
  name->queries = {name->host};
  if (own == nullptr) name->queries = routing::NamesToAsk(table->resolv_conf, name->host);
  name->known = PreviouslyKnown(*name);
  if (name->known == nullptr) name->known = NewKnownAddresses();
  std::vector<routing::IpAddress> addresses;
  if (name->known != nullptr) addresses = name->known->Load();
  if (addresses.empty() && own == nullptr) {
    const bool skipped = table->system_slow;
    addresses = AskSystem(cf, *name, table);
    if (name->known != nullptr && !addresses.empty()) name->known->Store(addresses);
    name->heard = addresses.empty() && !skipped;
    name->reachable = !name->heard;
  }
  name->addresses = MakeAddressList(addresses, name->port);
}

}  // namespace

bool HasSockets(bool v6) noexcept {
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool FromSocketAddress(const sockaddr* from, routing::IpAddress* to) noexcept {
  *to = {};
  if (from->sa_family == AF_INET) {
    ngx_memcpy(to->bytes.data(), &reinterpret_cast<const sockaddr_in*>(from)->sin_addr, 4);
    return true;
  }
  if (from->sa_family != AF_INET6) return false;
  to->v6 = true;
  ngx_memcpy(to->bytes.data(), &reinterpret_cast<const sockaddr_in6*>(from)->sin6_addr, 16);
  return true;
}

std::shared_ptr<const AddressList> MakeAddressList(const std::vector<routing::IpAddress>& addresses,
                                                   in_port_t port) {
  auto list = std::make_shared<AddressList>();
  list->reserve(addresses.size());
  for (const routing::IpAddress& address : addresses) {
    if (list->size() == routing::kMaxAddresses) break;
    if (address.v6 && !HasSockets(true)) continue;
    SocketAddress& out = list->emplace_back();
    ngx_memzero(&out.sockaddr, sizeof(out.sockaddr));
    if (address.v6) {
      out.sockaddr.sockaddr_in6.sin6_family = AF_INET6;
      ngx_memcpy(&out.sockaddr.sockaddr_in6.sin6_addr, address.bytes.data(), 16);
      out.socklen = sizeof(sockaddr_in6);
    } else {
      out.sockaddr.sockaddr_in.sin_family = AF_INET;
      ngx_memcpy(&out.sockaddr.sockaddr_in.sin_addr, address.bytes.data(), 4);
      out.socklen = sizeof(sockaddr_in);
    }
    ngx_inet_set_port(&out.sockaddr.sockaddr, port);
    out.text = routing::IpAddressText(address) + ":" + std::to_string(port);
  }
  for (SocketAddress& address : *list) {  // the texts stay where they are from here on
    address.name.data = reinterpret_cast<u_char*>(address.text.data());
    address.name.len = address.text.size();
  }
  return list;
}

std::string ResolverText(const ngx_resolver_t* resolver) {
  std::string text;
  if (resolver == nullptr) return text;
  const auto* servers = static_cast<const ngx_resolver_connection_t*>(resolver->connections.elts);
  for (ngx_uint_t i = 0; i < resolver->connections.nelts; i++) {
    text.append(View(servers[i].server)).push_back(' ');
  }
  if (text.empty()) return text;
#if (NGX_HAVE_INET6)
  if (resolver->ipv6 == 0) text.append("ipv6=off ");
#endif
  return text + "valid=" + std::to_string(resolver->valid);
}

Name* GetName(ngx_conf_t* cf, NameTable* table, const std::string& host, in_port_t port,
              std::string* reason) {
  ReadSystem(cf, table);
  auto* clcf = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  ngx_resolver_t* own = clcf->resolver;  // one without nameservers: none is configured
  if (own != nullptr && own->connections.nelts == 0) own = nullptr;
  const std::vector<routing::IpAddress> fixed = FixedAddresses(*table, host);
  ngx_resolver_t* resolver = own != nullptr ? own : table->system_resolver;
  if (!fixed.empty()) resolver = nullptr;
  Name* name = nullptr;
  for (const auto& other : table->names) {
    const bool same = other->host == host && other->port == port && other->resolver == resolver;
    if (same) name = other.get();
  }
  if (name == nullptr) {
    table->names.push_back(std::make_unique<Name>());
    name = table->names.back().get();
    name->host = host;
    name->port = port;
    name->addresses = MakeAddressList(fixed, port);
    if (fixed.empty()) SetUpQueries(cf, table, own, clcf->resolver_timeout, name);
  }
  if (name->addresses->empty() && name->resolver == nullptr) {
    *reason = "\"" + host + "\" cannot be resolved, and no nameserver is known";
  }
  return name;
}

}  // namespace kt::nginx
