// Whole segments that ended longer ago than retention_days go. Their headers stay in pruned.jsonl,
// since each names the key of the next; a signed record says which went.
#include <fcntl.h>

#include "core/audit/log_writer_impl.h"

namespace kt::audit {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kLookAgain = 600 * kSecond;
constexpr size_t kMaxPrunedFile = 64 << 20;

// The number of the last header in the file; 0: none.
uint64_t LastPruned(const std::string& lines) {
  if (lines.size() < 2) return 0;
  const size_t newline = lines.rfind('\n', lines.size() - 2);
  const std::string_view last =
      std::string_view(lines).substr(newline == std::string::npos ? 0 : newline + 1);
  LineParser parser;
  if (last.empty() || !parser.Parse(last.substr(0, last.size() - 1), 0).ok()) return 0;
  const auto header = SegmentHeader::Read(parser);
  return header ? header->segment : 0;
}

}  // namespace

Status Log::KeepHeaders(const std::vector<std::string>& lines, uint64_t first) {
  const std::string name(kPrunedFile);
  Result<std::string> kept = ReadFile(fs_, directory_.get(), name, kMaxPrunedFile);
  if (!kept.ok() && kept.status().code() != StatusCode::kNotFound) return kept.status();
  std::string text = kept.ok() ? std::move(kept).value() : std::string();
  const uint64_t last = LastPruned(text);
  bool changed = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (first + i <= last) continue;
    (text += lines[i]) += '\n';
    changed = true;
  }
  return changed ? ReplaceFile(fs_, directory_.get(), name, text, 0640) : Status::Ok();
}

Status Log::Prune() {
  retention_us_ = now_us_ + kLookAgain;
  std::vector<std::string> files;
  if (const int error = fs_->List(directory_.get(), &files); error != 0) {
    return FileFailure("list the directory", error);
  }
  const std::vector<SegmentName> segments = SegmentsOf(files);
  const int64_t oldest_us =
      now_us_ - static_cast<int64_t>(options_.retention_days) * 24 * 3600 * kSecond;
  std::vector<std::string> lines;
  Pruned pruned;
  std::string line, next_line;
  // A segment ends where the next one begins.
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    if (i == 0) {
      const auto header = ReadHeader(fs_, directory_.get(), segments[i], &line);
      if (!header.ok()) break;  // not ours to judge: verification names it
    }
    const auto next = ReadHeader(fs_, directory_.get(), segments[i + 1], &next_line);
    if (!next.ok() || next->ts_us > oldest_us || segments[i + 1].number != segments[i].number + 1) {
      break;
    }
    lines.push_back(std::move(line));
    line = std::move(next_line);
    pruned.ended_us = next->ts_us;
    pruned.last_segment = segments[i].number;
  }
  if (lines.empty()) return Status::Ok();
  pruned.first_segment = segments.front().number;
  pruned.ts_us = now_us_;
  pruned.retention_days = options_.retention_days;
  {
    LineParser parser;
    const auto next = parser.Parse(line, 0);
    pruned.last_seq = next.ok() ? next->seq - 1 : 0;
  }
  if (Status status = KeepHeaders(lines, pruned.first_segment); !status.ok()) return status;
  if (!chain_.Add(keys_.lineage, pruned.Members(), &head_, &buffer_)) {
    return Status::Unavailable("audit log: OpenSSL computed no hash");
  }
  // Signed and durable before the first file goes.
  if (Status status = SignCheckpoint("prune"); !status.ok()) return status;
  for (size_t i = 0; i < lines.size(); ++i) {
    int error = fs_->Unlink(directory_.get(), segments[i].File());
    if (error != 0) return FileFailure("remove " + segments[i].File(), error);
    // Each before the next: after a power failure none may be missing between others.
    error = fs_->Sync(directory_.get());
    if (error != 0) return FileFailure("sync the directory", error);
  }
  return Status::Ok();
}

}  // namespace kt::audit
