#include "core/audit/record.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/text.h"
#include "core/base/timestamp.h"
#include "core/json/edits.h"

namespace kt::audit {
namespace {

constexpr size_t kMaxStringBytes = 256;
// After escaping: sixteen such strings, the member names and the numbers stay below
// kMaxJsonBytes, so that cutting the lists always makes a record fit.
constexpr size_t kMaxEscapedBytes = 896;

// One JSON object after the other, into one string. Every member is always there: null where
// nothing is known, so that readers need no second schema.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}

  void Open(char bracket) {
    out_ += bracket;
    first_ = true;
  }
  void Close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void Next() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void Name(std::string_view name) { NameAnd(name, {}, false); }
  void String(std::string_view untrusted) {
    if (untrusted.size() <= kMaxStringBytes && IsPlain(untrusted)) {
      ((out_ += '"') += untrusted) += '"';
      return;
    }
    std::string escaped = Escape(untrusted, kMaxStringBytes);
    // Control characters grow sixfold.
    if (escaped.size() > kMaxEscapedBytes) escaped = Escape(untrusted, kMaxStringBytes / 2);
    ((out_ += '"') += escaped) += '"';
  }
  void Member(std::string_view name, std::string_view value) {
    if (value.empty()) {
      NameAnd(name, "null", false);
    } else if (value.size() <= kMaxStringBytes && IsPlain(value)) {
      NameAnd(name, value, true);
    } else {
      Name(name);
      String(value);
    }
  }
  template <typename Integer>
  void Number(std::string_view name, Integer value) {
    Name(name);
    Digits(value);
  }
  void Maybe(std::string_view name, const std::optional<uint64_t>& value) {
    Name(name);
    if (value) {
      Digits(*value);
    } else {
      out_ += "null";
    }
  }
  // Rounded to 1/scale, which hides the noise of binary fractions.
  void Decimal(std::string_view name, std::optional<double> value, double scale) {
    Name(name);
    if (!value || !std::isfinite(*value)) {
      out_ += "null";
    } else {
      Digits(std::round(*value * scale) / scale);
    }
  }
  void Bool(std::string_view name, bool value) {
    Name(name);
    out_ += value ? "true" : "false";
  }

 private:
  // Nothing to escape, nothing to replace.
  static bool IsPlain(std::string_view text) noexcept {
    bool other = false;
    for (const char c : text) other |= c < 0x20 || c == 0x7F || c == '"' || c == '\\';
    return !other;
  }
  // A comma where one is due, the name, and bytes that need no escape: at once, since a record has
  // fifty of them.
  void NameAnd(std::string_view name, std::string_view value, bool quoted) {
    const size_t at = out_.size();
    out_.resize(at + name.size() + value.size() + 6);
    char* to = out_.data() + at;
    const auto put = [&to](std::string_view bytes) {
      to = std::copy(bytes.begin(), bytes.end(), to);
    };
    if (!first_) *to++ = ',';
    first_ = false;
    *to++ = '"';
    put(name);
    put("\":");
    if (quoted) *to++ = '"';
    put(value);
    if (quoted) *to++ = '"';
    out_.resize(static_cast<size_t>(to - out_.data()));
  }
  static std::string Escape(std::string_view untrusted, size_t max_bytes) {
    std::string escaped;
    json::AppendEscaped(ReplaceInvalidUtf8(CutUtf8(untrusted, max_bytes)), &escaped);
    return escaped;
  }
  template <typename Value>
  void Digits(Value value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, end.ptr);
  }

  std::string& out_;
  bool first_ = true;
};

template <typename Item, typename Write>
void List(Writer* writer, std::string_view name, const std::vector<Item>& items, size_t max,
          const Write& write) {
  writer->Name(name);
  writer->Open('[');
  for (size_t i = 0; i < items.size() && i < max; ++i) {
    writer->Next();
    write(items[i]);
  }
  writer->Close(']');
}

void WritePolicies(Writer* writer, const Record& record, size_t max) {
  List(writer, "policies", record.policies, max, [&](const PolicyEntry& entry) {
    writer->Open('{');
    writer->Member("kind", entry.kind);
    writer->Member("phase", entry.phase);
    writer->Member("verdict", entry.verdict);
    writer->Member("reason_code", entry.reason_code);
    writer->Number("latency_us", entry.latency_us);
    const bool scored = entry.score >= 0;
    writer->Decimal("score", scored ? std::optional(entry.score) : std::nullopt, 1e4);
    writer->Close('}');
  });
}

void WriteAttempts(Writer* writer, const Record& record, size_t max) {
  List(writer, "attempts", record.attempts, max, [&](const AttemptEntry& entry) {
    writer->Open('{');
    writer->Member("target", entry.target);
    writer->Number("status", entry.status);
    writer->Member("error", entry.error);
    writer->Number("latency_ms", entry.latency_ms);
    writer->Bool("maybe_billed", entry.maybe_billed);
    writer->Member("upstream_request_id", entry.upstream_request_id);
    writer->Close('}');
  });
}

void WriteDecision(Writer* writer, const Record& record, size_t max) {
  writer->Member("verdict", record.verdict);
  writer->Member("reason_code", record.reason_code);
  WritePolicies(writer, record, max);
  List(writer, "redactions", record.redactions, max, [&](const RedactionEntry& entry) {
    writer->Open('{');
    writer->Member("type", entry.type);
    writer->Number("count", entry.count);
    writer->Close('}');
  });
  List(writer, "unscanned", record.unscanned, max,
       [&](const std::string& what) { writer->String(what); });
  writer->Maybe("released_bytes", record.released_bytes);
}

void WriteExchange(Writer* writer, const Record& record, size_t max) {
  writer->Member("target", record.target);
  writer->Member("provider", record.provider);
  writer->Member("model", record.model);
  WriteAttempts(writer, record, max);
  writer->Member("route", record.route);
  writer->Bool("stream", record.stream);
  writer->Number("status", record.status);
  writer->Number("latency_ms", record.latency_ms);
  writer->Maybe("ttft_ms", record.ttft_ms);
  writer->Maybe("prompt_tokens", record.prompt_tokens);
  writer->Maybe("completion_tokens", record.completion_tokens);
  writer->Maybe("cached_tokens", record.cached_tokens);
  writer->Maybe("reasoning_tokens", record.reasoning_tokens);
  writer->Decimal("cost_usd", record.cost_usd, 1e9);
  writer->Member("usage_source", record.usage_source);
}

std::string Serialize(const Record& record, size_t max_list, bool truncated) {
  std::string line;
  line.reserve(2048);
  Writer writer(&line);
  writer.Open('{');
  writer.Member("ts", FormatTimestamp(record.ts_us));
  writer.Member("request_id", record.request_id);
  writer.Member("client_request_id", record.client_request_id);
  writer.Name("pack");
  writer.Open('{');
  writer.Member("name", record.pack_name);
  writer.Member("version", record.pack_version);
  writer.Member("sha256", record.pack_sha256);
  writer.Close('}');
  WriteDecision(&writer, record, max_list);
  WriteExchange(&writer, record, max_list);
  writer.Member("client", record.client);
  writer.Member("user_id", record.user_id);
  writer.Member("agent_id", record.agent_id);
  writer.Member("conversation_id", record.conversation_id);
  if (!record.request_digest.empty() || !record.response_digest.empty()) {
    writer.Member("request_digest", record.request_digest);
    writer.Member("response_digest", record.response_digest);
  }
  if (truncated) writer.Bool("truncated", true);
  writer.Close('}');
  return line;
}

}  // namespace

std::string ToJson(const Record& record) {
  std::string json = Serialize(record, SIZE_MAX, false);
  for (const size_t max_list : {size_t{16}, size_t{4}, size_t{0}}) {
    if (json.size() <= kMaxJsonBytes) break;
    json = Serialize(record, max_list, true);
  }
  return json;
}

}  // namespace kt::audit
