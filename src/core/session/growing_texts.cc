#include "core/session/growing_texts.h"

#include <utility>

namespace kt::session {

std::optional<policy::Block> GrowingTexts::Judge(policy::ChainRun& chain,
                                                 const Placeholders& placeholders,
                                                 const openai::Segment& segment, uint32_t choice,
                                                 std::string_view text,
                                                 std::vector<SpanEdit>* edits) {
  std::unique_ptr<Text>& known = texts_[segment.lane];
  const size_t held = known != nullptr ? known->seen.size() : 0;
  // One that does not go on is another text.
  if (known == nullptr || !text.starts_with(known->seen)) {
    known = std::make_unique<Text>(Lane(segment, choice));
  }
  const std::string_view fresh = text.substr(known->seen.size());
  known->seen.append(fresh);
  held_bytes_ = held_bytes_ - held + known->seen.size();
  if (!fresh.empty()) {
    known->lane.Append(fresh);
    if (auto block = known->lane.Judge(chain, placeholders, false)) return block;
    const size_t cleared = text.size() - known->lane.pending_bytes();
    std::vector<SpanEdit> found;
    known->lane.TakeEdits(known->cleared, cleared, &found);
    for (SpanEdit& edit : found) {
      edit.begin += known->cleared;
      edit.end += known->cleared;
      known->edits.push_back(std::move(edit));
    }
    known->cleared = cleared;
  }
  edits->insert(edits->end(), known->edits.begin(), known->edits.end());
  if (known->cleared < text.size()) edits->push_back({known->cleared, text.size(), ""});
  return std::nullopt;
}

}  // namespace kt::session
