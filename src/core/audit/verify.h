// Checks a log: is every line the one that was written, are all there, in order, and signed?
//
// Streams through bounded memory; the files are untrusted bytes. Also a log that is being written
// is whole: what follows the last checkpoint is "not yet sealed".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/chain.h"
#include "core/base/status.h"

namespace kt::audit {

class FileSystem;

enum class Tampering : uint8_t {
  kNone,
  kEdited,
  kDeleted,
  kInserted,
  kReordered,
  kTruncated,   // the end is missing: of a segment, or of the log
  kSpliced,     // from another log
  kRolledBack,  // does not hold the remembered head
  kClockBack,   // the writer's clock went back by more than kClockSlackUs
  kResigned,    // signed by another key than the one named before, for instance a later one
  kNewLineage,  // the signing keys were lost; begun anew by the root key's holder
};
// "edited", …; what users and --json see.
std::string_view NameOf(Tampering kind) noexcept;

inline constexpr int64_t kClockSlackUs = 5'000'000;

struct Finding {
  Tampering kind = Tampering::kNone;
  std::string file;
  uint64_t line = 0;  // 1-based; 0: the file as a whole
  uint64_t seq = 0;   // of the first bad record, as far as it can be known; 0: unknown
  std::string message;
};

struct LineageStart {
  std::string lineage, reason;
  uint64_t segment = 0, seq = 0;
};

struct VerifyOptions {
  std::string directory;
  Hex32 root_public;                // empty: the origin is not proven
  std::optional<ChainHead> head;    // remembered from an earlier run
  std::optional<int64_t> since_us;  // only segments that reach behind this time are read
  bool allow_lineage = false, allow_clock_back = false;
  int64_t now_us = 0;
};

struct VerifyReport {
  Finding finding;  // the first; kNone: the log is whole
  uint64_t segments = 0, lines = 0, records = 0, bytes = 0;
  uint64_t first_seq = 0, last_seq = 0;
  uint64_t gaps = 0, dropped = 0;  // events of records that were lost, and how many they count
  uint64_t unsealed = 0;           // lines behind the last signature
  ChainHead sealed;                // the last signed line: the head to remember
  bool stopped = false;            // the writer ended by intent
  Hex32 root_public;               // which signed the first lineage
  bool origin_proven = false;
  std::vector<LineageStart> lineages;
  std::vector<std::string> notes;
  bool whole() const noexcept { return finding.kind == Tampering::kNone; }
};

// Not ok: nothing could be judged (no directory, no log in it, a file cannot be read).
Result<VerifyReport> Verify(const VerifyOptions& options, FileSystem* fs);

// "<seq>:<64 hex>".
std::optional<ChainHead> ParseHead(std::string_view text);
std::string FormatHead(const ChainHead& head);

}  // namespace kt::audit
