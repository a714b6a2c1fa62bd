// The headers of all segments: a chain of signatures from the root key on, checked before the
// records are.
#pragma once

#include <string>
#include <vector>

#include "core/audit/file_system.h"
#include "core/audit/segment.h"
#include "core/audit/verify.h"

namespace kt::audit {

struct SegmentInfo {
  SegmentName name;
  SegmentHeader header;
  ChainHead head;  // of the header's line
  Hex32 prev;
  uint64_t line_bytes = 0, file_bytes = 0;
};

struct HeaderChain {
  std::vector<SegmentInfo> segments;  // those whose header is in order, up to the first that is not
  Finding finding;                    // of the first that is not
  uint64_t pruned = 0;                // segments 1 to this one have only their header left
};

// Reads pruned.jsonl and the first line of each segment. Fills the report's lineages and root key.
// Not ok: nothing can be judged.
Result<HeaderChain> ReadHeaders(const VerifyOptions& options, FileSystem* fs, int directory,
                                VerifyReport* report);

}  // namespace kt::audit
