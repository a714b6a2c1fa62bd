#include "core/audit/segment_reader.h"

#include <algorithm>
#include <cstring>

#include "core/audit/chain.h"

namespace kt::audit {
namespace {

// Headers and most segments' lines fit; longer lines make it grow.
constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kMostBytes = kReadBytes + kMaxLineBytes;

}  // namespace

SegmentReader::SegmentReader(FileSystem* fs, int fd, uint64_t end, uint64_t offset)
    : fs_(fs), fd_(fd), limit_(end), read_(offset), begin_(offset), end_(offset) {
  buffer_.resize(kReadBytes + kPadding);
}

bool SegmentReader::Fill() {
  if (from_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + from_, filled_ - from_);
    filled_ -= from_;
    from_ = 0;
  }
  if (filled_ + kPadding == buffer_.size() && filled_ < kMostBytes) {
    buffer_.resize(std::min(2 * filled_, kMostBytes) + kPadding);
  }
  const size_t room = buffer_.size() - kPadding - filled_;
  const size_t want = static_cast<size_t>(std::min<uint64_t>(room, limit_ - read_));
  if (read_ >= limit_ || want == 0) return false;
  const ssize_t n = fs_->Read(fd_, buffer_.data() + filled_, want, read_);
  if (n < 0) error_ = FileFailure("read a segment", static_cast<int>(n));
  if (n <= 0) return false;
  filled_ += static_cast<size_t>(n);
  read_ += static_cast<uint64_t>(n);
  return true;
}

SegmentReader::Outcome SegmentReader::Next(std::string_view* line) {
  begin_ = end_;
  while (true) {
    const char* start = buffer_.data() + from_;
    const size_t size = filled_ - from_;
    const void* newline = std::memchr(start + searched_, '\n', size - searched_);
    if (newline != nullptr) {
      const auto length = static_cast<size_t>(static_cast<const char*>(newline) - start);
      searched_ = 0;
      if (length >= kMaxLineBytes) return Outcome::kTooLong;
      *line = std::string_view(start, length);
      from_ += length + 1;
      end_ += length + 1;
      ++line_number_;
      return Outcome::kLine;
    }
    searched_ = size;
    if (size >= kMaxLineBytes) return Outcome::kTooLong;
    if (!Fill()) {
      if (!error_.ok()) return Outcome::kFailed;
      *line = std::string_view(buffer_).substr(from_, filled_ - from_);
      return line->empty() ? Outcome::kEnd : Outcome::kTorn;
    }
  }
}

}  // namespace kt::audit
