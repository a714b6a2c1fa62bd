// kt: one program for laptops, CI, containers and auditors.
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/audit_commands.h"
#include "cli/doctor.h"
#include "cli/gateway_run.h"
#include "cli/help.h"
#include "cli/init.h"
#include "cli/policy_lint.h"
#include "cli/policy_scan.h"
#include "cli/policy_test.h"

namespace kt::cli {
namespace {

struct Command {
  std::string_view group, name;
  int (*run)(std::span<char*> arguments);
};

constexpr Command kCommands[] = {
    {"gateway", "run", GatewayRun},   {"policy", "lint", PolicyLint},
    {"policy", "scan", PolicyScan},   {"policy", "test", PolicyTest},
    {"audit", "verify", AuditVerify}, {"audit", "tail", AuditTail},
    {"audit", "stats", AuditStats},   {"audit", "export", AuditExport},
    {"audit", "keygen", AuditKeygen}, {"init", "", Init},
    {"doctor", "", Doctor},
};

std::string CommandsOf(std::string_view group) {
  std::string names;
  for (const Command& command : kCommands) {
    if (command.group != group || command.name.empty()) continue;
    names += (names.empty() ? "" : ", ") + std::string(command.name);
  }
  return names;
}

int Dispatch(std::span<char*> words) {
  if (words.empty()) {
    PrintHelp("");
    return 2;
  }
  const std::string_view group = words[0];
  if (group == "help" && words.size() > 1) {
    static char page[] = "--help";
    std::vector<char*> asked(words.begin() + 1, words.end());
    asked.push_back(page);
    return Dispatch(asked);
  }
  if (group == "--help" || group == "-h" || group == "help") return PrintHelp("");
  if (group == "--version") {
    std::puts("kt " KT_VERSION);
    return 0;
  }
  const std::string_view name = words.size() > 1 ? words[1] : "";
  bool known_group = false;
  for (const Command& command : kCommands) {
    if (command.group != group) continue;
    known_group = true;
    if (!command.name.empty() && command.name != name) continue;
    return command.run(words.subspan(command.name.empty() ? 1 : 2));
  }
  const std::string given(words[known_group && words.size() > 1 ? 1 : 0]);
  std::string message = "unknown command \"" + given + "\"";
  if (known_group && name.empty()) message = "\"" + given + "\" needs a command";
  const std::string names = CommandsOf(group);
  if (!names.empty()) message += "; " + std::string(group) + " has: " + names;
  if (known_group && (name == "--help" || name == "-h")) return PrintHelp("");
  return UsageError("", Status::InvalidArgument(message));
}

}  // namespace
}  // namespace kt::cli

int main(int argc, char** argv) {
  try {
    const int status =
        kt::cli::Dispatch(std::span<char*>(argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)));
    // A full disk: what was written is not all there is.
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    if (status == 0) std::fputs("kt: cannot write to stdout\n", stderr);
    return status == 0 ? 2 : status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kt: %s\n", error.what());
    return 1;
  }
}
