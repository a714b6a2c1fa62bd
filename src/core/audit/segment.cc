#include "core/audit/segment.h"

#include <algorithm>
#include <charconv>

#include "core/base/timestamp.h"
#include "core/json/edits.h"

namespace kt::audit {
namespace {

constexpr std::string_view kPrefix = "audit-", kSuffix = ".jsonl";
constexpr size_t kNumberDigits = 10;

class Members {
 public:
  explicit Members(std::string_view event, int64_t ts_us) {
    Text("event", event);
    Text("ts", FormatTimestamp(ts_us));
  }
  Members& Text(std::string_view name, std::string_view value) {
    return Raw(name, json::Quote(value));
  }
  Members& Number(std::string_view name, uint64_t value) {
    return Raw(name, std::to_string(value));
  }
  Members& Bool(std::string_view name, bool value) { return Raw(name, value ? "true" : "false"); }
  Members& Raw(std::string_view name, std::string_view json) {
    if (!out_.empty()) out_ += ',';
    (((out_ += '"') += name) += "\":") += json;
    return *this;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

bool Is(const LineParser& line, std::string_view event, int64_t* ts_us) {
  const json::NodeIndex node = line.Find("event");
  if (node == json::kNoNode || !line.view().Equals(node, event)) return false;
  const auto ts = ParseTimestamp(line.String("ts"));
  *ts_us = ts.value_or(0);
  return ts.has_value();
}

bool IsTrue(const LineParser& line, json::NodeIndex node) {
  return node != json::kNoNode && line.view().node(node).kind == json::Kind::kTrue;
}

std::string PacksJson(const std::vector<PackIdentity>& packs) {
  std::string out = "[";
  for (const PackIdentity& pack : packs) {
    if (out.size() > 1) out += ',';
    out += "{\"name\":" + json::Quote(pack.name) + ",\"version\":" + json::Quote(pack.version) +
           ",\"sha256\":" + json::Quote(pack.sha256) + "}";
  }
  return out + "]";
}

void ReadPacks(const LineParser& line, std::vector<PackIdentity>* packs) {
  const json::View& view = line.view();
  const json::NodeIndex list = line.Find("packs");
  if (list == json::kNoNode || view.node(list).kind != json::Kind::kArray) return;
  for (json::NodeIndex i = list + 1; i < view.node(list).after; i = view.node(i).after) {
    packs->push_back({view.String(view.Find(i, "name")), view.String(view.Find(i, "version")),
                      view.String(view.Find(i, "sha256"))});
  }
}

void ReadRings(const LineParser& line, RingNumbers* rings) {
  const json::View& view = line.view();
  const json::NodeIndex object = line.Find("rings");
  if (object == json::kNoNode || view.node(object).kind != json::Kind::kObject) return;
  json::Decoded key;
  for (json::NodeIndex i = object + 1; i < view.node(object).after; i = view.node(i).after) {
    view.DecodeKey(i, &key);
    if (const auto ring = ParseRingName(key.text())) (*rings)[*ring] = line.Number(i);
  }
}

}  // namespace

std::string RingName(RingId ring) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, ring, 16);
  std::string name(digits, end.ptr);
  return std::string(16 - name.size(), '0') + name;
}

std::optional<RingId> ParseRingName(std::string_view text) {
  RingId ring = 0;
  if (!IsHex(text, 16)) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), ring, 16);
  return ring;
}

std::string SegmentName::File() const {
  std::string digits = std::to_string(number);
  digits.insert(0, kNumberDigits - std::min(kNumberDigits, digits.size()), '0');
  return std::string(kPrefix) + digits + "-" + lineage + std::string(kSuffix);
}

std::optional<SegmentName> SegmentName::Parse(std::string_view file) {
  if (!file.starts_with(kPrefix) || !file.ends_with(kSuffix)) return std::nullopt;
  if (file.size() != kPrefix.size() + kNumberDigits + 1 + 16 + kSuffix.size()) return std::nullopt;
  const std::string_view digits = file.substr(kPrefix.size(), kNumberDigits);
  SegmentName name;
  name.lineage = file.substr(kPrefix.size() + kNumberDigits + 1, 16);
  std::from_chars(digits.data(), digits.data() + digits.size(), name.number);
  if (name.number == 0 || name.File() != file || !IsHex(name.lineage, 16)) return std::nullopt;
  return name;
}

std::vector<SegmentName> SegmentsOf(const std::vector<std::string>& files) {
  std::vector<SegmentName> segments;
  for (const std::string& file : files) {
    if (auto name = SegmentName::Parse(file)) segments.push_back(*std::move(name));
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

std::string SegmentHeader::Members() const {
  std::string rings_json = "{";
  for (const auto& [ring, number] : rings) {
    if (rings_json.size() > 1) rings_json += ',';
    rings_json += "\"" + RingName(ring) + "\":" + std::to_string(number);
  }
  const std::string previous_json =
      previous.segment == 0
          ? "null"
          : "{\"segment\":" + std::to_string(previous.segment) + ",\"lineage\":\"" +
                previous.lineage + "\",\"bytes\":" + std::to_string(previous.bytes) +
                ",\"closed\":" + (previous.closed ? "true" : "false") + "}";
  return audit::Members(kHeaderEvent, ts_us)
      .Number("format", kFormatVersion)
      .Number("segment", segment)
      .Text("reason", reason)
      .Bool("begins_lineage", begins_lineage)
      .Raw("previous", previous_json)
      .Text("host", host)
      .Raw("packs", PacksJson(packs))
      .Bool("immutable", immutable)
      .Number("checkpoint_seconds", checkpoint_seconds)
      .Number("retention_days", retention_days)
      .Raw("rings", rings_json + "}")
      .Number("epoch", epoch)
      .Text("key", key)
      .Text("next_segment_key", next_segment_key)
      .Text("epoch_key", epoch_key)
      .Take();
}

std::optional<SegmentHeader> SegmentHeader::Read(const LineParser& line) {
  SegmentHeader header;
  if (!Is(line, kHeaderEvent, &header.ts_us)) return std::nullopt;
  if (line.Number("format") != kFormatVersion) return std::nullopt;
  const json::View& view = line.view();
  header.segment = line.Number("segment");
  header.reason = line.String("reason");
  header.begins_lineage = IsTrue(line, line.Find("begins_lineage"));
  const json::NodeIndex previous = line.Find("previous");
  header.previous.segment = line.Number(view.Find(previous, "segment"));
  header.previous.lineage = view.String(view.Find(previous, "lineage"));
  header.previous.bytes = line.Number(view.Find(previous, "bytes"));
  header.previous.closed = IsTrue(line, view.Find(previous, "closed"));
  header.host = line.String("host");
  ReadPacks(line, &header.packs);
  header.immutable = IsTrue(line, line.Find("immutable"));
  header.checkpoint_seconds = line.Number("checkpoint_seconds");
  header.retention_days = line.Number("retention_days");
  ReadRings(line, &header.rings);
  header.epoch = line.Number("epoch");
  header.key = line.String("key");
  header.next_segment_key = line.String("next_segment_key");
  header.epoch_key = line.String("epoch_key");
  if (header.segment == 0 || header.epoch == 0 || !IsHex(header.key, 64) ||
      !IsHex(header.next_segment_key, 64) || !IsHex(header.epoch_key, 64)) {
    return std::nullopt;
  }
  return header;
}

std::string Checkpoint::Members() const {
  return audit::Members(kCheckpointEvent, ts_us)
      .Number("segment", segment)
      .Number("epoch", epoch)
      .Text("reason", reason)
      .Text("key", key)
      .Text("next_key", next_key)
      .Take();
}

std::optional<Checkpoint> Checkpoint::Read(const LineParser& line) {
  Checkpoint checkpoint;
  if (!Is(line, kCheckpointEvent, &checkpoint.ts_us)) return std::nullopt;
  checkpoint.segment = line.Number("segment");
  checkpoint.epoch = line.Number("epoch");
  checkpoint.reason = line.String("reason");
  checkpoint.key = line.String("key");
  checkpoint.next_key = line.String("next_key");
  if (checkpoint.epoch == 0 || !IsHex(checkpoint.key, 64) || !IsHex(checkpoint.next_key, 64)) {
    return std::nullopt;
  }
  return checkpoint;
}

std::string Pruned::Members() const {
  return audit::Members(kPrunedEvent, ts_us)
      .Number("first_segment", first_segment)
      .Number("last_segment", last_segment)
      .Number("last_seq", last_seq)
      .Text("ended", FormatTimestamp(ended_us))
      .Number("retention_days", retention_days)
      .Take();
}

std::optional<Pruned> Pruned::Read(const LineParser& line) {
  Pruned pruned;
  if (!Is(line, kPrunedEvent, &pruned.ts_us)) return std::nullopt;
  pruned.first_segment = line.Number("first_segment");
  pruned.last_segment = line.Number("last_segment");
  pruned.last_seq = line.Number("last_seq");
  pruned.retention_days = line.Number("retention_days");
  const auto ended = ParseTimestamp(line.String("ended"));
  if (!ended || pruned.last_segment < pruned.first_segment) return std::nullopt;
  pruned.ended_us = *ended;
  return pruned;
}

}  // namespace kt::audit
