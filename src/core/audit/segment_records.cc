#include "core/audit/segment_records.h"

#include <fcntl.h>

#include "core/audit/segment_recovery.h"

namespace kt::audit {

uint64_t CountedBytes(FileSystem* fs, int directory, const SegmentName& next) {
  const auto header = ReadHeader(fs, directory, next, nullptr);
  return header.ok() && header->previous.segment + 1 == next.number ? header->previous.bytes
                                                                    : UINT64_MAX;
}

Result<LogRecords> LogRecords::Open(const std::string& directory, FileSystem* fs,
                                    std::optional<int64_t> since_us) {
  LogRecords records;
  records.fs_ = fs == nullptr ? FileSystem::Real() : fs;
  records.directory_ = Fd(records.fs_->OpenDirectory(directory + "/."));
  if (!records.directory_.valid()) {
    return FileFailure("open the directory " + directory, records.directory_.get());
  }
  std::vector<std::string> files;
  const int error = records.fs_->List(records.directory_.get(), &files);
  if (error != 0) return FileFailure("list the directory " + directory, error);
  records.names_ = SegmentsOf(files);
  if (records.names_.empty()) return Status::NotFound("there is no audit log in " + directory);
  for (size_t i = 1; i < records.names_.size() && since_us; ++i) {
    const auto header =
        ReadHeader(records.fs_, records.directory_.get(), records.names_[i], nullptr);
    if (!header.ok() || header->ts_us > *since_us) break;
    records.next_ = i;
  }
  return records;
}

Result<bool> LogRecords::NextSegment() {
  reader_.reset();
  if (next_ == names_.size()) return false;
  const SegmentName& name = names_[next_++];
  Result<Fd> fd = OpenRegular(fs_, directory_.get(), name.File(), O_RDONLY);
  if (fd.status().code() == StatusCode::kNotFound) return true;  // retention was here
  if (!fd.ok()) return fd.status();
  file_ = std::move(fd).value();
  const uint64_t end =
      next_ < names_.size() ? CountedBytes(fs_, directory_.get(), names_[next_]) : UINT64_MAX;
  reader_ = std::make_unique<SegmentReader>(fs_, file_.get(), end);
  return true;
}

Result<bool> LogRecords::Next(std::string_view* line) {
  while (true) {
    if (!reader_) {
      const Result<bool> more = NextSegment();
      if (!more.ok() || !more.value()) return more;
      continue;
    }
    const SegmentReader::Outcome outcome = reader_->Next(line);
    if (outcome == SegmentReader::Outcome::kFailed) return reader_->error();
    if (outcome != SegmentReader::Outcome::kLine) {
      if (outcome == SegmentReader::Outcome::kTooLong) ++unreadable_;
      reader_.reset();
      continue;
    }
    if (!parser_->Parse(*line, SegmentReader::kPadding).ok()) {
      ++unreadable_;
      continue;
    }
    if (!parser_->String("event").starts_with(kOwnEvents)) return true;
  }
}

}  // namespace kt::audit
