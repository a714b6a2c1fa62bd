// Health probes of one worker. One worker at a time probes a target: the lease lies in the shared
// state (core/routing/state.h), so it goes on over reloads and dead workers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/routing/board.h"
#include "core/routing/probe.h"
#include "ngx_http_keeptrusts_names.h"

namespace kt::nginx {

struct UpstreamTarget;

class Probe {
 public:
  // All outlive this.
  Probe(routing::Board* board, const routing::Target* target, size_t index,
        const UpstreamTarget* upstream);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void Begin();
  // The worker leaves: closes what is open and gives the lease back.
  void Stop() noexcept;

 private:
  static void OnTick(ngx_event_t* event) noexcept;
  static void OnDeadline(ngx_event_t* event) noexcept;
  static void OnEvent(ngx_event_t* event) noexcept;
  static void OnHandshake(ngx_connection_t* c) noexcept;
  template <typename Body>
  void Run(Body&& body) noexcept;

  const config::HealthProbe& settings() const noexcept;
  routing::TargetState& state() noexcept;
  void Tick();
  void Ask();
  void Connect();
  void Advance();
  bool Connected();
  bool Secure();
  bool Verified();
  bool Send();
  void Receive();
  void NextAddress(const char* why);
  void Finish(bool passed, const std::string& why);
  void Close() noexcept;  // the connection

  routing::Board* board_;
  const routing::Target* target_;
  const size_t index_;
  const UpstreamTarget* upstream_;
  std::shared_ptr<const AddressList> servers_;  // of an upstream{} of the user's
  ngx_event_t tick_{}, deadline_{};

  // Of the probe that is under way.
  std::shared_ptr<const AddressList> addresses_;
  size_t address_ = 0, addresses_tried_ = 0;
  ngx_peer_connection_t peer_{};
  bool connected_ = false, secured_ = false;
  std::string request_;
  size_t sent_ = 0;
  routing::ProbeReader reader_;
};

struct MainConf;
// Begins to probe the targets that ask for it; once in each worker.
void WatchTargets(MainConf* main) noexcept;

}  // namespace kt::nginx
