#include "cli/audit_common.h"

#include <chrono>
#include <cstdio>
#include <vector>

#include "core/base/timestamp.h"

namespace kt::cli {

Result<AuditArgs> ParseAuditArgs(std::span<char*> argv, std::span<const Option> options,
                                 std::string_view what) {
  AuditArgs result;
  std::vector<char*> rest;
  bool value_follows = false;
  for (char* word : argv) {
    const std::string_view text = word;
    if (text.starts_with("-") || value_follows) {
      rest.push_back(word);
      const bool is_option = text.starts_with("--") && !value_follows;
      value_follows = false;
      for (const Option& option : options) {
        if (is_option && text.substr(2) == option.name && option.kind != OptionKind::kFlag) {
          value_follows = true;
        }
      }
      continue;
    }
    if (!result.directory.empty()) {
      return Status::InvalidArgument("one " + std::string(what) + " is expected, not \"" +
                                     std::string(text) + "\" too");
    }
    result.directory = text;
  }
  Result<Args> args = Args::Parse(rest, options);
  if (!args.ok()) return args.status();
  result.args = std::move(args).value();
  if (result.directory.empty() && !result.args.Has("help")) {
    return Status::InvalidArgument(std::string(what) + " is missing");
  }
  return result;
}

Result<std::optional<int64_t>> TimeOption(const Args& args, std::string_view name) {
  if (!args.Has(name)) return std::optional<int64_t>();
  const auto time = ParseTimestamp(args.Get(name));
  if (time) return time;
  return Status::InvalidArgument("--" + std::string(name) +
                                 " is a UTC time like 2026-01-31T09:30:00Z, or a date");
}

int64_t NowUs() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

int Unreadable(const Status& status) {
  std::fprintf(stderr, "kt: %s\n", status.message().c_str());
  return 2;
}

}  // namespace kt::cli
