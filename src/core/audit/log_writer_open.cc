// How a writer finds its place behind what is there.
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "core/audit/log_writer_impl.h"

namespace kt::audit {

Result<std::unique_ptr<LogWriter>> LogWriter::Open(const LogOptions& options, FileSystem* fs,
                                                   int64_t now_us) {
  auto log = std::make_unique<Log>(options, fs == nullptr ? FileSystem::Real() : fs, now_us);
  if (Status status = log->Start(options.root_key); !status.ok()) return status;
  return std::unique_ptr<LogWriter>(std::move(log));
}

Status Log::TakeLock() {
  directory_ = Fd(fs_->OpenDirectory(options_.directory));
  if (!directory_.valid()) {
    return FileFailure("open the directory " + options_.directory, directory_.get());
  }
  if (const int error = fs_->Stat(directory_.get(), &directory_info_); error != 0) {
    return FileFailure("stat the directory", error);
  }
  const std::string name(kLockFile);
  lock_ = Fd(fs_->Open(directory_.get(), name, O_RDWR | O_CREAT, 0640));
  if (!lock_.valid()) return FileFailure("open " + name, lock_.get());
  FileInfo info;
  int error = fs_->Stat(lock_.get(), &info);
  if (error == 0 && !info.regular) error = EINVAL;
  if (error != 0) return FileFailure("use " + name, error);
  error = fs_->Lock(lock_.get());
  if (error == -EWOULDBLOCK) {
    return Status::Unavailable("audit log: another writer holds " + options_.directory);
  }
  return error == 0 ? Status::Ok() : FileFailure("lock " + name, error);
}

Status Log::ReadNewest(std::vector<SegmentName>* segments, SegmentState* newest, Fd* fd) {
  std::vector<std::string> files;
  if (const int error = fs_->List(directory_.get(), &files); error != 0) {
    return FileFailure("list the directory", error);
  }
  for (const std::string& file : files) {
    if (file.starts_with("audit-") && file.ends_with(".new")) fs_->Unlink(directory_.get(), file);
  }
  *segments = SegmentsOf(files);
  if (segments->empty()) return Status::NotFound("audit log: no segment yet");
  const std::string name = segments->back().File();
  Result<Fd> opened = OpenRegular(fs_, directory_.get(), name, O_RDWR | O_APPEND);
  // A link or a FIFO is no damage: once it is taken away, the log goes on.
  if (!opened.ok()) return Status::Unavailable(opened.status().message());
  *fd = std::move(opened).value();
  Result<SegmentState> state = ReadSegment(fs_, fd->get());
  if (!state.ok()) return state.status();
  *newest = std::move(state).value();
  return Status::Ok();
}

void Log::Adopt(const SegmentState& newest, const SegmentName& name) {
  number_ = name.number;
  number_lineage_ = name.lineage;
  segment_begun_us_ = newest.header.ts_us;
  durable_bytes_ = newest.bytes;
  head_ = durable_head_ = newest.head;
  for (const auto& [ring, number] : newest.rings) rings_[ring] = {number, newest.head.seq};
  const bool whole = newest.bytes == newest.file_bytes;
  closed_ = whole && newest.ends_sealed && newest.last_checkpoint.has_value();
}

Result<std::string> Log::MatchKeys(Result<KeysState> keys, const SegmentState& newest) {
  if (!keys.ok()) {
    if (keys.status().code() == StatusCode::kNotFound) return std::string("key_missing");
    if (keys.status().code() == StatusCode::kInvalidArgument) return std::string("key_unreadable");
    return keys.status();
  }
  keys_ = std::move(keys).value();
  if (keys_.lineage != number_lineage_) return std::string("key_missing");
  // A lineage whose first header was placed just before a crash: none of these keys signed it.
  if (newest.header.begins_lineage && newest.header.segment == keys_.segment + 1) {
    keys_.segment = newest.header.segment;
    keys_unsaved_ = true;
  }
  // A line that was signed just before a crash: its key is used up, the next one stands ready.
  if (newest.header.segment == keys_.segment + 1 &&
      newest.header.key == keys_.segment_key.public_hex()) {
    if (Status status = keys_.AdvanceSegment(); !status.ok()) return status;
    keys_unsaved_ = true;
  }
  if (newest.epoch() == keys_.epoch + 1 &&
      newest.epoch_key() == keys_.next_epoch_key.public_hex()) {
    if (Status status = keys_.AdvanceEpoch(); !status.ok()) return status;
    keys_unsaved_ = true;
  }
  const bool fits = newest.header.segment == keys_.segment && newest.epoch() == keys_.epoch &&
                    newest.header.next_segment_key == keys_.segment_key.public_hex() &&
                    newest.epoch_key() == keys_.epoch_key.public_hex();
  return std::string(fits ? "" : "log_behind_keys");
}

Status Log::BeginLineage(const std::string& reason, const std::string& root_key) {
  bool generated = false;
  Result<SigningKey> root = LoadRootKey(root_key, fs_, directory_.get(), &generated);
  if (!root.ok()) return root.status();
  if (root_key.empty()) {
    notices_.push_back(std::string("no root key was given: ") +
                       (generated ? "one was made" : "the one there is used") +
                       " beside the log, which proves consistency but no origin; give one by"
                       " keeptrusts_audit_key (kt: --audit-key)");
  }
  if (reason != "first") {
    notices_.push_back("a new lineage of the audit log begins: " + reason);
  }
  Result<KeysState> keys = KeysState::Generate(RandomHex(16));
  if (!keys.ok()) return keys.status();
  keys_ = std::move(keys).value();
  // The keys first: a header whose keys are lost would begin one more lineage. They count that
  // header only when it is there, so that a crash in between does not look like a deleted segment.
  keys_.segment = number_ + damaged_;
  keys_unsaved_ = true;
  if (Status status = BeginSegment(reason, &root.value()); !status.ok()) return status;
  keys_.segment = number_;
  keys_unsaved_ = true;
  return SaveKeys();
}

// The new lineage holds on to the newest segment that can be read: those behind it are not signed
// for.
Status Log::BeginBehindDamage(const std::vector<SegmentName>& segments,
                              const std::string& root_key) {
  for (auto name = segments.rbegin(); name != segments.rend(); ++name) {
    const Result<Fd> fd = OpenRegular(fs_, directory_.get(), name->File(), O_RDONLY);
    if (!fd.ok()) continue;
    const Result<SegmentState> state = ReadSegment(fs_, fd->get());
    if (!state.ok() || state->header.segment != name->number) continue;
    Adopt(state.value(), *name);
    break;
  }
  damaged_ = segments.back().number - number_;
  return BeginLineage("log_damaged", root_key);
}

Status Log::GoOn(const SegmentState& newest, const SegmentName& name, Fd fd) {
  const uint64_t rest = newest.file_bytes - newest.bytes;
  if (rest > 0 && newest.torn) {
    notices_.push_back("cut " + std::to_string(rest) + " bytes of an unfinished line off " +
                       name.File());
    if (const int error = fs_->Truncate(fd.get(), newest.bytes); error != 0) {
      return FileFailure("cut the unfinished line off " + name.File(), error);
    }
  } else if (rest > 0) {
    notices_.push_back(name.File() + " is damaged from byte " + std::to_string(newest.bytes) +
                       " on; the log goes on behind the last good line");
  }
  // Read from the cache does not mean on the disk. Sync: also that it has been cut.
  if (const int error = fs_->Sync(fd.get()); error != 0) {
    return FileFailure("sync " + name.File(), error);
  }
  if (Status status = SaveKeys(); !status.ok()) return status;
  const bool sealed = std::exchange(closed_, rest == 0 || newest.torn);
  const bool stopped = sealed && newest.last_checkpoint->reason == "stop";
  if (!stopped) return BeginSegment(sealed ? "rotated" : "restarted", nullptr);
  if (newest.header.packs != options_.packs || newest.header.host != options_.host ||
      newest.header.immutable != options_.immutable ||
      newest.header.checkpoint_seconds != options_.checkpoint_seconds ||
      newest.header.retention_days != options_.retention_days) {
    return BeginSegment("packs_changed", nullptr);
  }
  segment_ = std::move(fd);
  closed_ = false;
  next_reason_ = "write_failed";
  checkpoint_us_ = newest.last_ts_us;
  checkpoint_seq_ = newest.head.seq;
  return Status::Ok();
}

Status Log::Start(const std::string& root_key) {
  if (Status status = TakeLock(); !status.ok()) return status;
  std::vector<SegmentName> segments;
  SegmentState newest;
  Fd fd;
  Status status = ReadNewest(&segments, &newest, &fd);
  if (segments.empty()) {
    if (status.code() != StatusCode::kNotFound) return status;
    return BeginLineage("first", root_key);
  }
  const SegmentName name = segments.back();
  const bool damaged = status.code() == StatusCode::kNotFound ||  // not even a header
                       (status.ok() && newest.header.segment != name.number);
  if (damaged) return BeginBehindDamage(segments, root_key);
  if (!status.ok()) return status;
  Adopt(newest, name);
  Result<std::string> mismatch = MatchKeys(KeysState::Load(fs_, directory_.get()), newest);
  if (!mismatch.ok()) return mismatch.status();
  if (!mismatch.value().empty()) return BeginLineage(mismatch.value(), root_key);
  return GoOn(newest, name, std::move(fd));
}

}  // namespace kt::audit
