// Which kind of change broke a chain: looks at the lines behind the break.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/file_system.h"
#include "core/audit/keys_state.h"
#include "core/audit/verify.h"
#include "core/audit/verify_headers.h"

namespace kt::audit {

// The last line that was in order, and where the first one that is not begins.
struct Break {
  std::string_view lineage;
  ChainHead before;     // its number and hash
  Hex32 before_prev;    // what it said of the line before it
  uint64_t line = 0;    // its line number
  uint64_t offset = 0;  // of the first line that is not in order
};

// The finding without its file. Reads at most a bounded part of `fd` from offset on.
Finding DiagnoseBreak(FileSystem* fs, int fd, const Break& at);
// A checkpoint or header whose signature is not by `key`: whether one of the keys that the lines
// behind `offset` name made it.
bool SignedByLaterKey(FileSystem* fs, int fd, uint64_t offset, std::string_view message,
                      std::string_view signature);
// The same, by the keys that later headers, the newest segment or the key file name.
struct KeysOfLog {
  FileSystem* fs;
  int directory;
  const std::vector<SegmentInfo>& segments;
  const std::optional<KeysState>& file;
};
bool SignedByNewerKey(const KeysOfLog& keys, const SegmentInfo& from, std::string_view message,
                      std::string_view signature);

}  // namespace kt::audit
