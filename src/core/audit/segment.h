// The lines that the log itself writes: the header that begins each segment, checkpoints, and the
// notes of pruning; and the names of the files. docs/audit-format.md is the manual.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/chain.h"
#include "core/audit/log_writer.h"

namespace kt::audit {

inline constexpr uint64_t kFormatVersion = 1;
inline constexpr std::string_view kKeyFile = "epoch.key";
inline constexpr std::string_view kRootKeyFile = "root.key";
inline constexpr std::string_view kRootPublicFile = "root.pub";
inline constexpr std::string_view kLockFile = "writer.lock";
inline constexpr std::string_view kPrunedFile = "pruned.jsonl";

inline constexpr std::string_view kHeaderEvent = "audit.segment";
inline constexpr std::string_view kCheckpointEvent = "audit.checkpoint";
inline constexpr std::string_view kPrunedEvent = "audit.pruned";

// Newest numbers of rings, carried from segment to segment.
using RingNumbers = std::map<RingId, uint64_t>;
inline constexpr size_t kMaxRings = 4096;
std::string RingName(RingId ring);  // 16 hex digits
std::optional<RingId> ParseRingName(std::string_view text);

struct SegmentName {
  uint64_t number = 0;
  std::string lineage;
  // "audit-0000000007-<16 hex>.jsonl"
  std::string File() const;
  static std::optional<SegmentName> Parse(std::string_view file);
  auto operator<=>(const SegmentName&) const = default;
};
// The segments among `files`, by number.
std::vector<SegmentName> SegmentsOf(const std::vector<std::string>& files);

// The part of the segment before that counts.
struct PreviousSegment {
  uint64_t segment = 0;  // 0: there is none
  std::string lineage;
  uint64_t bytes = 0;   // its first bytes; what lies behind them was never confirmed
  bool closed = false;  // it ends with a checkpoint there, and nothing lies behind
};

struct SegmentHeader {
  int64_t ts_us = 0;
  uint64_t segment = 0;
  // rotated, packs_changed, restarted, write_failed; or why a lineage begins: first, key_missing,
  // key_unreadable, log_behind_keys, log_damaged.
  std::string reason;
  bool begins_lineage = false;  // signed by the root key
  PreviousSegment previous;
  std::string host;
  std::vector<PackIdentity> packs;
  bool immutable = true;
  uint64_t checkpoint_seconds = 0, retention_days = 0;
  RingNumbers rings;
  uint64_t epoch = 0;
  Hex32 key;               // signs this line: the root key, or what the header before named
  Hex32 next_segment_key;  // signs the next header
  Hex32 epoch_key;         // signs the next checkpoint

  std::string Members() const;
  // Of a line that LineParser has just parsed; nullopt when it is no header of this format.
  static std::optional<SegmentHeader> Read(const LineParser& line);
};

struct Checkpoint {
  int64_t ts_us = 0;
  uint64_t segment = 0, epoch = 0;
  std::string reason;   // interval, rotate, stop, prune
  Hex32 key, next_key;  // signs this line; signs the next checkpoint

  std::string Members() const;
  static std::optional<Checkpoint> Read(const LineParser& line);
};

// Segments that retention took away, all of them before the first one that is left.
struct Pruned {
  int64_t ts_us = 0;
  uint64_t first_segment = 0, last_segment = 0, last_seq = 0, retention_days = 0;
  int64_t ended_us = 0;  // when the last of them ended: the beginning of the first one left

  std::string Members() const;
  static std::optional<Pruned> Read(const LineParser& line);
};

}  // namespace kt::audit
