// Where a text stands: what is known of a member by its object and its key, in which lane it goes
// on and which lanes are read as one.
#include "core/openai/text_walker.h"

namespace kt::openai {

LaneKey MixLane(LaneKey lane, uint64_t value) noexcept {
  uint64_t x = (lane ^ value) * 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
  x ^= x >> 29;
  return x != 0 ? x : 1;
}

LaneKey MixLane(LaneKey lane, std::string_view key) noexcept {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return MixLane(lane, hash);
}

// Is it the text of a part that deltas go on with?
bool TextWalker::IsPartText(const Place& object, std::string_view key) const noexcept {
  const bool in_part = object.context == Context::kPart;
  return in_part && key == (object.parts ? parts_key_ : std::string_view("text"));
}

void TextWalker::SetLane(const Place& object, std::string_view key, Place* place) const {
  const bool in_part = object.context == Context::kPart;
  const bool is_text = IsPartText(object, key);
  if (object.lane != 0) {
    place->lane = is_text ? object.lane : MixLane(object.lane, key);
    place->parts = object.parts;
    place->growing = object.growing;
    place->part_text = object.part_text || is_text || (in_part && key == "refusal");
  } else if (parts_lane_ != 0 && object.context == Context::kResponsesEvent) {
    const bool root_text = key == "text" || key == "refusal";
    if (!root_text && key != "part" && key != "item") return;
    place->lane = parts_lane_;
    place->parts = true;
    place->part_text = root_text;
  }
}

// Texts of the same kind are one text where a client puts them together: those of the parts of a
// message, and of all the messages of one answer.
void TextWalker::SetGroup(const Place& object, std::string_view key, Place* place) const {
  if (object.context == Context::kResponsesEvent) {
    if (place->parts) place->group = parts_group_;
    return;
  }
  if (object.group == 0) return;
  if (HoldsParts(object.context)) {
    const bool other = key == "refusal" || key == "thinking" || key == "summary";
    if (other) place->group = MixLane(object.group, key);
    // Of an answer also {"text":{"value":…}} and {"content":…}, as some clients take them.
    const bool inner = mode_ != Mode::kRequest && (key == "content" || key == "value");
    if (key == "text" || inner || IsPartText(object, key)) place->group = object.group;
  } else if (object.context == Context::kItem) {
    if (key == "content") place->group = object.group;
    if (key == "summary" && object.parts) place->group = MixLane(object.group, key);
  }
}

TextWalker::Place TextWalker::PlaceOf(const Place& object, const Rule* rule,
                                      std::string_view key) const {
  Place place;
  place.role = object.role;
  place.content = object.content;
  place.in_error = object.in_error || (rule != nullptr && rule->child == Context::kError);
  if (object.lane != 0 || parts_lane_ != 0) SetLane(object, key, &place);
  if (object.group != 0 || place.parts) SetGroup(object, key, &place);
  if (rule == nullptr) return place;
  place.field = rule->field;
  place.context = rule->child;
  place.rule = rule;
  if (place.context == Context::kAnnotation) {  // comes as a whole, and another one in its place
    place.lane = place.group = 0;
    place.growing = place.parts = false;
  }
  place.content = place.content || (rule->flags & kContentFlag) != 0;
  place.piece = (rule->flags & kPieceFlag) != 0;
  if (mode_ == Mode::kEvent && place.lane == 0 && (rule->flags & kLaneFlag) != 0) {
    if (object.context == Context::kChoice) {
      place.lane = MixLane(MixLane(LaneKey{1}, uint64_t{choice_}), key);
      place.growing = (rule->flags & kGrowingFlag) != 0;
    } else {
      place.lane = delta_lane_;
      place.group = delta_group_;
      place.field = delta_field_;
    }
  }
  if (mode_ != Mode::kRequest) return place;
  switch (rule->role) {
    case RoleRule::kInherit:
      break;
    case RoleRule::kTool:
      place.role = Role::kTool;
      break;
    case RoleRule::kSystem:
      place.role = Role::kSystem;
      break;
    case RoleRule::kToolDefinition:
      place.role = Role::kToolDefinition;
      break;
    case RoleRule::kParameter:
      place.role = Role::kParameter;
      break;
  }
  return place;
}

}  // namespace kt::openai
