#include "core/session/growing_texts.h"

#include <algorithm>

namespace kt::session {

std::vector<SpanEdit> GrowingText::EditsTo(size_t end) {
  const size_t cleared = left_ ? std::min(end, lane_.cleared()) : end;
  if (taken_ < cleared) {
    std::vector<SpanEdit> found;
    lane_.TakeEdits(taken_, cleared, &found);
    for (SpanEdit& edit : found) {
      edit.begin += taken_;
      edit.end += taken_;
      edits_.push_back(std::move(edit));
    }
    taken_ = cleared;
  }
  std::vector<SpanEdit> edits;
  for (const SpanEdit& edit : edits_) {
    if (edit.begin >= cleared) break;
    edits.push_back(edit);
    edits.back().end = std::min(edit.end, cleared);
  }
  if (cleared < end) edits.push_back({cleared, end, ""});
  return edits;
}

std::optional<policy::Block> GrowingTexts::Judge(policy::ChainRun& chain,
                                                 Placeholders& placeholders,
                                                 const openai::Segment& segment, uint32_t choice,
                                                 std::string_view text, bool buffered,
                                                 std::shared_ptr<GrowingText>* known) {
  std::shared_ptr<GrowingText>& present = texts_[segment.lane];
  // The events repeat all of it, so that comparing all of it costs no more than reading them did.
  if (present == nullptr || !text.starts_with(present->seen_)) {
    if (present != nullptr) {
      present->left_ = true;
      held_bytes_ -= present->seen_.size();
    }
    present = std::make_shared<GrowingText>(segment, choice);
  }
  *known = present;
  const std::string_view fresh = text.substr(present->seen_.size());
  if (fresh.empty()) return std::nullopt;
  present->seen_.append(fresh);
  held_bytes_ += fresh.size();
  present->lane_.Append(fresh);
  return buffered ? std::nullopt : present->lane_.Judge(chain, placeholders, false);
}

std::optional<policy::Block> GrowingTexts::End(policy::ChainRun& chain, Placeholders& placeholders,
                                               std::optional<uint32_t> choice) {
  for (auto& [key, text] : texts_) {
    if (choice && text->lane_.choice() != *choice) continue;
    if (auto block = text->lane_.Judge(chain, placeholders, true)) return block;
  }
  return std::nullopt;
}

void GrowingTexts::AppendLanes(std::vector<Lane*>* lanes) const {
  for (const auto& [key, text] : texts_) lanes->push_back(&text->lane_);
}

}  // namespace kt::session
