// Runs test cases through whole sessions of a pack, as the gateway would run the requests, with
// answers that are made up here. No network, no clock, and no secret is read.
#pragma once

#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/config/testing.h"
#include "core/session/gateway.h"

namespace kt::cli {

// Of the audit record; an empty reason code: none.
struct CaseOutcome {
  std::string verdict, reason_code;
};

class PackRunner {
 public:
  // `rules`: a directory that replaces the built-in rule packs; empty: those.
  static Result<PackRunner> Make(const config::PolicyConfig& config, const std::string& rules);
  CaseOutcome Run(const config::TestCase& test) const;

 private:
  PackRunner(std::unique_ptr<const session::Gateway> gateway, bool routed, std::string model)
      : gateway_(std::move(gateway)), routed_(routed), model_(std::move(model)) {}

  std::unique_ptr<const session::Gateway> gateway_;
  bool routed_;
  std::string model_;  // of requests that are given by their messages only
};

}  // namespace kt::cli
