// Names at run time: each worker asks again when the answer that it has runs out, and goes on with
// the last one while nobody answers.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// Between two questions: an answer is good for as long as it says, within these.
constexpr ngx_msec_t kMinValidMs = 1'000, kMaxValidMs = 3'600'000;
constexpr ngx_msec_t kFirstRetryMs = 500, kMaxRetryMs = 30'000;

void Ask(Name* name);

void AskLater(Name* name, ngx_msec_t delay_ms) {
  ngx_add_timer(&name->timer, delay_ms);
}

// Who waited for the first answer goes on. Ends requests, so it is an event of its own.
void Release(ngx_event_t* event) {
  auto* name = static_cast<Name*>(event->data);
  while (!name->waiting.empty()) {
    Context* ctx = name->waiting.back();
    name->waiting.pop_back();
    ctx->awaited = nullptr;
    ContinueUpstream(ctx);  // may end other requests, which then take themselves off the list
  }
}

void Heard(Name* name) {
  name->heard = true;
  name->reachable = !name->addresses->empty();
  if (!name->waiting.empty()) {
    ngx_post_event(&name->release, &ngx_posted_events);
  }
}

void OnFailure(Name* name, const char* why) {
  if (!name->failing) {
    ngx_log_error(NGX_LOG_WARN, name->timer.log, 0, "keeptrusts: \"%s\" cannot be resolved: %s; %s",
                  name->host.c_str(), why,
                  name->addresses->empty() ? "its targets are out until it can"
                                           : "the addresses it had are kept");
  }
  name->failing = true;
  name->failed_queries = 0;
  name->retry_ms = std::min(std::max(2 * name->retry_ms, kFirstRetryMs), kMaxRetryMs);
  AskLater(name, name->retry_ms);
  Heard(name);
}

bool SameAddresses(const AddressList& a, const AddressList& b) {
  if (a.size() != b.size()) return false;
  // nginx's resolver gives them in another order each time.
  return std::all_of(a.begin(), a.end(), [&b](const SocketAddress& x) {
    return std::any_of(b.begin(), b.end(),
                       [&x](const SocketAddress& y) { return x.text == y.text; });
  });
}

void OnAddresses(Name* name, const std::vector<routing::IpAddress>& addresses,
                 ngx_msec_t valid_ms) {
  auto list = MakeAddressList(addresses, name->port);
  if (list->empty()) return OnFailure(name, "only addresses of a kind this machine has none of");
  if (name->failing) {
    ngx_log_error(NGX_LOG_NOTICE, name->timer.log, 0, "keeptrusts: \"%s\" is resolved again",
                  name->host.c_str());
  }
  name->failing = false;
  name->failed_queries = 0;
  name->retry_ms = 0;
  if (!SameAddresses(*list, *name->addresses)) {
    name->addresses = std::move(list);
    if (name->known != nullptr) name->known->Store(addresses);
  }
  AskLater(name, std::clamp(valid_ms, kMinValidMs, kMaxValidMs));
  Heard(name);
}

void OnAnswer(ngx_resolver_ctx_t* answer) {
  auto* name = static_cast<Name*>(answer->data);
  const ngx_int_t state = answer->state;
  std::vector<routing::IpAddress> addresses;
  for (ngx_uint_t i = 0; state == NGX_OK && i < answer->naddrs; i++) {
    routing::IpAddress address;
    if (FromSocketAddress(answer->addrs[i].sockaddr, &address)) addresses.push_back(address);
  }
  // One second more: nginx's own cache counts whole ones.
  const time_t left = answer->valid - ngx_time() + 1;
  ngx_resolve_name_done(answer);
  if (state == NGX_OK) {
    return OnAddresses(name, addresses, left > 0 ? static_cast<ngx_msec_t>(left) * 1000 : 0);
  }
  // A name may exist below a search domain only; the one that was found is asked first next time.
  if (++name->failed_queries < name->queries.size()) {
    name->query = (name->query + 1) % name->queries.size();
    return AskLater(name, 1);
  }
  OnFailure(name, ngx_resolver_strerror(state));
}

void Ask(Name* name) {
  ngx_resolver_ctx_t* question = ngx_resolve_start(name->resolver, nullptr);
  if (question == nullptr || question == NGX_NO_RESOLVER) return OnFailure(name, "no resolver");
  const std::string& query = name->queries[name->query];
  question->name.data = reinterpret_cast<u_char*>(const_cast<char*>(query.data()));
  question->name.len = query.size();
  question->handler = [](ngx_resolver_ctx_t* answer) {
    auto* asker = static_cast<Name*>(answer->data);
    if (!Guard(asker->timer.log, false, [&] { return OnAnswer(answer), true; })) {
      AskLater(asker, kMaxRetryMs);
    }
  };
  question->data = name;
  question->timeout = name->timeout_ms;
  question->cancelable = 1;
  if (ngx_resolve_name(question) != NGX_OK) OnFailure(name, "the question could not be sent");
}

}  // namespace

Name::~Name() {
  if (timer.timer_set) ngx_del_timer(&timer);
  if (release.posted) {
    ngx_delete_posted_event(&release);
  }
}

bool AwaitsAddress(const Name& name) noexcept {
  return name.resolver != nullptr && !name.heard && name.addresses->empty();
}

void WatchNames(const NameTable& table) noexcept {
  for (const auto& name : table.names) {
    if (name->resolver == nullptr) continue;
    Guard(ngx_cycle->log, 0, [&] {
      if (name->known != nullptr) {
        auto addresses = name->known->Load();
        if (!addresses.empty()) name->addresses = MakeAddressList(addresses, name->port);
        if (!addresses.empty()) name->reachable = true;
      }
      return 0;
    });
    name->timer.handler = [](ngx_event_t* event) { Ask(static_cast<Name*>(event->data)); };
    name->timer.data = name.get();
    name->timer.log = ngx_cycle->log;
    name->timer.cancelable = 1;
    name->release.handler = Release;
    name->release.data = name.get();
    name->release.log = ngx_cycle->log;
    AskLater(name.get(), 1);
  }
}

}  // namespace kt::nginx
