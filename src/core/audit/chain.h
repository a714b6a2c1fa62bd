// One line of the log, and how each holds the one before it:
//
//   {"seq":7,"lineage":"<16 hex>", …members… ,"prev":"<64 hex>","hash":"<64 hex>"}
//   {"seq":8,"lineage":"<16 hex>", …members… ,"prev":"<64 hex>","hash":"<64 hex>","signature":"…"}
//
// hash: SHA-256 of the line's bytes before its last `,"hash":"`; prev: the hash of the line
// before. So a reader hashes bytes as they are, and never writes JSON anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/audit/keys.h"
#include "core/base/status.h"
#include "core/json/view.h"

namespace kt::audit {

// The longest line, newline included: a segment's header with its many rings.
inline constexpr size_t kMaxLineBytes = 256 * 1024;
// Members of the log's own lines have events of this beginning; no record may.
inline constexpr std::string_view kOwnEvents = "audit.";
// The gateway's word for records that it has lost; `dropped`: how many, null where nobody knows.
inline constexpr std::string_view kGapEvent = "gateway.gap";

// `prev` of a log's first line.
inline Hex32 NoHash() {
  return Hex32(64, '0');
}

// Where a chain ends.
struct ChainHead {
  uint64_t seq = 0;
  Hex32 hash = NoHash();
  bool operator==(const ChainHead&) const = default;
};

// Adds lines to a chain. Not thread-safe.
class ChainBuilder {
 public:
  // Appends the line of `members` ("\"a\":1,…", without braces, maybe empty) and its newline to
  // *out, and moves *head on. False: OpenSSL failed; nothing changed.
  bool Add(std::string_view lineage, std::string_view members, ChainHead* head, std::string* out);
  // The same with a signature of `context` + hash by `key`.
  bool AddSigned(std::string_view lineage, std::string_view members, const SigningKey& key,
                 std::string_view context, ChainHead* head, std::string* out);

 private:
  Sha256 sha256_;
};

// What a line says of itself; nothing of it is checked but its form. Borrows the line.
struct Envelope {
  uint64_t seq = 0;
  std::string_view lineage, prev, hash, signature;  // signature: empty where there is none
  size_t hashed_bytes = 0;                          // the line's length before `,"hash":"`
};

class LineParser {
 public:
  // `line` without its newline; `padding` as for json::View::Parse. kInvalidArgument: not the form
  // above, or no strict JSON. view() then holds nothing of use.
  Result<Envelope> Parse(std::string_view line, size_t padding);
  const json::View& view() const noexcept { return view_; }
  json::NodeIndex Find(std::string_view name) const { return view_.Find(0, name); }
  std::string String(std::string_view name) const { return view_.String(Find(name)); }
  // 0 where the member is missing or no whole number below 2^64.
  uint64_t Number(std::string_view name) const { return Number(Find(name)); }
  uint64_t Number(json::NodeIndex node) const;

 private:
  json::View view_;
};

// The context that a signature covers before the hash: a signature of one kind is none of another.
inline constexpr std::string_view kLineageContext = "keeptrusts-audit-lineage-v1\n";
inline constexpr std::string_view kSegmentContext = "keeptrusts-audit-segment-v1\n";
inline constexpr std::string_view kCheckpointContext = "keeptrusts-audit-checkpoint-v1\n";

}  // namespace kt::audit
