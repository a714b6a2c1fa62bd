#include "core/audit/worker_rings.h"

#include <algorithm>
#include <utility>

namespace kt::audit {

Result<Ticket> WorkerRings::Admit(const OpenRequest& request) {
  for (uint32_t i = 0; i < rings_.size(); ++i) {
    if (const int slot = rings_[i].Admit(request); slot >= 0) return Ticket{i, slot, 0};
  }
  if (Status grown = Grow(); !grown.ok()) return grown;
  const int slot = rings_.back().Admit(request);
  if (slot < 0) return Status::Internal("audit ring: a new ring has no room");
  return Ticket{static_cast<uint32_t>(rings_.size() - 1), slot, 0};
}

// A condemned ring counts as one that is not there, so that damage does not end the service.
Status WorkerRings::Grow() {
  uint64_t total = 0, next = kFirstRingBytes;
  for (const Ring& ring : rings_) {
    if (ring.condemned()) continue;
    total += ring.data_bytes();
    next = std::min(2 * ring.data_bytes(), kLargestRingBytes);
  }
  while (next > kFirstRingBytes && total + next > options_.max_bytes) next /= 2;
  if (total > 0 && total + next > options_.max_bytes) {
    return Status::Unavailable(
        "the audit rings are full: the writer process does not keep up, cannot write or is "
        "stopped");
  }
  Result<Ring> ring = Ring::Create(options_.directory, next);
  if (!ring.ok()) return ring.status();
  rings_.push_back(std::move(ring).value());
  if (bell_.fd() < 0) {
    if (Result<Doorbell> bell = Doorbell::Open(options_.directory); bell.ok()) {
      bell_ = std::move(bell).value();
    }
  }
  TellDropped();
  return Status::Ok();
}

void WorkerRings::Append(Ticket* ticket, const Record& record, bool hurry) {
  Ring& ring = rings_[ticket->ring];
  WriteJson(record, &line_);
  ticket->position = ring.Publish(ticket->slot, line_);
  ticket->slot = -1;
  ++written_;
  if (hurry) ring.Hurry(ticket->position);
  if (ring.TakeSleeping() || hurry) bell_.Ring();
}

void WorkerRings::Cancel(const Ticket& ticket) noexcept {
  rings_[ticket.ring].Cancel(ticket.slot);
}

bool WorkerRings::Durable(const Ticket& ticket) const noexcept {
  return rings_[ticket.ring].Durable(ticket.position);
}

void WorkerRings::Drop() noexcept {
  ++dropped_;
  ++dropped_untold_;
  TellDropped();
}

void WorkerRings::TellDropped() noexcept {
  if (rings_.empty()) return;
  rings_.back().CountDropped(std::exchange(dropped_untold_, 0));
}

WorkerRings::Stats WorkerRings::stats() const noexcept {
  Stats stats;
  stats.written = written_;
  stats.dropped = dropped_;
  stats.rings = rings_.size();
  for (const Ring& ring : rings_) {
    const RingHeader& header = ring.header();
    stats.used_bytes += ring.used_bytes();
    stats.ring_bytes += ring.data_bytes();
    stats.open_requests += ring.open_requests();
    stats.durable_us = std::max(stats.durable_us, LoadAcquire(header.durable_us));
    stats.log_records = std::max(stats.log_records, LoadAcquire(header.log_records));
    stats.writer_failing = stats.writer_failing || LoadAcquire(header.failed) != 0;
  }
  return stats;
}

}  // namespace kt::audit
