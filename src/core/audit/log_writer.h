// The audit log on disk: appends records to hash-chained, signed segment files. One writer a
// directory, kept so by a lock; one thread. docs/audit-format.md describes the files.
//
//   Open ─▶ (Append… Sync)… Tick… ─▶ Close
//
// What Sync has confirmed is durable. What it has not may be there or not after a crash; the ring
// keeps it, and Append is asked again for what lies behind LastNumber.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::audit {

class FileSystem;

struct PackIdentity {
  std::string name, version, sha256;
  bool operator==(const PackIdentity&) const = default;
};

struct LogOptions {
  std::string directory;  // must exist, see PrepareDirectory
  std::string host;
  std::vector<PackIdentity> packs;
  // An Ed25519 private key: the path of a PEM file, or the PEM text itself. Empty: root.key in the
  // directory, made when it is not there; such a log is consistent, but proves no origin.
  std::string root_key;
  bool immutable = true;
  uint64_t segment_bytes = 256ull << 20;  // a new segment behind that many
  uint64_t segment_seconds = 24 * 3600;   // or when the segment is that old
  uint64_t checkpoint_seconds = 60;       // signed also when idle, so that a cut-off tail shows
  uint32_t retention_days = 365;          // whole segments that end before go
};

using RingId = uint64_t;  // random, new whenever a worker claims a ring; 0: none

class LogWriter {
 public:
  virtual ~LogWriter() = default;  // without Close: as after a crash

  // Takes the lock, reads the newest segment, cuts its torn last line, and goes on behind it, in
  // a new segment unless the last writer ended by Close. `fs` (nullptr: the real one) must outlive
  // the writer. Nothing of options.root_key is kept. kUnavailable: another writer holds the lock,
  // or the directory cannot be used now; kInvalidArgument: the root key is unusable.
  static Result<std::unique_ptr<LogWriter>> Open(const LogOptions& options, FileSystem* fs,
                                                 int64_t now_us);

  // Buffers one record: a JSON object in one line, without the members seq, lineage, origin, prev,
  // hash and signature, which are added. `ring`, `number`: where it comes from; what is at or
  // below LastNumber is skipped, which makes a second delivery harmless. Ring 0: no origin, an
  // event of the writer's own.
  // kInvalidArgument: this record can never be logged (no JSON object, too long, a reserved
  // member); nothing was appended. kUnavailable: no segment can be begun now.
  virtual Status Append(std::string_view record_json, RingId ring, uint64_t number) = 0;
  Status AppendEvent(std::string_view record_json) { return Append(record_json, 0, 0); }

  // Writes what was appended, and makes it durable. On failure all that was appended since the
  // last success is forgotten, LastNumber included: append it again. The next call begins a new
  // segment behind the last durable record; the failed file is never written again. When the
  // directory itself has gone or was replaced, only a new Open helps.
  virtual Status Sync(int64_t now_us) = 0;

  // To be called about once a second and after Sync: checkpoint when one is due, rotation,
  // retention. Includes a Sync.
  virtual Status Tick(int64_t now_us) = 0;

  // Sync, and a last checkpoint that says that the writer ended by intent.
  virtual Status Close(int64_t now_us) = 0;

  // The number of the ring's last record in the log, buffered ones included; 0: none.
  virtual uint64_t LastNumber(RingId ring) const = 0;
  // The ring's file is gone: its number need not be carried on into new segments. Heard only while
  // nothing is buffered, that is after a Sync; the header's room for rings bounds what is left.
  virtual void Forget(RingId ring) = 0;

  // When the next checkpoint or rotation is due, so that an idle writer can sleep.
  virtual int64_t NextTickUs() const = 0;
  virtual uint64_t last_seq() const = 0;
  // What a person should know, once each: a lineage that was begun and why, a torn line that was
  // cut, a generated root key. Emptied by the call.
  virtual std::vector<std::string> TakeNotices() = 0;
};

// Makes the directory (0750; parents must exist) when it is not there. kUnavailable: cannot, or
// what is there is no directory of its own (a link, a file).
Status PrepareDirectory(const std::string& directory, FileSystem* fs);

}  // namespace kt::audit
