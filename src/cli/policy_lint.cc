#include "cli/policy_lint.h"

#include <cstdio>
#include <string>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/pack_check.h"
#include "core/json/edits.h"

namespace kt::cli {
namespace {

using json::Quote;

std::vector<std::string> ChainKinds(const PackCheck& check) {
  std::vector<std::string> kinds;
  if (check.config == nullptr) return kinds;
  for (const config::ChainEntry& entry : check.config->chain) kinds.push_back(entry.kind);
  return kinds;
}

std::string Json(const PackCheck& check, const std::vector<std::string>& files) {
  std::string pack = "null", chain, all_files;
  if (check.config != nullptr) {
    const config::Pack& p = check.config->pack;
    pack = "{\"name\":" + Quote(p.name) + ",\"version\":" + Quote(p.version) +
           ",\"enabled\":" + (p.enabled ? "true" : "false") + "}";
  }
  const std::vector<std::string> kinds = ChainKinds(check);
  for (const std::string& kind : kinds) chain += (chain.empty() ? "" : ",") + Quote(kind);
  for (const std::string& file : files) all_files += (all_files.empty() ? "" : ",") + Quote(file);
  return std::string("{\"valid\":") + (check.ok() ? "true" : "false") +
         ",\"file\":" + Quote(files.front()) + ",\"files\":[" + all_files + "],\"pack\":" + pack +
         ",\"chain\":[" + chain + "],\"policy_count\":" + std::to_string(kinds.size()) +
         ",\"errors\":" + DiagnosticsJson(check.errors) +
         ",\"warnings\":" + DiagnosticsJson(check.warnings) + "}\n";
}

std::string Text(const PackCheck& check, const std::vector<std::string>& files) {
  std::string out = DiagnosticLines(check);
  for (const std::string& file : files) out += (&file == &files.front() ? "" : " + ") + file;
  out += ": ";
  if (!check.ok()) {
    return out + "invalid, " + std::to_string(check.errors.size()) +
           (check.errors.size() == 1 ? " error\n" : " errors\n");
  }
  out += "valid: " + PackTitle(check.config->pack);
  for (const std::string& kind : ChainKinds(check)) out += " > " + kind;
  return out + "\n";
}

}  // namespace

int PolicyLint(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"file", OptionKind::kList}, {"rules", OptionKind::kValue}, {"json", OptionKind::kFlag}};
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("policy lint", args.status());
  if (args.value().Has("help")) return PrintHelp("policy lint");
  const std::vector<std::string> files = args.value().List("file");
  if (files.empty()) {
    return UsageError("policy lint", Status::InvalidArgument("--file is missing"));
  }
  PackCheck check = CheckPack(files, args.value().Get("rules"));
  if (check.ok() && check.config->providers.targets.empty()) {
    check.warnings.push_back(NoTarget(files));
  }
  const std::string out = args.value().Has("json") ? Json(check, files) : Text(check, files);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return check.ok() ? 0 : 2;
}

}  // namespace kt::cli
