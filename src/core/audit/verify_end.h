// What may stand at the end of a log that is being written, or whose writer has died.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/audit/keys_state.h"
#include "core/audit/verify_headers.h"

namespace kt::audit {

enum class KeyFit : uint8_t {
  kFit,
  kAhead,   // they have signed what is not there
  kBehind,  // by more than the one step that a crash explains: an older copy
  kOther,   // another log's, or made up
};
// The keys of the key file, against the newest segment and what its last checkpoint announced.
KeyFit CompareKeys(const KeysState& keys, const SegmentInfo& newest, uint64_t epoch,
                   const Hex32& epoch_key);

// Whether bytes without a newline can be the beginning of line `seq`.
bool CouldBecomeNext(std::string_view unfinished, uint64_t seq, std::string_view lineage);

}  // namespace kt::audit
