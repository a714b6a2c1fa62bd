// Does a host resolve, and does its port answer? TCP only: nothing is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/base/status.h"

namespace kt::cli {

// The address that accepted a connection, closed at once. kNotFound: the name does not resolve (or
// not within `timeout`); kUnavailable: no address of it took a connection, all within `timeout`.
Result<std::string> Reach(const std::string& host, uint16_t port,
                          std::chrono::milliseconds timeout);

}  // namespace kt::cli
