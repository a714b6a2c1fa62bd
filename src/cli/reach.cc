#include "cli/reach.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace kt::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Address {
  int family;
  std::vector<char> bytes;
  std::string text;
};
struct Resolved {
  int error = 0;
  std::vector<Address> addresses;
};

Resolved Resolve(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  Resolved resolved;
  resolved.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (resolved.error != 0) return resolved;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    char name[NI_MAXHOST] = "";
    ::getnameinfo(one->ai_addr, one->ai_addrlen, name, sizeof name, nullptr, 0, NI_NUMERICHOST);
    const auto* bytes = reinterpret_cast<const char*>(one->ai_addr);
    resolved.addresses.push_back({one->ai_family, {bytes, bytes + one->ai_addrlen}, name});
  }
  ::freeaddrinfo(list);
  return resolved;
}

// The system's resolver cannot be told to hurry: it works in a thread that is left behind.
Result<Resolved> ResolveUntil(const std::string& host, uint16_t port, Clock::time_point until) {
  std::promise<Resolved> promise;
  std::future<Resolved> future = promise.get_future();
  std::thread([host, port, promise = std::move(promise)]() mutable {
    promise.set_value(Resolve(host, port));
  }).detach();
  if (future.wait_until(until) != std::future_status::ready) {
    return Status::NotFound(host + " did not resolve in time");
  }
  Resolved resolved = future.get();
  if (resolved.error == 0) return resolved;
  return Status::NotFound(host + " does not resolve: " + ::gai_strerror(resolved.error));
}

// 0, or the error.
int Connect(const Address& address, Clock::time_point until) {
  const int fd = ::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const auto* to = reinterpret_cast<const sockaddr*>(address.bytes.data());
  int error = ::connect(fd, to, static_cast<socklen_t>(address.bytes.size())) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waiting = {fd, POLLOUT, 0};
    error = ETIMEDOUT;
    socklen_t size = sizeof error;
    if (::poll(&waiting, 1, static_cast<int>(std::max<int64_t>(0, left))) > 0) {
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  ::close(fd);
  return error;
}

}  // namespace

Result<std::string> Reach(const std::string& host, uint16_t port,
                          std::chrono::milliseconds timeout) {
  const Clock::time_point until = Clock::now() + timeout;
  const Result<Resolved> resolved = ResolveUntil(host, port, until);
  if (!resolved.ok()) return resolved.status();
  const std::vector<Address>& addresses = resolved.value().addresses;
  std::string failures;
  for (size_t i = 0; i < addresses.size(); ++i) {
    // One address that swallows packets must leave time for the others.
    const auto share = (until - Clock::now()) / static_cast<int64_t>(addresses.size() - i);
    const int error = Connect(addresses[i], Clock::now() + share);
    if (error == 0) return addresses[i].text;
    failures += (failures.empty() ? "" : "; ") + addresses[i].text + ": " + std::strerror(error);
  }
  return Status::Unavailable("port " + std::to_string(port) + " does not answer (" + failures +
                             ")");
}

}  // namespace kt::cli
