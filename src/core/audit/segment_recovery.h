// What a segment holds, read by a writer that goes on behind it.
#pragma once

#include <optional>
#include <string>

#include "core/audit/file_system.h"
#include "core/audit/segment.h"

namespace kt::audit {

struct SegmentState {
  SegmentHeader header;
  ChainHead head;           // of the last whole line
  uint64_t bytes = 0;       // up to and with that line
  uint64_t file_bytes = 0;  // more than `bytes`: a torn or damaged rest
  bool torn = false;        // the rest is one line without its newline
  std::optional<Checkpoint> last_checkpoint;
  bool ends_sealed = false;       // the last line is that checkpoint, or the header
  uint64_t checkpoint_bytes = 0;  // up to and with it
  int64_t last_ts_us = 0;         // of the last line that the log wrote itself
  RingNumbers rings;

  // The key and number that the next checkpoint has.
  const Hex32& epoch_key() const;
  uint64_t epoch() const;
};

// Reads as far as the lines are a chain. kNotFound: not even a header.
Result<SegmentState> ReadSegment(FileSystem* fs, int fd);
// Only the first line, and what it says.
Result<SegmentHeader> ReadHeader(FileSystem* fs, int directory, const SegmentName& name,
                                 std::string* line);

}  // namespace kt::audit
