// The records of a log, oldest first, for those who count and copy them. Judges nothing: that is
// verify's task. Lines that the log itself wrote, and what does not count, are left out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/file_system.h"
#include "core/audit/segment.h"
#include "core/audit/segment_reader.h"

namespace kt::audit {

class LogRecords {
 public:
  // `since_us`: segments that ended before are not read.
  static Result<LogRecords> Open(const std::string& directory, FileSystem* fs,
                                 std::optional<int64_t> since_us);

  // The next record; false at the end. Its line (without newline) and parser() are valid until the
  // next call. Lines that are no JSON of the log's form are counted and skipped.
  Result<bool> Next(std::string_view* line);
  const LineParser& parser() const noexcept { return *parser_; }
  uint64_t unreadable() const noexcept { return unreadable_; }

 private:
  LogRecords() = default;
  Result<bool> NextSegment();

  FileSystem* fs_ = nullptr;
  Fd directory_, file_;
  std::vector<SegmentName> names_;
  size_t next_ = 0;
  std::unique_ptr<SegmentReader> reader_;
  std::unique_ptr<LineParser> parser_ = std::make_unique<LineParser>();
  uint64_t unreadable_ = 0;
};

// The bytes of `name` that count, by the header of the segment behind it.
uint64_t CountedBytes(FileSystem* fs, int directory, const SegmentName& next);

}  // namespace kt::audit
