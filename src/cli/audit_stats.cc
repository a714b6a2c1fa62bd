#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>

#include "cli/audit_commands.h"
#include "cli/audit_common.h"
#include "cli/help.h"
#include "core/audit/segment_records.h"
#include "core/base/timestamp.h"
#include "core/json/edits.h"

namespace kt::cli {
namespace {

constexpr std::string_view kVerdicts[] = {"allowed", "redacted", "blocked", "escalated", "error"};

struct Sums {
  uint64_t records = 0, other = 0;  // other: no verdict of the table, events among them
  uint64_t verdicts[std::size(kVerdicts)] = {};
  uint64_t prompt_tokens = 0, completion_tokens = 0, cached_tokens = 0;
  int64_t cost_nano_usd = 0;  // whole numbers add up without error
};
using Key = std::tuple<std::string, std::string, std::string>;  // day, pack, target
using Table = std::map<Key, Sums>;

int64_t NanoUsd(const audit::LineParser& line) {
  const json::NodeIndex node = line.Find("cost_usd");
  if (node == json::kNoNode || line.view().node(node).kind != json::Kind::kNumber) return 0;
  const json::Node& n = line.view().node(node);
  const std::string_view text = line.view().text().substr(n.begin, n.end - n.begin);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::isfinite(value) && std::abs(value) < 1e9 ? std::llround(value * 1e9) : 0;
}

void Add(const audit::LineParser& line, Sums* sums) {
  ++sums->records;
  const std::string verdict = line.String("verdict");
  bool known = false;
  for (size_t i = 0; i < std::size(kVerdicts); ++i) {
    if (verdict != kVerdicts[i]) continue;
    ++sums->verdicts[i];
    known = true;
  }
  if (!known) ++sums->other;
  sums->prompt_tokens += line.Number("prompt_tokens");
  sums->completion_tokens += line.Number("completion_tokens");
  sums->cached_tokens += line.Number("cached_tokens");
  sums->cost_nano_usd += NanoUsd(line);
}

std::string Usd(int64_t nano) {
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(nano / 1'000'000'000),
                static_cast<long long>(std::llabs(nano % 1'000'000'000)));
  return text;
}

std::string JsonRow(const Key& key, const Sums& sums) {
  const auto& [day, pack, target] = key;
  std::string out = "{\"day\":" + json::Quote(day) + ",\"pack\":" + json::Quote(pack) +
                    ",\"target\":" + json::Quote(target) +
                    ",\"records\":" + std::to_string(sums.records);
  for (size_t i = 0; i < std::size(kVerdicts); ++i) {
    out += ",\"" + std::string(kVerdicts[i]) + "\":" + std::to_string(sums.verdicts[i]);
  }
  return out + ",\"other\":" + std::to_string(sums.other) +
         ",\"prompt_tokens\":" + std::to_string(sums.prompt_tokens) +
         ",\"completion_tokens\":" + std::to_string(sums.completion_tokens) +
         ",\"cached_tokens\":" + std::to_string(sums.cached_tokens) +
         ",\"cost_usd\":" + Usd(sums.cost_nano_usd) + "}\n";
}

// Control characters of a record's texts must not reach a terminal.
std::string Printable(std::string_view text) {
  if (text.empty()) return "-";
  std::string out = json::Quote(text);
  return out.size() == text.size() + 2 ? std::string(text) : out;
}

std::string TextRow(const Key& key, const Sums& sums) {
  const auto& [day, pack, target] = key;
  char numbers[256];
  std::snprintf(numbers, sizeof numbers, "%9llu %9llu %9llu %9llu %9llu %9llu %12llu %12llu %16s",
                static_cast<unsigned long long>(sums.records),
                static_cast<unsigned long long>(sums.verdicts[0]),
                static_cast<unsigned long long>(sums.verdicts[1]),
                static_cast<unsigned long long>(sums.verdicts[2]),
                static_cast<unsigned long long>(sums.verdicts[3]),
                static_cast<unsigned long long>(sums.verdicts[4]),
                static_cast<unsigned long long>(sums.prompt_tokens),
                static_cast<unsigned long long>(sums.completion_tokens),
                Usd(sums.cost_nano_usd).c_str());
  std::string out = Printable(day);
  out.resize(std::max<size_t>(out.size(), 11), ' ');
  return out + numbers + "  " + Printable(pack) + "  " + Printable(target) + "\n";
}

void Print(const Table& table, bool json_lines) {
  std::string out;
  if (!json_lines) {
    out =
        "day          records   allowed  redacted   blocked escalated     error       prompt"
        "   completion         cost_usd  pack  target\n";
  }
  for (const auto& [key, sums] : table) {
    out += json_lines ? JsonRow(key, sums) : TextRow(key, sums);
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

}  // namespace

int AuditStats(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"since", OptionKind::kValue}, {"until", OptionKind::kValue}, {"json", OptionKind::kFlag}};
  const auto parsed = ParseAuditArgs(arguments, kOptions, "DIR");
  if (!parsed.ok()) return UsageError("audit stats", parsed.status());
  const Args& args = parsed.value().args;
  if (args.Has("help")) return PrintAuditHelp("stats");
  const auto since = TimeOption(args, "since"), until = TimeOption(args, "until");
  if (!since.ok()) return UsageError("audit stats", since.status());
  if (!until.ok()) return UsageError("audit stats", until.status());
  auto records = audit::LogRecords::Open(parsed.value().directory, nullptr, since.value());
  if (!records.ok()) return Unreadable(records.status());
  Table table;
  std::string_view line;
  while (true) {
    const Result<bool> more = records.value().Next(&line);
    if (!more.ok()) return Unreadable(more.status());
    if (!more.value()) break;
    const audit::LineParser& parser = records.value().parser();
    const std::string ts = parser.String("ts");
    const auto time = ParseTimestamp(ts);
    if ((since.value() && (!time || *time < *since.value())) ||
        (until.value() && (!time || *time >= *until.value()))) {
      continue;
    }
    const json::View& view = parser.view();
    Add(parser, &table[{ts.substr(0, 10), view.String(view.Find(parser.Find("pack"), "name")),
                        parser.String("target")}]);
  }
  Print(table, args.Has("json"));
  if (records.value().unreadable() == 0) return 0;
  return Failure(Status::InvalidArgument(std::to_string(records.value().unreadable()) +
                                         " lines cannot be read; run kt audit verify"));
}

}  // namespace kt::cli
