// A small event-driven HTTP client for health probes: connect, TLS with the target's own context,
// one request, one status. All its timers let a worker leave.
#include "ngx_http_keeptrusts_probe.h"

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr size_t kPoolBytes = 512;

bool IsLeaving() {
  return ngx_exiting != 0 || ngx_quit != 0 || ngx_terminate != 0;
}

// The servers of an upstream{}, those that are marked down left out.
std::shared_ptr<const AddressList> ServersOf(const ngx_http_upstream_srv_conf_t* uscf) {
  auto list = std::make_shared<AddressList>();
  const auto* servers = static_cast<const ngx_http_upstream_server_t*>(uscf->servers->elts);
  for (ngx_uint_t i = 0; i < uscf->servers->nelts; i++) {
    for (ngx_uint_t j = 0; j < servers[i].naddrs && servers[i].down == 0; j++) {
      const ngx_addr_t& from = servers[i].addrs[j];
      SocketAddress& to = list->emplace_back();
      ngx_memcpy(&to.sockaddr, from.sockaddr, std::min<size_t>(from.socklen, sizeof(to.sockaddr)));
      to.socklen = from.socklen;
      to.text = View(from.name);
      to.name = from.name;
    }
  }
  return list;
}

}  // namespace

Probe::Probe(routing::Board* board, const routing::Target* target, size_t index,
             const UpstreamTarget* upstream)
    : board_(board), target_(target), index_(index), upstream_(upstream) {
  if (upstream->name == nullptr) servers_ = ServersOf(upstream->uscf);
}

Probe::~Probe() {
  Stop();
}

const config::HealthProbe& Probe::settings() const noexcept {
  return *target_->config->health_probe;
}

routing::TargetState& Probe::state() noexcept {
  return board_->target(index_);
}

void Probe::Begin() {
  for (ngx_event_t* timer : {&tick_, &deadline_}) {
    timer->data = this;
    timer->log = ngx_cycle->log;
    timer->cancelable = 1;
  }
  tick_.handler = OnTick;
  deadline_.handler = OnDeadline;
  ngx_add_timer(&tick_, 1 + static_cast<ngx_msec_t>(ngx_random() % 100));
}

void Probe::Stop() noexcept {
  if (tick_.timer_set) ngx_del_timer(&tick_);
  if (deadline_.timer_set) ngx_del_timer(&deadline_);
  Close();
  if (tick_.data != nullptr) routing::DropProbeLease(&state(), static_cast<uint32_t>(ngx_pid));
}

// A step of the probe. What cannot be is logged, and the probe is given up.
template <typename Body>
void Probe::Run(Body&& body) noexcept {
  if (Guard(ngx_cycle->log, false, [&] { return body(), true; })) return;
  if (deadline_.timer_set) ngx_del_timer(&deadline_);
  Close();
}

void Probe::OnTick(ngx_event_t* event) noexcept {
  auto* probe = static_cast<Probe*>(event->data);
  if (IsLeaving()) return probe->Stop();
  const auto any = static_cast<uint64_t>(ngx_random());
  ngx_add_timer(event, routing::ProbeDelayMs(probe->settings(), any));
  probe->Run([probe] { probe->Tick(); });
}

void Probe::Tick() {
  const uint64_t now = Now();
  if (peer_.connection != nullptr || !routing::IsProbeDue(state(), settings(), now)) return;
  const bool ours = routing::TakeProbeLease(&state(), static_cast<uint32_t>(ngx_pid), now,
                                            now + routing::ProbeLeaseMs(settings()));
  if (ours) Ask();
}

void Probe::OnDeadline(ngx_event_t* event) noexcept {
  auto* probe = static_cast<Probe*>(event->data);
  probe->Run([probe] { probe->Finish(false, "timed out"); });
}

void Probe::OnEvent(ngx_event_t* event) noexcept {
  auto* probe = static_cast<Probe*>(static_cast<ngx_connection_t*>(event->data)->data);
  probe->Run([probe] { probe->Advance(); });
}

void Probe::OnHandshake(ngx_connection_t* c) noexcept {
  auto* probe = static_cast<Probe*>(c->data);
  c->read->handler = c->write->handler = OnEvent;
  probe->Run([probe] { probe->Advance(); });
}

void Probe::Ask() {
  addresses_ = upstream_->name != nullptr ? upstream_->name->addresses : servers_;
  addresses_tried_ = 0;
  request_ = routing::BuildProbeRequest(*target_);
  if (addresses_ == nullptr || addresses_->empty()) return Finish(false, "no address is known");
  ngx_add_timer(&deadline_, static_cast<ngx_msec_t>(settings().timeout_seconds) * 1000);
  address_ = (address_ + 1) % addresses_->size();
  Connect();
}

void Probe::Connect() {
  reader_ = {};
  sent_ = 0;
  connected_ = secured_ = false;
  const SocketAddress& address = (*addresses_)[address_];
  peer_ = {};
  peer_.sockaddr = const_cast<sockaddr*>(&address.sockaddr.sockaddr);
  peer_.socklen = address.socklen;
  peer_.name = const_cast<ngx_str_t*>(&address.name);
  peer_.get = ngx_event_get_peer;
  peer_.log = ngx_cycle->log;
  peer_.log_error = NGX_ERROR_INFO;
  const ngx_int_t rc = ngx_event_connect_peer(&peer_);
  ngx_connection_t* c = peer_.connection;
  if (rc != NGX_OK && rc != NGX_AGAIN) return NextAddress("connection failed");
  c->data = this;
  c->read->handler = c->write->handler = OnEvent;
  c->pool = ngx_create_pool(kPoolBytes, ngx_cycle->log);
  if (c->pool == nullptr) return Finish(false, "out of memory");
  if (rc == NGX_OK) Advance();
}

// From whatever step is next to the one that must wait.
void Probe::Advance() {
  if (!connected_ && !Connected()) return;
  if (!secured_ && !Secure()) return;
  if (sent_ < request_.size() && !Send()) return;
  Receive();
}

bool Probe::Connected() {
  ngx_connection_t* c = peer_.connection;
  if (!c->write->ready && !c->read->ready) return false;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1 || error != 0) {
    return NextAddress("connection failed"), false;
  }
  return connected_ = true;
}

bool Probe::Secure() {
  ngx_connection_t* c = peer_.connection;
  if (upstream_->conf.ssl == nullptr) return secured_ = true;
  if (c->ssl == nullptr) {
    const std::string& host = target_->config->base_url.host;
    constexpr ngx_uint_t kFlags = NGX_SSL_BUFFER | NGX_SSL_CLIENT;
    if (ngx_ssl_create_connection(upstream_->conf.ssl, c, kFlags) != NGX_OK) {
      return Finish(false, "out of memory"), false;
    }
    const bool named = !routing::ParseIpAddress(host).has_value();
    if (named && SSL_set_tlsext_host_name(c->ssl->connection, host.c_str()) != 1) {
      return Finish(false, "TLS cannot be set up"), false;
    }
    c->sendfile = 0;
    if (ngx_ssl_handshake(c) == NGX_AGAIN) {
      c->ssl->handler = OnHandshake;
      return false;
    }
  }
  if (!c->ssl->handshaked) return Finish(false, "TLS handshake failed"), false;
  if (!Verified()) return Finish(false, "the certificate is not valid for the target"), false;
  return secured_ = true;
}

bool Probe::Verified() {
  ngx_connection_t* c = peer_.connection;
  if (upstream_->conf.ssl_verify == 0) return true;  // compared by address, in the handshake
  ngx_str_t name = upstream_->tls_name;
  return SSL_get_verify_result(c->ssl->connection) == X509_V_OK &&
         ngx_ssl_check_host(c, &name) == NGX_OK;
}

bool Probe::Send() {
  ngx_connection_t* c = peer_.connection;
  while (sent_ < request_.size()) {
    auto* bytes = reinterpret_cast<u_char*>(request_.data()) + sent_;
    const ssize_t n = c->send(c, bytes, request_.size() - sent_);
    if (n > 0) {
      sent_ += static_cast<size_t>(n);
    } else if (n == NGX_AGAIN && ngx_handle_write_event(c->write, 0) == NGX_OK) {
      return false;
    } else {
      return Finish(false, "closed by the server"), false;
    }
  }
  return true;
}

void Probe::Receive() {
  ngx_connection_t* c = peer_.connection;
  u_char bytes[256];
  for (;;) {
    const ssize_t n = c->recv(c, bytes, sizeof bytes);
    if (n == NGX_AGAIN) {
      if (ngx_handle_read_event(c->read, 0) == NGX_OK) return;
      return Finish(false, "the connection failed");
    }
    if (n <= 0) return Finish(false, "closed without an answer");
    switch (reader_.Feed({reinterpret_cast<char*>(bytes), static_cast<size_t>(n)})) {
      case routing::ProbeReader::State::kMore:
        continue;
      case routing::ProbeReader::State::kInvalid:
        return Finish(false, "no HTTP");
      case routing::ProbeReader::State::kDone:
        return Finish(routing::IsExpected(settings(), reader_.status()),
                      "status " + std::to_string(reader_.status()));
    }
  }
}

// One dead address among several says nothing about the target.
void Probe::NextAddress(const char* why) {
  if (++addresses_tried_ >= addresses_->size()) return Finish(false, why);
  Close();
  address_ = (address_ + 1) % addresses_->size();
  Connect();
}

void Probe::Finish(bool passed, const std::string& why) {
  if (deadline_.timer_set) ngx_del_timer(&deadline_);
  Close();
  const std::string& id = target_->config->id;
  switch (routing::NoteProbe(&state(), settings(), passed, Now())) {
    case routing::HealthChange::kNone:
      return;
    case routing::HealthChange::kDown:
      ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                    "keeptrusts: target \"%s\" is unhealthy: %ui probes in a row failed, %s",
                    id.c_str(), static_cast<ngx_uint_t>(settings().unhealthy_threshold),
                    why.c_str());
      return;
    case routing::HealthChange::kUp:
      ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "keeptrusts: target \"%s\" is healthy again",
                    id.c_str());
      return;
  }
}

void Probe::Close() noexcept {
  ngx_connection_t* c = peer_.connection;
  if (c == nullptr) return;
  peer_.connection = nullptr;
#if (NGX_SSL)
  if (c->ssl != nullptr) {
    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;
    (void)ngx_ssl_shutdown(c);
  }
#endif
  if (c->pool != nullptr) ngx_destroy_pool(c->pool);
  ngx_close_connection(c);
}

void WatchTargets(MainConf* main) noexcept {
  Guard(ngx_cycle->log, 0, [main] {
    for (const auto& entry : main->gateways) {
      if (entry->board == nullptr) continue;
      const auto& targets = entry->gateway->targets();
      for (size_t i = 0; i < targets.size(); ++i) {
        const auto& settings = targets[i].config->health_probe;
        const UpstreamTarget* upstream = entry->upstreams[i];
        if (!settings || !settings->enabled || !targets[i].available) continue;
        if (upstream->uscf == nullptr) continue;  // echo
        main->probes.push_back(
            std::make_unique<Probe>(entry->board.get(), &targets[i], i, upstream));
        main->probes.back()->Begin();
      }
    }
    return 0;
  });
}

}  // namespace kt::nginx
