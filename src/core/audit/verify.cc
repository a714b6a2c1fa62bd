#include "core/audit/verify.h"

#include <fcntl.h>

#include <algorithm>

#include "core/audit/file_system.h"
#include "core/audit/keys_state.h"
#include "core/audit/segment_reader.h"
#include "core/audit/verify_diagnose.h"
#include "core/audit/verify_end.h"
#include "core/audit/verify_headers.h"
#include "core/audit/verify_prunings.h"
#include "core/base/timestamp.h"

namespace kt::audit {
namespace {

constexpr int64_t kSecond = 1'000'000;

class Verifier {
 public:
  Verifier(const VerifyOptions& options, FileSystem* fs) : options_(options), fs_(fs) {}

  Result<VerifyReport> Run();

 private:
  void ReadKeyFile();
  void CheckKeyFile(const SegmentInfo& newest);
  size_t FirstToRead() const;
  Status CheckSegment(size_t index);
  Status CheckLines(size_t index, int fd, uint64_t end);
  // False: finding is set.
  bool CheckFirst(const SegmentInfo& info, bool first_read);
  bool CheckLine(std::string_view line, int fd, const SegmentReader& reader,
                 const SegmentInfo& info);
  void NameBreak(int fd, const SegmentInfo& info, const SegmentReader& reader, uint64_t last_line);
  bool CheckOwn(const Envelope& envelope, int fd, const SegmentReader& reader,
                const SegmentInfo& info);
  bool CheckUnsigned(const Envelope& envelope, const SegmentReader& reader);
  bool CheckCheckpoint(const Envelope& envelope, int fd, const SegmentReader& reader,
                       const SegmentInfo& info);
  bool CheckHead(uint64_t seq, std::string_view hash, uint64_t line);
  bool CheckClock(int64_t ts_us, uint64_t seq, uint64_t line);
  void CheckEnd(size_t index, SegmentReader::Outcome outcome, uint64_t end);
  void CheckNewest(const SegmentInfo& info, bool torn);
  void CheckPruning();
  void Report(Tampering kind, uint64_t line, uint64_t seq, std::string message);
  bool found() const { return report_.finding.kind != Tampering::kNone; }

  const VerifyOptions& options_;
  FileSystem* fs_;
  Fd directory_;
  HeaderChain headers_;
  VerifyReport report_;
  std::optional<KeysState> keys_;
  LineParser parser_;
  Sha256 sha256_;

  std::string file_;  // that is read
  ChainHead head_;    // of the last line in order
  Hex32 head_prev_;   // what that line holds on to
  uint64_t head_line_ = 0;
  uint64_t epoch_ = 0;  // of the next checkpoint
  Hex32 epoch_key_;
  int64_t last_ts_us_ = INT64_MIN;
  std::string last_reason_;
  Prunings prunings_;
  bool head_seen_ = false;
};

void Verifier::Report(Tampering kind, uint64_t line, uint64_t seq, std::string message) {
  if (!found()) report_.finding = {kind, file_, line, seq, std::move(message)};
}

// Before the log is read: what the keys have signed by now must be found in it.
void Verifier::ReadKeyFile() {
  Result<KeysState> keys = KeysState::Load(fs_, directory_.get());
  if (keys.ok()) {
    keys_ = std::move(keys).value();
  } else if (keys.status().code() != StatusCode::kNotFound) {
    report_.notes.push_back(keys.status().message() + ": it says nothing about the log's end");
  }
}

void Verifier::CheckKeyFile(const SegmentInfo& info) {
  if (!keys_) return;
  const KeyFit before = CompareKeys(*keys_, info, epoch_, epoch_key_);
  if (before == KeyFit::kFit) return;
  if (before == KeyFit::kAhead) {
    Report(Tampering::kTruncated, head_line_ + 1, head_.seq + 1,
           "the end is missing: the key file " + std::string(kKeyFile) +
               " has signed more than is there");
    return;
  }
  // The log may have gone on since that file was read: now it is at least as new as what was read.
  const Result<KeysState> now = KeysState::Load(fs_, directory_.get());
  if (!now.ok()) return;
  const KeyFit after = CompareKeys(now.value(), info, epoch_, epoch_key_);
  if (after == KeyFit::kFit || after == KeyFit::kAhead) return;
  file_ = kKeyFile;
  if (after == KeyFit::kBehind) {
    Report(Tampering::kRolledBack, 0, 0, "the key file is an older copy: the log has gone on");
  } else {
    Report(Tampering::kEdited, 0, 0, "the key file does not hold the keys that the log names");
  }
}

size_t Verifier::FirstToRead() const {
  const auto& segments = headers_.segments;
  size_t first = 0;
  for (size_t i = 1; i < segments.size() && options_.since_us; ++i) {
    if (segments[i].header.ts_us > *options_.since_us) break;
    if (options_.head && segments[i].head.seq > options_.head->seq) break;
    first = i;
  }
  return first;
}

bool Verifier::CheckHead(uint64_t seq, std::string_view hash, uint64_t line) {
  if (!options_.head || seq != options_.head->seq) return true;
  head_seen_ = true;
  if (hash == options_.head->hash) return true;
  Report(Tampering::kRolledBack, line, seq, "is not the remembered record of this number");
  return false;
}

bool Verifier::CheckClock(int64_t ts_us, uint64_t seq, uint64_t line) {
  if (last_ts_us_ != INT64_MIN && ts_us < last_ts_us_ - kClockSlackUs) {
    const std::string message = "the clock went back from " + FormatTimestamp(last_ts_us_) +
                                " to " + FormatTimestamp(ts_us);
    if (!options_.allow_clock_back) {
      Report(Tampering::kClockBack, line, seq, message);
      return false;
    }
    report_.notes.push_back("record " + std::to_string(seq) + ": " + message);
  }
  last_ts_us_ = ts_us;
  return true;
}

// The header has been checked by itself; here, that it holds on to what is before it.
bool Verifier::CheckFirst(const SegmentInfo& info, bool first_read) {
  const bool first_of_all = info.header.previous.segment == 0;
  const ChainHead before = first_of_all ? ChainHead{} : head_;
  if (first_of_all || !first_read) {
    if (info.prev != before.hash || info.head.seq != before.seq + 1) {
      const bool begins = info.header.begins_lineage;
      Report(begins ? Tampering::kSpliced : Tampering::kEdited, 1, info.head.seq,
             "the header does not hold on to the record before it");
      return false;
    }
  } else {
    report_.first_seq = info.head.seq;
  }
  if (first_of_all) report_.first_seq = info.head.seq;
  head_ = info.head;
  head_prev_ = info.prev;
  head_line_ = 1;
  epoch_ = info.header.epoch;
  epoch_key_ = info.header.epoch_key;
  last_reason_.clear();
  report_.sealed = head_;
  report_.unsealed = 0;
  ++report_.lines;
  ++report_.segments;
  report_.bytes += info.line_bytes;
  prunings_.Seal();
  return CheckHead(info.head.seq, info.head.hash, 1) &&
         CheckClock(info.header.ts_us, info.head.seq, 1);
}

bool Verifier::CheckCheckpoint(const Envelope& envelope, int fd, const SegmentReader& reader,
                               const SegmentInfo& info) {
  const auto checkpoint = Checkpoint::Read(parser_);
  const std::string message = std::string(kCheckpointContext) + std::string(envelope.hash);
  const uint64_t line = reader.line_number();
  const bool fits = checkpoint && checkpoint->key == epoch_key_ && checkpoint->epoch == epoch_ &&
                    checkpoint->segment == info.header.segment &&
                    VerifySignature(epoch_key_, message, envelope.signature);
  if (!fits) {
    const bool other = (checkpoint && checkpoint->key != epoch_key_ &&
                        VerifySignature(checkpoint->key, message, envelope.signature)) ||
                       SignedByLaterKey(fs_, fd, reader.end(), message, envelope.signature) ||
                       SignedByNewerKey({fs_, directory_.get(), headers_.segments, keys_}, info,
                                        message, envelope.signature);
    Report(other ? Tampering::kResigned : Tampering::kEdited, line, report_.sealed.seq + 1,
           other ? "not signed by the key that the checkpoint before it names, but by another"
                 : "its signature does not fit: it, or one of the records from " +
                       std::to_string(report_.sealed.seq + 1) +
                       " on, was changed and the hashes computed anew");
    return false;
  }
  ++epoch_;
  epoch_key_ = checkpoint->next_key;
  last_reason_ = checkpoint->reason;
  report_.sealed = {envelope.seq, Hex32(envelope.hash)};
  report_.unsealed = 0;
  prunings_.Seal();
  return CheckClock(checkpoint->ts_us, envelope.seq, line);
}

// What stands behind the hash is covered by nothing.
bool Verifier::CheckUnsigned(const Envelope& envelope, const SegmentReader& reader) {
  if (envelope.signature.empty()) return true;
  Report(Tampering::kEdited, reader.line_number(), envelope.seq, "a record with a signature");
  return false;
}

bool Verifier::CheckOwn(const Envelope& envelope, int fd, const SegmentReader& reader,
                        const SegmentInfo& info) {
  const std::string event = parser_.String("event");
  if (event == kCheckpointEvent) return CheckCheckpoint(envelope, fd, reader, info);
  if (event == kHeaderEvent) {
    Report(Tampering::kInserted, reader.line_number(), envelope.seq, "a header inside a segment");
    return false;
  }
  if (const auto pruned = Pruned::Read(parser_)) prunings_.Add(*pruned);
  return CheckUnsigned(envelope, reader);
}

void Verifier::NameBreak(int fd, const SegmentInfo& info, const SegmentReader& reader,
                         uint64_t last_line) {
  Finding finding =
      DiagnoseBreak(fs_, fd, {info.name.lineage, head_, head_prev_, last_line, reader.begin()});
  Report(finding.kind, finding.line, finding.seq, std::move(finding.message));
}

bool Verifier::CheckLine(std::string_view line, int fd, const SegmentReader& reader,
                         const SegmentInfo& info) {
  const auto envelope = parser_.Parse(line, SegmentReader::kPadding);
  char hash[64];
  const bool sound = envelope.ok() && sha256_.Hex(line.substr(0, envelope->hashed_bytes), hash) &&
                     std::string_view(hash, sizeof hash) == envelope->hash;
  if (!sound || envelope->seq != head_.seq + 1 || envelope->prev != head_.hash ||
      envelope->lineage != info.name.lineage) {
    NameBreak(fd, info, reader, reader.line_number() - 1);
    return false;
  }
  head_.seq = envelope->seq;
  head_.hash.assign(envelope->hash);
  head_prev_.assign(envelope->prev);
  head_line_ = reader.line_number();
  ++report_.lines;
  ++report_.unsealed;
  report_.bytes += line.size() + 1;
  last_reason_.clear();
  if (!CheckHead(head_.seq, head_.hash, head_line_)) return false;
  const json::NodeIndex event = parser_.Find("event");
  const std::string name = event != json::kNoNode ? parser_.view().String(event) : std::string();
  if (name.starts_with(kOwnEvents)) return CheckOwn(envelope.value(), fd, reader, info);
  ++report_.records;
  if (name == kGapEvent) {
    ++report_.gaps;
    report_.dropped += parser_.Number("dropped");
  }
  return CheckUnsigned(envelope.value(), reader);
}

// Nothing is left in order behind head_.
void Verifier::CheckEnd(size_t index, SegmentReader::Outcome outcome, uint64_t end) {
  const SegmentInfo& info = headers_.segments[index];
  const bool torn = outcome == SegmentReader::Outcome::kTorn;
  if (index + 1 == headers_.segments.size()) {
    if (headers_.finding.kind == Tampering::kNone) CheckNewest(info, torn);
    return;
  }
  const SegmentInfo& next = headers_.segments[index + 1];
  if (info.file_bytes < end) {
    Report(Tampering::kTruncated, head_line_ + 1, head_.seq + 1,
           "its end is missing: " + std::to_string(info.file_bytes) + " of " + std::to_string(end) +
               " bytes are left");
  } else if (next.prev != head_.hash) {
    Report(Tampering::kEdited, head_line_, head_.seq,
           "the next segment was begun behind another record: the last ones were changed and the "
           "hashes computed anew");
  } else if (info.file_bytes > end && next.header.previous.closed) {
    Report(Tampering::kInserted, head_line_ + 1, head_.seq + 1, "lines behind the segment's end");
  } else if (info.file_bytes > end) {
    report_.notes.push_back(file_ + ": " + std::to_string(info.file_bytes - end) +
                            " bytes behind the last confirmed record do not count (" +
                            next.header.reason + ")");
  }
}

void Verifier::CheckNewest(const SegmentInfo& info, bool torn) {
  report_.stopped = last_reason_ == "stop" && !torn;
  if (torn) report_.notes.push_back(file_ + ": the last line is not finished");
  CheckKeyFile(info);
  if (found() || report_.stopped) return;
  const int64_t every_us =
      static_cast<int64_t>(std::min<uint64_t>(info.header.checkpoint_seconds, 1'000'000)) * kSecond;
  const int64_t age_us = options_.now_us - last_ts_us_;
  if (age_us > 3 * every_us + 60 * kSecond) {
    Report(Tampering::kTruncated, head_line_ + 1, head_.seq + 1,
           "no checkpoint since " + FormatTimestamp(last_ts_us_) + ", though one is due every " +
               std::to_string(every_us / kSecond) +
               " s and the writer did not say that it stopped: the end is missing, or the writer "
               "died or hangs");
  }
}

Status Verifier::CheckLines(size_t index, int fd, uint64_t end) {
  const SegmentInfo& info = headers_.segments[index];
  SegmentReader reader(fs_, fd, end);
  std::string_view line;
  SegmentReader::Outcome outcome = reader.Next(&line);  // the header
  while ((outcome = reader.Next(&line)) == SegmentReader::Outcome::kLine) {
    if (!CheckLine(line, fd, reader, info)) return Status::Ok();
  }
  if (outcome == SegmentReader::Outcome::kFailed) return reader.error();
  const bool all_read = index + 1 == headers_.segments.size() || info.file_bytes <= end;
  if (!all_read && (outcome == SegmentReader::Outcome::kTorn ||
                    headers_.segments[index + 1].prev != head_.hash)) {
    // Something before has moved the segment's end to another place.
    NameBreak(fd, info, reader, reader.line_number());
    return Status::Ok();
  }
  if (outcome == SegmentReader::Outcome::kTooLong) {
    Report(Tampering::kEdited, head_line_ + 1, head_.seq + 1, "a line without end");
    return Status::Ok();
  }
  if (outcome == SegmentReader::Outcome::kTorn && all_read &&
      !CouldBecomeNext(line, head_.seq + 1, info.name.lineage)) {
    Report(Tampering::kInserted, head_line_ + 1, head_.seq + 1,
           "an unfinished line that is no beginning of the next one");
    return Status::Ok();
  }
  CheckEnd(index, outcome, end);
  return Status::Ok();
}

Status Verifier::CheckSegment(size_t index) {
  Result<Fd> fd = OpenRegular(fs_, directory_.get(), file_, O_RDONLY);
  if (!fd.ok()) return fd.status();  // its header was read a moment ago
  const bool newest = index + 1 == headers_.segments.size();
  uint64_t end = UINT64_MAX;
  if (newest) {
    // So that a head that somebody remembers does not vanish with the machine's cache.
    fs_->DataSync(fd->get());
  } else {
    end = headers_.segments[index + 1].header.previous.bytes;
  }
  return CheckLines(index, fd->get(), end);
}

void Verifier::CheckPruning() {
  if (headers_.segments.empty() || FirstToRead() != 0) return;
  const SegmentInfo& first = headers_.segments.front();
  if (first.header.previous.segment == 0) return;
  file_ = first.name.File();
  const std::string_view why = prunings_.WhyMissing(first);
  if (!why.empty()) Report(Tampering::kDeleted, 0, first.head.seq - 1, std::string(why));
}

Result<VerifyReport> Verifier::Run() {
  directory_ = Fd(fs_->OpenDirectory(options_.directory + "/."));
  if (!directory_.valid()) {
    return FileFailure("open the directory " + options_.directory, directory_.get());
  }
  ReadKeyFile();
  Result<HeaderChain> headers = ReadHeaders(options_, fs_, directory_.get(), &report_);
  if (!headers.ok()) return headers.status();
  headers_ = std::move(headers).value();
  const size_t first = FirstToRead();
  for (size_t i = first; i < headers_.segments.size() && !found(); ++i) {
    file_ = headers_.segments[i].name.File();
    if (!CheckFirst(headers_.segments[i], i == first)) break;
    if (Status status = CheckSegment(i); !status.ok()) return status;
  }
  if (!found()) report_.finding = headers_.finding;
  if (!found()) CheckPruning();
  if (!found() && options_.head && head_.seq < options_.head->seq) {
    Report(Tampering::kRolledBack, head_line_, options_.head->seq,
           "the log ends at record " + std::to_string(head_.seq) + ", before the remembered head " +
               std::to_string(options_.head->seq));
  }
  if (options_.head && !head_seen_ && !found()) {
    report_.notes.push_back("the remembered head is older than what retention has left");
  }
  report_.last_seq = head_.seq;
  report_.origin_proven = report_.whole() && !options_.root_public.empty();
  return std::move(report_);
}

}  // namespace

Result<VerifyReport> Verify(const VerifyOptions& options, FileSystem* fs) {
  constexpr int kTries = 3;
  for (int i = 1;; ++i) {
    Result<VerifyReport> report = Verifier(options, fs == nullptr ? FileSystem::Real() : fs).Run();
    // Retention may take a file away between the list and its reading, and a list that is read
    // while a segment begins may lack one.
    const bool again = report.ok() ? report->finding.kind == Tampering::kDeleted
                                   : report.status().code() == StatusCode::kNotFound;
    if (!again || i == kTries) return report;
  }
}

}  // namespace kt::audit
