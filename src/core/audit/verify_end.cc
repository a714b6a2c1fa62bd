#include "core/audit/verify_end.h"

#include <algorithm>
#include <string>

namespace kt::audit {

KeyFit CompareKeys(const KeysState& keys, const SegmentInfo& info, uint64_t epoch,
                   const Hex32& epoch_key) {
  const bool same_lineage = keys.lineage == info.name.lineage;
  if (keys.segment > info.header.segment) return KeyFit::kAhead;
  // Keys that were made for a lineage whose first header was never written.
  if (!same_lineage) return keys.segment == info.header.segment ? KeyFit::kFit : KeyFit::kOther;
  if (keys.epoch > epoch) return KeyFit::kAhead;
  if (keys.epoch + 1 < epoch || keys.segment + 1 < info.header.segment) return KeyFit::kBehind;
  // One behind: they have signed, and were not replaced yet. A lineage's first header is no step.
  const SigningKey& next_checkpoint = keys.epoch == epoch ? keys.epoch_key : keys.next_epoch_key;
  const bool one_behind = keys.segment < info.header.segment && !info.header.begins_lineage;
  const SigningKey& next_header = one_behind ? keys.next_segment_key : keys.segment_key;
  const bool fit = next_checkpoint.public_hex() == epoch_key &&
                   next_header.public_hex() == info.header.next_segment_key;
  return fit ? KeyFit::kFit : KeyFit::kOther;
}

// What a writer that is in the middle of it, or died there, leaves behind the last line.
bool CouldBecomeNext(std::string_view unfinished, uint64_t seq, std::string_view lineage) {
  const std::string begin =
      "{\"seq\":" + std::to_string(seq) + ",\"lineage\":\"" + std::string(lineage) + "\",\"";
  const size_t common = std::min(begin.size(), unfinished.size());
  return unfinished.substr(0, common) == std::string_view(begin).substr(0, common) &&
         std::all_of(unfinished.begin(), unfinished.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

}  // namespace kt::audit
