#include <cstdio>
#include <string>

#include "cli/audit_commands.h"
#include "cli/audit_common.h"
#include "cli/help.h"
#include "core/audit/file_system.h"
#include "core/audit/verify.h"
#include "core/json/edits.h"

namespace kt::cli {
namespace {

using audit::Finding;
using audit::VerifyReport;
using json::Quote;

std::string Json(const std::string& directory, const VerifyReport& report) {
  std::string finding = "null", notes, lineages;
  if (!report.whole()) {
    const Finding& f = report.finding;
    finding = "{\"kind\":" + Quote(NameOf(f.kind)) + ",\"file\":" + Quote(f.file) +
              ",\"line\":" + std::to_string(f.line) + ",\"seq\":" + std::to_string(f.seq) +
              ",\"message\":" + Quote(f.message) + "}";
  }
  for (const std::string& note : report.notes) notes += (notes.empty() ? "" : ",") + Quote(note);
  for (const audit::LineageStart& start : report.lineages) {
    lineages += std::string(lineages.empty() ? "" : ",") + "{\"lineage\":" + Quote(start.lineage) +
                ",\"reason\":" + Quote(start.reason) +
                ",\"segment\":" + std::to_string(start.segment) +
                ",\"seq\":" + std::to_string(start.seq) + "}";
  }
  return "{\"directory\":" + Quote(directory) +
         ",\"whole\":" + (report.whole() ? "true" : "false") + ",\"finding\":" + finding +
         ",\"segments\":" + std::to_string(report.segments) +
         ",\"records\":" + std::to_string(report.records) +
         ",\"bytes\":" + std::to_string(report.bytes) +
         ",\"first_seq\":" + std::to_string(report.first_seq) +
         ",\"last_seq\":" + std::to_string(report.last_seq) +
         ",\"gaps\":" + std::to_string(report.gaps) +
         ",\"dropped\":" + std::to_string(report.dropped) +
         ",\"not_yet_sealed\":" + std::to_string(report.unsealed) +
         ",\"stopped\":" + (report.stopped ? "true" : "false") +
         ",\"origin_proven\":" + (report.origin_proven ? "true" : "false") +
         ",\"root_key\":" + Quote(report.root_public) +
         ",\"head\":" + Quote(FormatHead(report.sealed)) + ",\"lineages\":[" + lineages +
         "],\"notes\":[" + notes + "]}\n";
}

std::string Text(const std::string& directory, const VerifyReport& report) {
  std::string out = directory + (report.whole() ? ": whole" : ": broken");
  if (report.whole()) {
    out += report.origin_proven ? ", origin proven" : ", consistent; origin not proven";
  }
  out += "\n";
  if (!report.whole()) {
    const Finding& f = report.finding;
    out += "first bad record:" + (f.file.empty() ? "" : " " + f.file);
    if (f.line != 0) out += ":" + std::to_string(f.line);
    if (f.seq != 0) out += " (seq " + std::to_string(f.seq) + ")";
    out += ": " + std::string(NameOf(f.kind)) + ": " + f.message + "\n";
  }
  out += "read: " + std::to_string(report.records) + " records in " +
         std::to_string(report.segments) + " segments, seq " + std::to_string(report.first_seq) +
         " to " + std::to_string(report.last_seq) + "\n";
  if (report.gaps != 0) {
    out += "gaps: " + std::to_string(report.gaps) + " events of the gateway say that " +
           std::to_string(report.dropped) +
           " records or more were lost before they got here: " + std::string(audit::kGapEvent) +
           "\n";
  }
  if (report.whole()) {
    out += "not yet sealed: " + std::to_string(report.unsealed) + " lines\n";
    if (!report.origin_proven) {
      out += "root key: " + report.root_public + "; give the one you trust with --public-key\n";
    }
    out += "head to remember: " + FormatHead(report.sealed) + "\n";
  }
  for (const audit::LineageStart& start : report.lineages) {
    if (start.segment == 1) continue;
    out += "lineage: " + start.lineage + " begins at seq " + std::to_string(start.seq) + " (" +
           start.reason + ")\n";
  }
  for (const std::string& note : report.notes) out += "note: " + note + "\n";
  return out;
}

Status ReadOptions(const Args& args, audit::VerifyOptions* options) {
  if (args.Has("public-key")) {
    const auto text = audit::ReadGivenFile(args.Get("public-key"), 16 * 1024);
    if (!text.ok()) return Status::InvalidArgument("--public-key: " + text.status().message());
    const auto key = audit::ReadPublicKey(text.value());
    if (!key.ok()) return Status::InvalidArgument("--public-key: " + key.status().message());
    options->root_public = key.value();
  }
  if (args.Has("head")) {
    options->head = audit::ParseHead(args.Get("head"));
    if (!options->head) {
      return Status::InvalidArgument("--head is what verify printed: a number, a colon, a hash");
    }
  }
  const auto since = TimeOption(args, "since"), at = TimeOption(args, "at");
  if (!since.ok()) return since.status();
  if (!at.ok()) return at.status();
  options->since_us = since.value();
  options->now_us = at.value().value_or(NowUs());
  options->allow_lineage = args.Has("allow-lineage");
  options->allow_clock_back = args.Has("allow-clock-back");
  return Status::Ok();
}

}  // namespace

int AuditVerify(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"public-key", OptionKind::kValue},   {"head", OptionKind::kValue},
      {"since", OptionKind::kValue},        {"at", OptionKind::kValue},
      {"allow-lineage", OptionKind::kFlag}, {"allow-clock-back", OptionKind::kFlag},
      {"json", OptionKind::kFlag}};
  const auto parsed = ParseAuditArgs(arguments, kOptions, "DIR");
  if (!parsed.ok()) return UsageError("audit verify", parsed.status());
  const Args& args = parsed.value().args;
  if (args.Has("help")) return PrintAuditHelp("verify");
  audit::VerifyOptions options;
  options.directory = parsed.value().directory;
  if (Status status = ReadOptions(args, &options); !status.ok()) {
    return UsageError("audit verify", status);
  }
  const auto report = audit::Verify(options, nullptr);
  if (!report.ok()) return Unreadable(report.status());
  const std::string out = args.Has("json") ? Json(options.directory, report.value())
                                           : Text(options.directory, report.value());
  std::fwrite(out.data(), 1, out.size(), stdout);
  return report.value().whole() ? 0 : 1;
}

}  // namespace kt::cli
