#include "core/audit/writer.h"

#include <sys/stat.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "core/audit/chain.h"
#include "core/base/timestamp.h"

namespace kt::audit {
namespace {

constexpr uint64_t kBatchMs = 10;    // how long records gather before a sync
constexpr uint64_t kIdleMs = 1000;   // rounds without a bell: dead workers, checkpoints
constexpr uint64_t kWaitMs = 50;     // between looks whether the log is free
constexpr uint64_t kFailedMs = 200;  // between tries after a failure
constexpr uint64_t kCrowded = 4;     // a ring that is fuller than one quarter does not wait
// Of one sync: bounds the memory, and how long a ring with a full batch waits for the others.
constexpr size_t kMaxBatchBytes = 4 * 1024 * 1024;

std::string Hex(uint64_t id) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016" PRIx64, id);
  return digits;
}

// An event of the gateway's own, which belongs to no request.
std::string GapRecord(int64_t now_us, const RingReader& ring, uint64_t dropped,
                      std::string_view why) {
  return "{\"ts\":\"" + FormatTimestamp(now_us) + "\",\"event\":\"" + std::string(kGapEvent) +
         "\",\"reason\":\"" + std::string(why) + "\",\"ring\":\"" + Hex(ring.id()) +
         "\",\"dropped\":" + (dropped > 0 ? std::to_string(dropped) : "null") + "}";
}

}  // namespace

Writer::Writer(WriterOptions options, FileSystem* fs)
    : options_(std::move(options)), fs_(fs), locks_(options_.ring_directory) {}

Writer::~Writer() = default;

uint64_t Writer::Run(int64_t now_us) {
  now_us_ = now_us;
  if (log_ == nullptr && !TakeLog(now_us)) return failing_ ? kFailedMs : kWaitMs;
  bell_.Clear();
  if (rescan_ || now_us - scanned_us_ >= static_cast<int64_t>(kIdleMs) * 1000) {
    FindRings();
    Reclaim(now_us);
    scanned_us_ = now_us;
    rescan_ = false;
  }
  bool drained = false;
  if (!Drain(&drained) || !Commit(now_us)) return kFailedMs;
  if (now_us >= log_->NextTickUs()) {
    if (Status ticked = log_->Tick(now_us); !ticked.ok()) return Failed(ticked);
  }
  for (std::string& text : log_->TakeNotices()) Say(Level::kWarning, std::move(text));
  if (drained) return kBatchMs;
  return FallAsleep() ? kIdleMs : 0;
}

uint64_t Writer::OnBell() {
  bell_.Clear();
  rescan_ = true;  // it may be a ring that we have not seen
  if (log_ == nullptr) return kWaitMs;
  if (failing_) return kFailedMs;
  for (const auto& [name, source] : rings_) {
    if (!source.reader) continue;
    if (source.reader->Urgent() || source.reader->CrowdedBeyond(kCrowded)) return 0;
  }
  return kBatchMs;
}

bool Writer::MayLeave() {
  if (log_ == nullptr || locks_.SuccessorWaits()) return true;
  FindRings();
  Reclaim(now_us_);
  // What cannot be written now stays in the rings for the next writer; only workers need this one.
  return std::all_of(rings_.begin(), rings_.end(),
                     [this](auto& ring) { return failing_ && ring.second.file.ProducerEnded(); });
}

void Writer::Close(int64_t now_us) {
  if (log_ != nullptr) {
    if (Status closed = log_->Close(now_us); !closed.ok()) Failed(closed);
    for (std::string& text : log_->TakeNotices()) Say(Level::kWarning, std::move(text));
  }
  log_.reset();
  rings_.clear();
  locks_.Release();
}

std::vector<Writer::Notice> Writer::TakeNotices() {
  return std::exchange(notices_, {});
}

// ---- the log -----------------------------------------------------------------------------------

bool Writer::TakeLog(int64_t now_us) {
  if (Status made = MakeRingDirectory(options_.ring_directory); !made.ok()) {
    return Failed(made), false;
  }
  const Result<bool> free = locks_.Acquire();
  if (!free.ok()) return Failed(free.status()), false;
  if (!free.value()) {
    failing_ = false;
    return false;
  }
  if (bell_.fd() < 0) {
    Result<Doorbell> bell = Doorbell::Open(options_.ring_directory);
    if (!bell.ok()) return Failed(bell.status()), false;
    bell_ = std::move(bell).value();
    ++bell_number_;
  }
  auto log = LogWriter::Open(options_.log, fs_, now_us);
  if (!log.ok()) return Failed(log.status()), false;
  log_ = std::move(log).value();
  struct stat info {};
  if (stat(options_.log.directory.c_str(), &info) == 0) {
    log_device_ = info.st_dev;
    log_inode_ = info.st_ino;
  }
  for (auto& [name, source] : rings_) {
    if (source.reader) source.reader->Rewind();
  }
  rescan_ = true;
  return true;
}

// The records stay in their rings and are read again. A log whose directory was taken away or
// replaced is opened anew.
uint64_t Writer::Failed(const Status& status) {
  for (auto& [name, source] : rings_) {
    if (!source.reader) continue;
    source.reader->Rewind();
    source.reader->TellFailed(true);
  }
  pending_ = 0;
  failing_ = true;
  SayOnce(status.message());
  struct stat info {};
  const bool same = stat(options_.log.directory.c_str(), &info) == 0 &&
                    info.st_dev == log_device_ && info.st_ino == log_inode_;
  if (log_ != nullptr && !same) {
    log_.reset();
    locks_.Release();
    bell_ = {};
    ++bell_number_;
  }
  return kFailedMs;
}

bool Writer::Commit(int64_t now_us) {
  if (!LogGaps(now_us)) return false;
  if (pending_ > 0) {
    if (Status synced = log_->Sync(now_us); !synced.ok()) return Failed(synced), false;
  }
  records_ += pending_;
  pending_ = 0;
  for (auto& [name, source] : rings_) {
    if (!source.reader) continue;
    if (const uint64_t dropped = source.gap; dropped > 0) source.reader->MarkDroppedLogged(dropped);
    source.gap = 0;
    source.reader->TellLogRecords(records_);
    source.reader->TellFailed(false);
    source.reader->Release(now_us);
  }
  if (failing_) Say(Level::kNotice, "audit writer: records are written again");
  failing_ = false;
  last_error_.clear();
  return true;
}

// ---- rings -------------------------------------------------------------------------------------

void Writer::FindRings() {
  Result<std::vector<std::string>> names = ListRings(options_.ring_directory);
  if (!names.ok()) return SayOnce(names.status().message());
  for (const std::string& name : names.value()) {
    if (rings_.contains(name)) continue;
    Result<RingFile> file = RingFile::Open(options_.ring_directory, name);
    if (!file.ok()) {
      SayOnce(file.status().message());
      continue;
    }
    Source& source = rings_[name];
    source.file = std::move(file).value();
    Result<RingReader> reader = RingReader::Open(source.file.memory());
    if (reader.ok()) {
      source.reader = std::move(reader).value();
    } else {
      Say(Level::kError, reader.status().message() + " (\"" + name + "\")");
    }
  }
}

bool Writer::Drain(bool* drained) {
  size_t budget = kMaxBatchBytes;
  for (auto& [name, source] : rings_) {
    const size_t before = budget;
    if (!DrainRing(name, &source, &budget)) return false;
    if (budget != before) *drained = true;
  }
  return true;
}

// False: the log cannot take it now.
bool Writer::DrainRing(const std::string& name, Source* source, size_t* budget) {
  if (!source->reader || source->reader->condemned()) return true;
  RingReader& reader = *source->reader;
  while (*budget > 0) {
    uint64_t number = 0;
    const Result<bool> next = reader.Next(&record_, &number);
    if (!next.ok()) return LogDamage(name, source, next.status());
    if (!next.value()) return true;
    *budget -= std::min(*budget, record_.size());
    const Status appended = log_->Append(record_, reader.id(), number);
    if (appended.code() == StatusCode::kInvalidArgument) {
      return LogDamage(name, source, appended);
    }
    if (!appended.ok()) return Failed(appended), false;
    ++pending_;
  }
  return true;
}

// What lies behind the damage is lost; the worker takes another ring, and the log says so.
bool Writer::LogDamage(const std::string& name, Source* source, const Status& why) {
  Say(Level::kError, why.message() + " (\"" + name + "\"): its unread records are lost");
  const Status told = log_->AppendEvent(GapRecord(now_us_, *source->reader, 0, "ring_damaged"));
  if (!told.ok()) return Failed(told), false;
  ++pending_;
  source->reader->Condemn();
  return true;
}

bool Writer::LogGaps(int64_t now_us) {
  for (auto& [name, source] : rings_) {
    if (!source.reader) continue;
    source.gap = source.reader->NewlyDropped();
    if (source.gap == 0) continue;
    const Status told =
        log_->AppendEvent(GapRecord(now_us, *source.reader, source.gap, "ring_full"));
    if (!told.ok()) return Failed(told), false;
    ++pending_;
  }
  return true;
}

// Rings whose producer has ended: emptied, their open requests told, and removed.
void Writer::Reclaim(int64_t now_us) {
  if (log_ == nullptr) return;
  for (auto it = rings_.begin(); it != rings_.end();) {
    auto& [name, source] = *it;
    if (!source.ended) source.ended = source.file.ProducerEnded();
    if (!source.ended) {
      ++it;
      continue;
    }
    // What it has published before it ended comes before what it has left open.
    size_t budget = SIZE_MAX;
    if (!DrainRing(name, &source, &budget) || !Commit(now_us)) return;
    if (!LogLost(&source) || !Commit(now_us)) return;
    if (Status removed = RetireRing(options_.ring_directory, name, source.whole()); !removed.ok()) {
      Failed(removed);
      return;
    }
    if (source.reader) log_->Forget(source.reader->id());
    it = rings_.erase(it);
  }
}

bool Writer::LogLost(Source* source) {
  if (!source->reader) return true;
  const std::vector<LostRequest> lost = source->reader->LostRequests();
  for (const LostRequest& request : lost) {
    const Status told = log_->Append(ToJson(request.record), source->reader->id(), request.number);
    if (!told.ok()) return Failed(told), false;
    ++pending_;
  }
  if (!lost.empty()) {
    Say(Level::kError, "audit writer: a worker ended with " + std::to_string(lost.size()) +
                           " open requests; they are recorded as gateway.worker_lost");
  }
  return true;
}

bool Writer::FallAsleep() {
  bool quiet = true;
  for (auto& [name, source] : rings_) {
    if (source.reader && !source.reader->condemned()) quiet = source.reader->BeginSleep() && quiet;
  }
  if (quiet) return true;
  for (auto& [name, source] : rings_) {
    if (source.reader) source.reader->EndSleep();
  }
  return false;
}

void Writer::SayOnce(const std::string& error) {
  if (error != last_error_) Say(Level::kError, last_error_ = error);
}

void Writer::Say(Level level, std::string text) {
  notices_.push_back({level, std::move(text)});
}

}  // namespace kt::audit
