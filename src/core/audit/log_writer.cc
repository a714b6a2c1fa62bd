#include "core/audit/log_writer.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "core/audit/log_writer_impl.h"
#include "core/audit/record.h"

namespace kt::audit {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr std::string_view kReserved[] = {"seq", "lineage", "origin", "prev", "hash", "signature"};

// The inside of a record's braces, or why it is no record. The ring is a file that a dying worker
// may have left in any state.
Result<std::string_view> MembersOf(std::string_view json, json::View* view) {
  if (json.size() > kMaxRecordBytes) return Status::InvalidArgument("a record above 16 KiB");
  // Two searches for one character each are twenty times faster than one for either.
  if (json.size() < 2 || json.front() != '{' || json.back() != '}' ||
      json.find('\n') != std::string_view::npos || json.find('\r') != std::string_view::npos) {
    return Status::InvalidArgument("a record that is no JSON object in one line");
  }
  if (Status status = view->Parse(json, 0, json::Limits{.max_depth = 12}); !status.ok()) {
    return Status::InvalidArgument("a record that is no JSON: " + status.message());
  }
  for (const std::string_view name : kReserved) {
    if (view->Find(0, name) != json::kNoNode) {
      return Status::InvalidArgument("a record with the reserved member " + std::string(name));
    }
  }
  if (view->String(view->Find(0, "event")).starts_with(kOwnEvents)) {
    return Status::InvalidArgument("a record with an event of the log's own");
  }
  return json.substr(1, json.size() - 2);
}

}  // namespace

Status PrepareDirectory(const std::string& directory, FileSystem* fs) {
  if (fs == nullptr) fs = FileSystem::Real();
  const int made = fs->MakeDirectory(directory, 0750);
  if (made != 0 && made != -EEXIST) return FileFailure("make " + directory, made);
  const Fd opened(fs->OpenDirectory(directory));
  if (!opened.valid()) return FileFailure("open the directory " + directory, opened.get());
  return Status::Ok();
}

Log::Log(const LogOptions& options, FileSystem* fs, int64_t now_us)
    : options_(options), fs_(fs), now_us_(now_us) {
  Wipe(&options_.root_key);
}

Status Log::Append(std::string_view record_json, RingId ring, uint64_t number) {
  if (ring != 0 && number <= LastNumber(ring)) return Status::Ok();
  const Result<std::string_view> members = MembersOf(record_json, &record_view_);
  if (!members.ok()) return members.status();
  if (Status status = EnsureSegment(); !status.ok()) return status;
  line_.assign(members.value());
  if (ring != 0) {
    if (!line_.empty()) line_ += ',';
    ((((line_ += "\"origin\":\"") += RingName(ring)) += '.') += std::to_string(number)) += '"';
  }
  if (!chain_.Add(keys_.lineage, line_, &head_, &buffer_)) {
    return Status::Unavailable("audit log: OpenSSL computed no hash");
  }
  if (ring != 0) {
    RingState& state = rings_[ring];
    undo_.emplace_back(ring, state);
    state = {number, head_.seq};
  }
  return Status::Ok();
}

Status Log::Sync(int64_t now_us) {
  now_us_ = now_us;
  if (Status status = EnsureSegment(); !status.ok()) return status;
  return buffer_.empty() ? Status::Ok() : Flush();
}

// A directory or file that was taken away would swallow records without an error.
Status Log::CheckInPlace() {
  FileInfo directory, segment;
  int error = fs_->StatPath(options_.directory, &directory);
  if (error != 0) return FileFailure("find the directory " + options_.directory, error);
  if (directory.inode != directory_info_.inode || directory.device != directory_info_.device) {
    return Status::Unavailable("audit log: the directory " + options_.directory + " was replaced");
  }
  error = fs_->Stat(segment_.get(), &segment);
  if (error != 0) return FileFailure("stat the segment", error);
  const std::string name = SegmentName{number_, number_lineage_}.File();
  FileInfo named;
  const bool there = fs_->StatPath(options_.directory + "/" + name, &named) == 0;
  if (!there || named.inode != segment.inode || named.device != segment.device ||
      segment.links != 1 || segment.size != durable_bytes_) {
    return Status::Unavailable("audit log: somebody else removed or changed the segment " + name);
  }
  return Status::Ok();
}

Status Log::Flush() {
  Status status = CheckInPlace();
  if (status.ok()) status = WriteAll(fs_, segment_.get(), buffer_, "write");
  if (status.ok()) {
    const int error = fs_->DataSync(segment_.get());
    if (error != 0) status = FileFailure("sync", error);
  }
  if (!status.ok()) {
    GiveUpSegment();
    return status;
  }
  durable_bytes_ += buffer_.size();
  durable_head_ = head_;
  buffer_.clear();
  undo_.clear();
  return Status::Ok();
}

// After a failed write or sync nobody knows what is on the disk behind the last confirmed byte, and
// a second sync of the same file would say nothing of it (the kernel reports an error once).
void Log::GiveUpSegment() {
  if (segment_.valid()) {
    fs_->Truncate(segment_.get(), durable_bytes_);
    segment_.Reset();
  }
  closed_ = false;
  next_reason_ = "write_failed";
  head_ = durable_head_;
  buffer_.clear();
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) rings_[it->first] = it->second;
  undo_.clear();
}

Status Log::EnsureSegment() {
  return segment_.valid() ? Status::Ok() : BeginSegment(next_reason_, nullptr);
}

Status Log::SaveKeys() {
  if (!keys_unsaved_) return Status::Ok();
  Status status = keys_.Save(fs_, directory_.get());
  keys_unsaved_ = !status.ok();
  return status;
}

// The key file must be at most one step behind: nothing is signed while it could not be replaced.
Status Log::SignCheckpoint(std::string_view reason) {
  if (Status status = SaveKeys(); !status.ok()) return status;
  Checkpoint checkpoint;
  checkpoint.ts_us = now_us_;
  checkpoint.segment = number_;
  checkpoint.epoch = keys_.epoch;
  checkpoint.reason = reason;
  checkpoint.key = keys_.epoch_key.public_hex();
  checkpoint.next_key = keys_.next_epoch_key.public_hex();
  if (!chain_.AddSigned(keys_.lineage, checkpoint.Members(), keys_.epoch_key, kCheckpointContext,
                        &head_, &buffer_)) {
    return Status::Unavailable("audit log: OpenSSL made no signature");
  }
  if (Status status = Flush(); !status.ok()) return status;
  checkpoint_us_ = now_us_;
  checkpoint_seq_ = head_.seq;
  if (Status status = keys_.AdvanceEpoch(); !status.ok()) {
    GiveUpSegment();
    return status;
  }
  keys_unsaved_ = true;
  return SaveKeys();
}

std::string Log::HeaderMembers(const std::string& reason, const SigningKey* root) const {
  SegmentHeader header;
  header.ts_us = now_us_;
  header.segment = number_ + damaged_ + 1;
  header.reason = reason;
  header.begins_lineage = root != nullptr;
  header.previous = {number_, number_lineage_, durable_bytes_, closed_};
  header.host = options_.host;
  header.packs = options_.packs;
  header.immutable = options_.immutable;
  header.checkpoint_seconds = options_.checkpoint_seconds;
  header.retention_days = options_.retention_days;
  std::vector<std::pair<uint64_t, RingId>> newest_first;
  for (const auto& [ring, state] : rings_) newest_first.emplace_back(state.seq, ring);
  std::sort(newest_first.rbegin(), newest_first.rend());
  newest_first.resize(std::min(newest_first.size(), kMaxRings));
  for (const auto& [seq, ring] : newest_first) header.rings[ring] = rings_.at(ring).number;
  header.epoch = keys_.epoch;
  header.key = (root != nullptr ? *root : keys_.segment_key).public_hex();
  header.next_segment_key =
      (root != nullptr ? keys_.segment_key : keys_.next_segment_key).public_hex();
  header.epoch_key = keys_.epoch_key.public_hex();
  return header.Members();
}

// A new segment is there with its header, or not at all.
Status Log::PlaceSegment(const std::string& name, std::string_view bytes) {
  const std::string temporary = name + ".new";
  fs_->Unlink(directory_.get(), temporary);
  Fd fd(fs_->Open(directory_.get(), temporary, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0640));
  if (!fd.valid()) return FileFailure("create " + temporary, fd.get());
  Status status = WriteAll(fs_, fd.get(), bytes, "write " + temporary);
  int error = 0;
  if (status.ok() && (error = fs_->Sync(fd.get())) != 0) {
    status = FileFailure("sync " + temporary, error);
  }
  std::string placed = temporary;
  if (status.ok()) {
    error = fs_->Rename(directory_.get(), temporary, name);
    if (error == 0) placed = name;
    if (error == 0) error = fs_->Sync(directory_.get());
    if (error != 0) status = FileFailure("place " + name, error);
  }
  if (!status.ok()) {
    fs_->Unlink(directory_.get(), placed);
    return status;
  }
  segment_ = std::move(fd);
  return Status::Ok();
}

Status Log::BeginSegment(const std::string& reason, const SigningKey* root) {
  if (Status status = SaveKeys(); !status.ok()) return status;
  std::string bytes;
  ChainHead head = durable_head_;
  const bool made = chain_.AddSigned(
      keys_.lineage, HeaderMembers(reason, root), root != nullptr ? *root : keys_.segment_key,
      root != nullptr ? kLineageContext : kSegmentContext, &head, &bytes);
  if (!made) return Status::Unavailable("audit log: OpenSSL made no signature");
  const std::string name = SegmentName{number_ + damaged_ + 1, keys_.lineage}.File();
  if (Status status = PlaceSegment(name, bytes); !status.ok()) return status;
  number_ += damaged_ + 1;
  damaged_ = 0;
  number_lineage_ = keys_.lineage;
  segment_begun_us_ = now_us_;
  durable_bytes_ = bytes.size();
  closed_ = false;
  next_reason_ = "write_failed";
  head_ = durable_head_ = head;
  checkpoint_us_ = now_us_;
  checkpoint_seq_ = head.seq;
  if (root != nullptr) return Status::Ok();
  keys_unsaved_ = true;
  if (Status status = keys_.AdvanceSegment(); !status.ok()) {
    GiveUpSegment();
    return status;
  }
  return SaveKeys();
}

Status Log::Rotate(const std::string& reason) {
  if (Status status = SignCheckpoint("rotate"); !status.ok()) return status;
  closed_ = true;
  next_reason_ = reason;
  segment_.Reset();
  return BeginSegment(reason, nullptr);
}

Status Log::Tick(int64_t now_us) {
  if (Status status = Sync(now_us); !status.ok()) return status;
  if (Status status = SaveKeys(); !status.ok()) return status;
  const int64_t age_us = now_us_ - segment_begun_us_;
  if (durable_bytes_ >= options_.segment_bytes ||
      age_us >= static_cast<int64_t>(options_.segment_seconds) * kSecond) {
    if (Status status = Rotate("rotated"); !status.ok()) return status;
  }
  // A clock that has gone back is due too: it would put the next checkpoint off for long.
  const int64_t since_us = now_us_ - checkpoint_us_;
  if (since_us >= static_cast<int64_t>(options_.checkpoint_seconds) * kSecond || since_us < 0) {
    if (Status status = CheckInPlace(); !status.ok()) {
      GiveUpSegment();
      return status;
    }
    if (Status status = SignCheckpoint("interval"); !status.ok()) return status;
  }
  return now_us_ >= retention_us_ ? Prune() : Status::Ok();
}

Status Log::Close(int64_t now_us) {
  if (Status status = Sync(now_us); !status.ok()) return status;
  return SignCheckpoint("stop");
}

uint64_t Log::LastNumber(RingId ring) const {
  const auto it = rings_.find(ring);
  return it == rings_.end() ? 0 : it->second.number;
}

void Log::Forget(RingId ring) {
  if (undo_.empty()) rings_.erase(ring);
}

int64_t Log::NextTickUs() const {
  const int64_t checkpoint =
      checkpoint_us_ + static_cast<int64_t>(options_.checkpoint_seconds) * kSecond;
  const int64_t rotation =
      segment_begun_us_ + static_cast<int64_t>(options_.segment_seconds) * kSecond;
  return std::min(checkpoint, rotation);
}

}  // namespace kt::audit
