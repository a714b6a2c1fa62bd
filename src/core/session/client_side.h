// The client's side of a session: one head, then bytes, then the end.
#pragma once

#include <string>
#include <utility>

#include "core/session/reply.h"
#include "core/session/session.h"

namespace kt::session {

class ClientSide {
 public:
  bool decided() const noexcept { return head_ready_; }
  bool finished() const noexcept { return finished_; }
  const ClientHead& head() const noexcept { return head_; }
  bool has_output() const noexcept { return !output_.empty(); }
  std::string Take() { return std::exchange(output_, {}); }

  // Opens the answer. Only the first call counts.
  void Begin(ClientHead head) {
    if (head_ready_) return;
    head_ = std::move(head);
    head_ready_ = true;
  }
  // Keeps only the status of the head.
  void ForgetHead() {
    ClientHead rest;
    rest.status = head_.status;
    std::swap(head_, rest);
  }
  void Append(std::string bytes) {
    if (finished_) return;
    if (output_.empty()) {
      output_ = std::move(bytes);
    } else {
      output_ += bytes;
    }
  }
  void End() noexcept { finished_ = true; }

 private:
  ClientHead head_;
  std::string output_;
  bool head_ready_ = false, finished_ = false;
};

}  // namespace kt::session
