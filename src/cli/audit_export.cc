#include <cstdio>
#include <string>

#include "cli/audit_commands.h"
#include "cli/audit_common.h"
#include "cli/help.h"
#include "core/audit/segment_records.h"
#include "core/base/timestamp.h"

namespace kt::cli {
namespace {

struct Column {
  std::string_view name, object, member;  // object: empty for a member of the record itself
};
constexpr Column kColumns[] = {
    {"seq", "", "seq"},
    {"lineage", "", "lineage"},
    {"ts", "", "ts"},
    {"event", "", "event"},
    {"request_id", "", "request_id"},
    {"client_request_id", "", "client_request_id"},
    {"pack", "pack", "name"},
    {"pack_version", "pack", "version"},
    {"verdict", "", "verdict"},
    {"reason_code", "", "reason_code"},
    {"target", "", "target"},
    {"provider", "", "provider"},
    {"model", "", "model"},
    {"route", "", "route"},
    {"stream", "", "stream"},
    {"status", "", "status"},
    {"latency_ms", "", "latency_ms"},
    {"ttft_ms", "", "ttft_ms"},
    {"prompt_tokens", "", "prompt_tokens"},
    {"completion_tokens", "", "completion_tokens"},
    {"cached_tokens", "", "cached_tokens"},
    {"cost_usd", "", "cost_usd"},
    {"usage_source", "", "usage_source"},
    {"client", "", "client"},
    {"user_id", "", "user_id"},
    {"agent_id", "", "agent_id"},
    {"conversation_id", "", "conversation_id"},
};

// RFC 4180. A spreadsheet takes a cell that begins with one of these for a formula, also behind
// blanks; an apostrophe makes it text.
void AppendCell(std::string_view text, std::string* out) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool formula =
      first != text.npos && std::string_view("=+-@|%").find(text[first]) != text.npos;
  const bool blank_first = !text.empty() && first != 0;
  *out += '"';
  if (formula || blank_first) *out += '\'';
  for (const char c : text) {
    if (c == '"') *out += '"';
    *out += c;
  }
  *out += '"';
}

void AppendRow(const audit::LineParser& line, std::string* out) {
  const json::View& view = line.view();
  const size_t begin = out->size();
  for (const Column& column : kColumns) {
    if (out->size() > begin) *out += ',';
    const json::NodeIndex object = column.object.empty() ? 0 : line.Find(column.object);
    const json::NodeIndex node = view.Find(object, column.member);
    if (node == json::kNoNode || view.node(node).kind == json::Kind::kNull) continue;
    const json::Node& n = view.node(node);
    if (n.kind == json::Kind::kString) {
      AppendCell(view.String(node), out);
    } else if (n.kind != json::Kind::kObject && n.kind != json::Kind::kArray) {
      *out += view.text().substr(n.begin, n.end - n.begin);
    }
  }
  *out += "\r\n";
}

bool Write(const std::string& out) {
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
}

int Copy(audit::LogRecords records, bool csv, std::optional<int64_t> since,
         std::optional<int64_t> until) {
  std::string out;
  for (const Column& column : kColumns) {
    if (csv) (out += out.empty() ? "" : ",") += column.name;
  }
  if (csv) out += "\r\n";
  std::string_view line;
  while (true) {
    const Result<bool> more = records.Next(&line);
    if (!more.ok()) return Unreadable(more.status());
    if (!more.value()) break;
    const auto ts = ParseTimestamp(records.parser().String("ts"));
    if ((since && (!ts || *ts < *since)) || (until && (!ts || *ts >= *until))) continue;
    if (csv) {
      AppendRow(records.parser(), &out);
    } else {
      (out += line) += '\n';
    }
    if (out.size() < 64 * 1024) continue;
    if (!Write(out)) return Failure(Status::Unavailable("cannot write to stdout"));
    out.clear();
  }
  if (!Write(out) || std::fflush(stdout) != 0) {
    return Failure(Status::Unavailable("cannot write to stdout"));
  }
  if (records.unreadable() == 0) return 0;
  return Failure(Status::InvalidArgument(std::to_string(records.unreadable()) +
                                         " lines cannot be read; run kt audit verify"));
}

}  // namespace

int AuditExport(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"format", OptionKind::kValue}, {"since", OptionKind::kValue}, {"until", OptionKind::kValue}};
  const auto parsed = ParseAuditArgs(arguments, kOptions, "DIR");
  if (!parsed.ok()) return UsageError("audit export", parsed.status());
  const Args& args = parsed.value().args;
  if (args.Has("help")) return PrintAuditHelp("export");
  const std::string format = args.Get("format", "jsonl");
  if (format != "csv" && format != "jsonl") {
    return UsageError("audit export", Status::InvalidArgument("--format is csv or jsonl"));
  }
  const auto since = TimeOption(args, "since"), until = TimeOption(args, "until");
  if (!since.ok()) return UsageError("audit export", since.status());
  if (!until.ok()) return UsageError("audit export", until.status());
  auto records = audit::LogRecords::Open(parsed.value().directory, nullptr, since.value());
  if (!records.ok()) return Unreadable(records.status());
  return Copy(std::move(records).value(), format == "csv", since.value(), until.value());
}

}  // namespace kt::cli
