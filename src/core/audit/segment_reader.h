// The lines of a segment file, one after the other, through one bounded buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/audit/file_system.h"
#include "core/base/status.h"

namespace kt::audit {

class SegmentReader {
 public:
  static constexpr size_t kPadding = 64;  // readable bytes behind each line

  // Reads bytes [offset, end) of `fd`, which must outlive the reader.
  SegmentReader(FileSystem* fs, int fd, uint64_t end, uint64_t offset = 0);

  enum class Outcome : uint8_t {
    kLine,
    kEnd,
    kTorn,     // the last bytes have no newline
    kTooLong,  // a line of kMaxLineBytes or more; nothing is read behind it
    kFailed,   // error() says why
  };
  // The next line, without its newline, valid until the next call.
  Outcome Next(std::string_view* line);

  uint64_t begin() const noexcept { return begin_; }              // offset of the last line
  uint64_t end() const noexcept { return end_; }                  // offset behind its newline
  uint64_t line_number() const noexcept { return line_number_; }  // 1-based
  Status error() const { return error_; }

 private:
  // More bytes behind those in the buffer; false at the end of the file or on failure.
  bool Fill();

  FileSystem* fs_;
  int fd_;
  uint64_t limit_;
  std::string buffer_;
  size_t from_ = 0, filled_ = 0;  // what of the buffer is still to be given out
  size_t searched_ = 0;           // of that, bytes without a newline
  uint64_t read_ = 0, begin_ = 0, end_ = 0, line_number_ = 0;
  Status error_;
};

}  // namespace kt::audit
