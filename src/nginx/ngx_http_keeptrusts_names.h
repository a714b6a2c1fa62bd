// Names of targets and their addresses: made at configuration time (*_resolver.cc), kept up to date
// in each worker (*_names.cc), and handed out to connections (*_addresses.cc).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/routing/host_names.h"
#include "core/routing/known_addresses.h"
#include "ngx_http_keeptrusts_guard.h"
#include "ngx_http_keeptrusts_nginx.h"

namespace kt::nginx {

struct Context;

struct SocketAddress {
  ngx_sockaddr_t sockaddr;
  socklen_t socklen;
  std::string text;  // "192.0.2.1:443"
  ngx_str_t name;    // the same, for nginx
};
// One generation of a name's addresses. Requests hold on to the one they began with.
using AddressList = std::vector<SocketAddress>;

// A host and port. Shared by the targets of one configuration that name them; lives in MainConf.
struct Name {
  ~Name();

  std::string host;
  in_port_t port = 0;
  std::shared_ptr<const AddressList> addresses;  // never null; empty: none is known

  // How it is asked for at run time; no resolver: the addresses are what they are.
  ngx_resolver_t* resolver = nullptr;
  std::string resolver_text;  // see ResolverText; empty: the system's
  ngx_msec_t timeout_ms = 0;
  std::vector<std::string> queries;  // with search domains
  std::shared_ptr<routing::KnownAddresses> known;

  // Of this worker.
  size_t query = 0, failed_queries = 0;  // the present one; how many of this round have failed
  ngx_event_t timer{}, release{};
  bool heard = false;     // an answer has come, if only that there is none
  bool reachable = true;  // false: heard, and nothing is known; the routing leaves such targets out
  bool failing = false;
  ngx_msec_t retry_ms = 0;
  std::vector<Context*> waiting;  // requests that wait for the first round
};

// A list of `addresses` with `port`, without those that this machine has no sockets for.
std::shared_ptr<const AddressList> MakeAddressList(const std::vector<routing::IpAddress>& addresses,
                                                   in_port_t port);
// False: another kind of address.
bool FromSocketAddress(const sockaddr* from, routing::IpAddress* to) noexcept;
// Whether this machine has sockets of that kind at all.
bool HasSockets(bool v6) noexcept;

// ---- configuration time ------------------------------------------------------------------------

// The names of one configuration, and what is asked of the system once for all of them.
struct NameTable {
  std::vector<std::unique_ptr<Name>> names;
  bool system_read = false;
  std::string hosts;
  routing::ResolvConf resolv_conf;
  ngx_resolver_t* system_resolver = nullptr;  // nullptr: the system names no nameserver
  bool system_slow = false;                   // a name took long: ask for no other one now
};

// What a location's own `resolver` says, in words that are the same after a reload; empty: there is
// none, or nullptr. May throw.
std::string ResolverText(const ngx_resolver_t* resolver);

// The name of a target, made or found; nullptr when memory is out. It has addresses, or a resolver,
// or neither: then *reason says why it can never be reached. May throw.
Name* GetName(ngx_conf_t* cf, NameTable* table, const std::string& host, in_port_t port,
              std::string* reason);

// ---- run time ----------------------------------------------------------------------------------

// Begins to ask for `names`; once in each worker.
void WatchNames(const NameTable& table) noexcept;
// Nothing is known of the name and nobody has answered yet: a request had better wait.
bool AwaitsAddress(const Name& name) noexcept;

// ---- the balancer of a generated upstream{} ----------------------------------------------------

// What one target knows of its addresses in this worker.
class TargetAddresses {
 public:
  explicit TargetAddresses(const Name* name) : name_(name) {}
  ~TargetAddresses();
  TargetAddresses(const TargetAddresses&) = delete;
  TargetAddresses& operator=(const TargetAddresses&) = delete;

  const Name& name() const noexcept { return *name_; }
  // The name's present list; what is known of addresses that stay is kept.
  std::shared_ptr<const AddressList> Current();
  // An address of `list` whose bit is not in `tried`: in turn, those that failed lately last.
  // kMaxAddresses: none is left.
  size_t Choose(const AddressList& list, uint32_t tried);
  void NoteFailure(const SocketAddress& address, bool failed);
  ngx_ssl_session_t* session(const SocketAddress& address);
  // Takes the session over.
  void SaveSession(const SocketAddress& address, ngx_ssl_session_t* session);

 private:
  struct Slot {
    std::string text;
    ngx_ssl_session_t* session = nullptr;
    ngx_msec_t failed_at = 0;
    bool failed = false;
  };
  Slot* Find(const SocketAddress& address);

  const Name* name_;
  std::shared_ptr<const AddressList> list_;
  std::vector<Slot> slots_;  // as *list_
  size_t next_ = 0;
};

// keeptrusts_target_addresses; in a generated upstream{}: our balancer in front of `keepalive`.
char* SetTargetAddresses(ngx_conf_t* cf, ngx_command_t* command, void* conf);
// Whether an upstream{} of ours asks `addresses`.
void AttachAddresses(ngx_http_upstream_srv_conf_t* uscf, TargetAddresses* addresses) noexcept;

}  // namespace kt::nginx
