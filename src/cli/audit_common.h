// What the commands of `kt audit` share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/args.h"
#include "core/base/status.h"

namespace kt::cli {

struct AuditArgs {
  Args args;
  std::string directory;  // the word that belongs to no option
};
// As Args::Parse, with one word besides the options; kInvalidArgument when it is missing (but for
// --help) or there are several.
Result<AuditArgs> ParseAuditArgs(std::span<char*> argv, std::span<const Option> options,
                                 std::string_view what);

// The option's time in µs; kInvalidArgument when it is not one.
Result<std::optional<int64_t>> TimeOption(const Args& args, std::string_view name);
int64_t NowUs();

// Prints the page of `kt audit <command>`. Returns 0.
int PrintAuditHelp(std::string_view command);
// Prints `kt: <message>` to stderr. Returns 2: what `kt audit` says of what it cannot read.
int Unreadable(const Status& status);

}  // namespace kt::cli
