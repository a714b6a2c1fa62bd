// The balancer of a generated upstream{}: a target's addresses in turn, those that refused a
// connection lately last. It stands behind nginx's `keepalive`, which keeps the connections.
#include "ngx_http_keeptrusts_names.h"

namespace kt::nginx {
namespace {

// How long an address that could not be connected to comes after the others.
constexpr ngx_msec_t kFailedMs = 30'000;

// One try's walk through the addresses; lives in the request's pool.
struct AddressPeer {
  AddressPeer(ngx_http_request_t* r, TargetAddresses* t)
      : request(r), target(t), list(t->Current()) {}
  ngx_http_request_t* request;
  TargetAddresses* target;
  std::shared_ptr<const AddressList> list;
  uint32_t tried = 0;
  size_t current = routing::kMaxAddresses;
};

ngx_int_t GetAddress(ngx_peer_connection_t* pc, void* data) {
  auto* peer = static_cast<AddressPeer*>(data);
  pc->cached = 0;
  pc->connection = nullptr;
  peer->current = Guard(pc->log, routing::kMaxAddresses,
                        [&] { return peer->target->Choose(*peer->list, peer->tried); });
  if (peer->current >= peer->list->size()) return NGX_BUSY;
  peer->tried |= uint32_t{1} << peer->current;
  const SocketAddress& address = (*peer->list)[peer->current];
  pc->sockaddr = const_cast<sockaddr*>(&address.sockaddr.sockaddr);
  pc->socklen = address.socklen;
  pc->name = const_cast<ngx_str_t*>(&address.name);
  return NGX_OK;
}

// What follows a request that was sent says nothing about the address.
void FreeAddress(ngx_peer_connection_t* pc, void* data, ngx_uint_t state) {
  auto* peer = static_cast<AddressPeer*>(data);
  if (peer->current >= peer->list->size()) return;
  const bool connected = pc->connection != nullptr && peer->request->upstream->request_sent;
  const bool failed = (state & NGX_PEER_FAILED) != 0 && !connected;
  Guard(pc->log, 0,
        [&] { return peer->target->NoteFailure((*peer->list)[peer->current], failed), 0; });
}

#if (NGX_SSL || NGX_COMPAT)
ngx_int_t SetAddressSession(ngx_peer_connection_t* pc, void* data) {
  auto* peer = static_cast<AddressPeer*>(data);
  if (peer->current >= peer->list->size()) return NGX_OK;
  return ngx_ssl_set_session(pc->connection, peer->target->session((*peer->list)[peer->current]));
}

void SaveAddressSession(ngx_peer_connection_t* pc, void* data) {
  auto* peer = static_cast<AddressPeer*>(data);
  ngx_ssl_session_t* session = ngx_ssl_get_session(pc->connection);
  if (session == nullptr || peer->current >= peer->list->size()) return;
  peer->target->SaveSession((*peer->list)[peer->current], session);
}
#endif

ngx_int_t InitAddressPeer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t* uscf) {
  auto* target = static_cast<TargetAddresses*>(uscf->peer.data);
  auto* peer = NewInPool<AddressPeer>(r->pool, r, target);
  if (peer == nullptr) return NGX_ERROR;
  ngx_peer_connection_t* pc = &r->upstream->peer;
  pc->data = peer;
  pc->get = GetAddress;
  pc->free = FreeAddress;
  pc->tries = peer->list->size();
#if (NGX_SSL || NGX_COMPAT)
  pc->set_session = SetAddressSession;
  pc->save_session = SaveAddressSession;
#endif
  return NGX_OK;
}

ngx_int_t InitAddresses(ngx_conf_t*, ngx_http_upstream_srv_conf_t* uscf) {
  uscf->peer.init = InitAddressPeer;
  return NGX_OK;
}

}  // namespace

TargetAddresses::~TargetAddresses() {
  for (const Slot& slot : slots_) {
    if (slot.session != nullptr) ngx_ssl_free_session(slot.session);
  }
}

std::shared_ptr<const AddressList> TargetAddresses::Current() {
  if (list_ == name_->addresses) return list_;
  std::vector<Slot> slots;
  slots.reserve(name_->addresses->size());
  for (const SocketAddress& address : *name_->addresses) {
    Slot* known = Find(address);
    slots.push_back(known != nullptr ? *known : Slot{address.text});
    if (known != nullptr) known->session = nullptr;
  }
  slots.swap(slots_);
  for (const Slot& slot : slots) {
    if (slot.session != nullptr) ngx_ssl_free_session(slot.session);
  }
  list_ = name_->addresses;
  return list_;
}

size_t TargetAddresses::Choose(const AddressList& list, uint32_t tried) {
  size_t last = routing::kMaxAddresses;
  const size_t begin = tried == 0 ? next_++ : next_;
  for (size_t i = 0; i < list.size(); ++i) {
    const size_t index = (begin + i) % list.size();
    if ((tried >> index & 1) != 0) continue;
    const Slot* slot = Find(list[index]);
    const bool failed =
        slot != nullptr && slot->failed && ngx_current_msec - slot->failed_at < kFailedMs;
    if (!failed) return index;
    if (last == routing::kMaxAddresses) last = index;
  }
  return last;
}

TargetAddresses::Slot* TargetAddresses::Find(const SocketAddress& address) {
  for (Slot& slot : slots_) {
    if (slot.text == address.text) return &slot;
  }
  return nullptr;
}

void TargetAddresses::NoteFailure(const SocketAddress& address, bool failed) {
  Slot* slot = Find(address);
  if (slot == nullptr) return;
  slot->failed = failed;
  slot->failed_at = ngx_current_msec;
}

ngx_ssl_session_t* TargetAddresses::session(const SocketAddress& address) {
  const Slot* slot = Find(address);
  return slot != nullptr ? slot->session : nullptr;
}

void TargetAddresses::SaveSession(const SocketAddress& address, ngx_ssl_session_t* session) {
  Slot* slot = Find(address);
  if (slot == nullptr) return ngx_ssl_free_session(session);
  if (slot->session != nullptr) ngx_ssl_free_session(slot->session);
  slot->session = session;
}

char* SetTargetAddresses(ngx_conf_t* cf, ngx_command_t*, void*) {
  // Only in what we write ourselves, which nginx reads from a memory file.
  if (!View(cf->conf_file->file.name).starts_with("/proc/self/fd/")) {
    return const_cast<char*>("is written by keeptrusts itself, for its targets");
  }
  auto* uscf = static_cast<ngx_http_upstream_srv_conf_t*>(
      ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module));
  uscf->peer.init_upstream = InitAddresses;
  // nginx refuses an upstream{} without servers; nobody looks at this one.
  auto* server = static_cast<ngx_http_upstream_server_t*>(ngx_array_push(uscf->servers));
  if (server == nullptr) return reinterpret_cast<char*>(-1);
  ngx_memzero(server, sizeof(*server));
  return nullptr;
}

void AttachAddresses(ngx_http_upstream_srv_conf_t* uscf, TargetAddresses* addresses) noexcept {
  uscf->peer.data = addresses;
}

}  // namespace kt::nginx
