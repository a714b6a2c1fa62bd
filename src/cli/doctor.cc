#include "cli/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cli/args.h"
#include "cli/doctor_checks.h"
#include "cli/help.h"

namespace kt::cli {
namespace {

constexpr const char* kUsualFile = "policy-config.yaml";

void Append(std::vector<Finding> more, std::vector<Finding>* findings) {
  std::move(more.begin(), more.end(), std::back_inserter(*findings));
}

void CheckPackOf(const Args& args, std::vector<Finding>* findings) {
  using State = Finding::State;
  std::vector<std::string> files = args.List("policy-config");
  if (files.empty() && ::access(kUsualFile, F_OK) == 0) files = {kUsualFile};
  if (files.empty()) {
    findings->push_back({State::kNotChecked, "configuration",
                         "none given, and no " + std::string(kUsualFile) + " here",
                         "name it with --policy-config; `kt init` writes one"});
    return;
  }
  std::shared_ptr<const config::PolicyConfig> config;
  Append(CheckConfiguration(files, args.Get("rules"), &config), findings);
  if (config == nullptr) return;
  Append(CheckKeys(*config, args.Get("secret-store")), findings);
  if (args.Has("offline")) {
    findings->push_back({State::kNotChecked, "ways to targets", "--offline", ""});
  } else {
    Append(CheckReach(*config), findings);
  }
}

std::string Lines(const Finding& finding) {
  constexpr const char* kStates[] = {"ok    ", "WRONG ", "--    "};
  std::string out =
      kStates[static_cast<size_t>(finding.state)] + finding.what + ": " + finding.found + "\n";
  if (!finding.advice.empty()) out += "        " + finding.advice + "\n";
  return out;
}

}  // namespace

int Doctor(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"policy-config", OptionKind::kList}, {"audit-dir", OptionKind::kValue},
      {"rules", OptionKind::kValue},        {"secret-store", OptionKind::kValue},
      {"nginx", OptionKind::kValue},        {"module", OptionKind::kValue},
      {"offline", OptionKind::kFlag},
  };
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("doctor", args.status());
  if (args.value().Has("help")) return PrintHelp("doctor");
  std::vector<Finding> findings = CheckNginx(args.value().Get("nginx"), args.value().Get("module"));
  CheckPackOf(args.value(), &findings);
  if (args.value().Has("audit-dir")) {
    findings.push_back(CheckAuditDirectory(args.value().Get("audit-dir")));
  }
  std::string out;
  for (const Finding& finding : findings) out += Lines(finding);
  const auto wrong = std::count_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == Finding::State::kWrong;
  });
  out += wrong == 0 ? "nothing is wrong\n" : std::to_string(wrong) + " wrong\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
  return wrong == 0 ? 0 : 1;
}

}  // namespace kt::cli
