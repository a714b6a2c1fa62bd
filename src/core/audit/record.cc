#include "core/audit/record.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/base/byte_block.h"
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
//
// A record has fifty members, and every request pays for them: names are copied by their length,
// which the compiler knows, into room that is asked for once.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) { Grow(kFirstBytes); }
  // What is written goes into the string.
  void Finish() { out_.resize(static_cast<size_t>(to_ - out_.data())); }

  void Open(char bracket) {
    Byte(bracket);
    first_ = true;
  }
  void Close(char bracket) {
    Byte(bracket);
    first_ = false;
  }
  void Next() {
    if (!first_) Byte(',');
    first_ = false;
  }
  template <size_t kSize>
  void Name(const char (&name)[kSize]) {
    char* to = Room(kSize + 4);
    if (!first_) *to++ = ',';
    first_ = false;
    *to++ = '"';
    std::memcpy(to, name, kSize - 1);
    to += kSize - 1;
    *to++ = '"';
    *to++ = ':';
    to_ = to;
  }
  void String(std::string_view untrusted) {
    if (untrusted.size() <= kMaxStringBytes && PutPlain(untrusted)) return;
    std::string escaped = Escape(untrusted, kMaxStringBytes);
    // Control characters grow sixfold.
    if (escaped.size() > kMaxEscapedBytes) escaped = Escape(untrusted, kMaxStringBytes / 2);
    Quoted(escaped);
  }
  template <size_t kSize>
  void Member(const char (&name)[kSize], std::string_view value) {
    Name(name);
    if (value.empty()) {
      Put("null");
    } else {
      String(value);
    }
  }
  // A word of our own: nothing to escape.
  template <size_t kSize>
  void Word(const char (&name)[kSize], std::string_view word) {
    Name(name);
    if (word.empty()) return Put("null");
    Quoted(word);
  }
  template <size_t kSize, typename Integer>
  void Number(const char (&name)[kSize], Integer value) {
    Name(name);
    Digits(value);
  }
  template <size_t kSize>
  void Maybe(const char (&name)[kSize], const std::optional<uint64_t>& value) {
    Name(name);
    if (value) {
      Digits(*value);
    } else {
      Put("null");
    }
  }
  // Rounded to so many decimals, at most nine, which hides the noise of binary fractions.
  template <size_t kSize>
  void Decimal(const char (&name)[kSize], std::optional<double> value, int decimals) {
    Name(name);
    if (!value || !std::isfinite(*value)) return Put("null");
    const uint64_t power = kPowers[decimals];
    const auto scale = static_cast<double>(power);
    const double scaled = std::round(*value * scale);
    constexpr double kExact = 9007199254740992;  // 2^53: below, each number of units is one
    if (scaled < 0 || scaled >= kExact) return Digits(*value);
    Fixed(static_cast<uint64_t>(scaled), power, decimals);
  }
  template <size_t kSize>
  void Time(const char (&name)[kSize], int64_t unix_us) {
    Name(name);
    char* to = Room(kMaxTimestampBytes + 2);
    *to++ = '"';
    to = WriteTimestamp(unix_us, to);
    *to++ = '"';
    to_ = to;
  }
  template <size_t kSize>
  void Bool(const char (&name)[kSize], bool value) {
    Name(name);
    Put(value ? "true" : "false");
  }

 private:
  static constexpr size_t kFirstBytes = 2048;
  static constexpr uint64_t kPowers[] = {
      1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

  // Writes a string with nothing to escape and nothing to replace; false: it is none. What is
  // looked at is the copy, where whole blocks may be read.
  bool PutPlain(std::string_view text) {
    char* const to = Room(text.size() + 2 + ByteBlock::kBytes);
    if (!text.empty()) std::memcpy(to + 1, text.data(), text.size());
    for (size_t i = 0; i < text.size(); i += ByteBlock::kBytes) {
      const ByteBlock b(to + 1 + i);
      const ByteBlock::Marks marks =
          b.Equal('"') | b.Equal('\\') | b.Equal('\x7F') | b.Controls() | b.NotAscii();
      if (marks.any() && i + marks.first() < text.size()) return false;
    }
    to[0] = to[text.size() + 1] = '"';
    to_ = to + text.size() + 2;
    return true;
  }
  static std::string Escape(std::string_view untrusted, size_t max_bytes) {
    std::string escaped;
    json::AppendEscaped(ReplaceInvalidUtf8(CutUtf8(untrusted, max_bytes)), &escaped);
    return escaped;
  }
  [[gnu::noinline]] void Grow(size_t bytes) {  // rare: what asks for room stays short
    const size_t written = out_.empty() ? 0 : static_cast<size_t>(to_ - out_.data());
    out_.resize(written + std::max(bytes, out_.size()));
    to_ = out_.data() + written;
    end_ = out_.data() + out_.size();
  }
  // Room for so many bytes, at `to_`.
  char* Room(size_t bytes) {
    if (static_cast<size_t>(end_ - to_) < bytes) Grow(bytes);
    return to_;
  }
  void Byte(char byte) {
    *Room(1) = byte;
    ++to_;
  }
  void Put(std::string_view bytes) {
    std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
    to_ += bytes.size();
  }
  void Quoted(std::string_view bytes) {
    char* to = Room(bytes.size() + 2);
    *to++ = '"';
    std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
    *to++ = '"';
    to_ = to;
  }
  template <typename Value>
  void Digits(Value value) {
    char* to = Room(32);
    to_ = std::to_chars(to, to + 32, value).ptr;
  }
  // units / scale, without zeros at the end.
  void Fixed(uint64_t units, uint64_t scale, int decimals) {
    Digits(units / scale);
    uint64_t fraction = units % scale;
    if (fraction == 0) return;
    while (fraction % 10 == 0) {
      fraction /= 10;
      --decimals;
    }
    char* const to = Room(static_cast<size_t>(decimals) + 1);
    for (int i = decimals; i > 0; --i, fraction /= 10) {
      to[i] = static_cast<char>('0' + fraction % 10);
    }
    to[0] = '.';
    to_ = to + decimals + 1;
  }

  std::string& out_;
  char *to_ = nullptr, *end_ = nullptr;  // in out_
  bool first_ = true;
};

template <size_t kSize, typename Item, typename Write>
void List(Writer* writer, const char (&name)[kSize], const std::vector<Item>& items, size_t max,
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
    writer->Word("kind", entry.kind);
    writer->Word("phase", entry.phase);
    writer->Word("verdict", entry.verdict);
    writer->Member("reason_code", entry.reason_code);
    writer->Number("latency_us", entry.latency_us);
    const bool scored = entry.score >= 0;
    writer->Decimal("score", scored ? std::optional(entry.score) : std::nullopt, 4);
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
  writer->Decimal("cost_usd", record.cost_usd, 9);
  writer->Member("usage_source", record.usage_source);
}

void Serialize(const Record& record, size_t max_list, bool truncated, std::string* line) {
  line->clear();
  Writer writer(line);
  writer.Open('{');
  writer.Time("ts", record.ts_us);
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
  writer.Finish();
}

}  // namespace

void WriteJson(const Record& record, std::string* line) {
  Serialize(record, SIZE_MAX, false, line);
  for (const size_t max_list : {size_t{16}, size_t{4}, size_t{0}}) {
    if (line->size() <= kMaxJsonBytes) break;
    Serialize(record, max_list, true, line);
  }
}

std::string ToJson(const Record& record) {
  std::string line;
  WriteJson(record, &line);
  return line;
}

}  // namespace kt::audit
