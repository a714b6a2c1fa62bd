// The writer process's work: moves records from all rings of a directory into its log.
//
// A round copies what is published, appends it to the log, makes it durable, and only then lets
// the rings go on. A kill at any point loses nothing and repeats nothing: what is published and
// not released is read again, and the log skips what it has. Rings whose worker has ended are
// emptied, each request that was open in them gets a `gateway.worker_lost` record, and their files
// are removed. One thread; all times are handed in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/audit/doorbell.h"
#include "core/audit/log_writer.h"
#include "core/audit/ring_file.h"
#include "core/audit/ring_reader.h"
#include "core/audit/writer_locks.h"

namespace kt::audit {

struct WriterOptions {
  std::string ring_directory;
  LogOptions log;
};

class Writer {
 public:
  // `fs`: the log's, see LogWriter::Open; must outlive the writer.
  explicit Writer(WriterOptions options, FileSystem* fs = nullptr);
  ~Writer();  // as a kill: without a last checkpoint, unless Close was called

  // One round. Returns in how many milliseconds the next one is due; the bell may call earlier.
  uint64_t Run(int64_t now_us);
  // The bell has rung: in how many milliseconds to call Run. Records are gathered for a moment, so
  // that one sync serves many, unless someone waits or a ring fills.
  uint64_t OnBell();
  int bell_fd() const noexcept { return bell_.fd(); }  // -1: none (yet)
  // Changes whenever bell_fd is another FIFO.
  uint64_t bell_number() const noexcept { return bell_number_; }

  bool writes() const noexcept { return log_ != nullptr; }  // this process has the log
  // At the end of the process: whether it may go, because another waits or no worker is left.
  bool MayLeave();
  // Ends the log by intent and gives the locks free.
  void Close(int64_t now_us);

  // What a person should read, each once.
  enum class Level : uint8_t { kNotice, kWarning, kError };
  struct Notice {
    Level level = Level::kNotice;
    std::string text;
  };
  std::vector<Notice> TakeNotices();

 private:
  struct Source {
    RingFile file;
    std::optional<RingReader> reader;  // none: its layout cannot be read
    bool ended = false;                // its producer
    uint64_t gap = 0;                  // dropped records that the log is being told of
    bool whole() const noexcept { return reader && !reader->condemned(); }
  };

  bool TakeLog(int64_t now_us);
  void FindRings();
  bool Drain(bool* drained);
  bool DrainRing(const std::string& name, Source* source, size_t* budget);
  bool LogGaps(int64_t now_us);
  bool LogDamage(const std::string& name, Source* source, const Status& why);
  bool Commit(int64_t now_us);
  void Reclaim(int64_t now_us);
  bool LogLost(Source* source);
  bool FallAsleep();
  uint64_t Failed(const Status& status);
  void SayOnce(const std::string& error);  // while it lasts
  void Say(Level level, std::string text);

  WriterOptions options_;
  FileSystem* fs_;
  WriterLocks locks_;
  Doorbell bell_;
  std::unique_ptr<LogWriter> log_;
  std::map<std::string, Source> rings_;
  std::vector<Notice> notices_;
  std::string last_error_, record_;
  uint64_t log_device_ = 0, log_inode_ = 0;  // of the log's directory
  int64_t scanned_us_ = 0, now_us_ = 0;
  uint64_t records_ = 0, pending_ = 0, bell_number_ = 0;
  bool rescan_ = true, failing_ = false;
};

}  // namespace kt::audit
