#include "cli/policy_scan.h"

#include <cstdio>
#include <iostream>
#include <string>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/pack_check.h"
#include "cli/scan_line.h"
#include "core/base/text.h"

namespace kt::cli {

int PolicyScan(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {{"policy-config", OptionKind::kList},
                                        {"rules", OptionKind::kValue},
                                        {"phase", OptionKind::kValue},
                                        {"explain", OptionKind::kFlag}};
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("policy scan", args.status());
  if (args.value().Has("help")) return PrintHelp("policy scan");
  const std::vector<std::string> files = args.value().List("policy-config");
  if (files.empty()) {
    return UsageError("policy scan", Status::InvalidArgument("--policy-config is missing"));
  }
  const std::string phase = args.value().Get("phase", "input");
  if (phase != "input" && phase != "output") {
    return UsageError("policy scan", Status::InvalidArgument("--phase is input or output"));
  }
  const PackCheck check = CheckPack(files, args.value().Get("rules"));
  const std::string diagnostics = DiagnosticLines(check);
  std::fwrite(diagnostics.data(), 1, diagnostics.size(), stderr);
  if (!check.ok()) return 2;

  LineScanner scanner(*check.chain,
                      phase == "input" ? policy::Phase::kInput : policy::Phase::kOutput,
                      args.value().Has("explain"));
  std::ios::sync_with_stdio(false);
  bool all_judged = true;
  std::string line, out;
  while (std::getline(std::cin, line)) {
    if (Trim(line).empty()) continue;
    out.clear();
    all_judged &= scanner.Scan(line, &out);
    std::cout << out;
    // A program that talks to this one line by line must not wait for a full buffer.
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();
  }
  std::cout.flush();
  return all_judged && std::cout.good() ? 0 : 1;
}

}  // namespace kt::cli
