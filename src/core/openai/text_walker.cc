#include "core/openai/text_walker.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/openai/roles.h"
#include "core/openai/shapes.h"

namespace kt::openai {

using json::Kind;
using json::NodeIndex;

namespace {

// Numbers, booleans and null say nothing that is judged.
bool HoldsText(Kind kind) noexcept {
  return kind == Kind::kString || kind == Kind::kArray || kind == Kind::kObject;
}

}  // namespace

void TextWalker::WalkRoot(Context context) {
  if (view_.empty()) return;
  Place place;
  place.context = context;
  place.role = mode_ == Mode::kRequest ? Role::kUser : Role::kAssistant;
  Visit(0, place);
}

void TextWalker::Visit(NodeIndex i, const Place& place) {
  const json::Node& node = view_.node(i);
  if (place.field == Field::kLogprobs && mode_ != Mode::kRequest) {
    const bool empty =
        node.kind == Kind::kNull || (node.kind == Kind::kArray && node.after == i + 1);
    if (empty) return;
    if (found_.logprobs != nullptr) found_.logprobs->push_back({i, choice_});
    const std::string_view named = place.rule->state_or_media;
    // The alternatives in logprobs are no part of any text.
    AddUnscanned(named.empty() ? std::string_view("logprobs") : named);
    return;
  }
  switch (node.kind) {
    case Kind::kString:
      VisitString(i, place);
      break;
    case Kind::kArray:
      VisitArray(i, place);
      break;
    case Kind::kObject:
      VisitObject(i, place);
      break;
    default:
      break;
  }
}

void TextWalker::VisitArray(NodeIndex i, const Place& place) {
  const NodeIndex end = view_.node(i).after;
  bool tokens = false;
  Place element = place;
  if (HoldsParts(place.context) && place.group == 0) {
    element.group = place.lane != 0 ? place.lane : uint64_t{i} + 1;
  } else if (place.context == Context::kItem && mode_ != Mode::kRequest) {
    element.group = uint64_t{i} + 1;  // of the messages of an answer
  }
  for (NodeIndex child = i + 1; child < end; child = view_.node(child).after) {
    const json::Node& node = view_.node(child);
    if (node.kind == Kind::kNumber) {
      tokens = true;
      continue;
    }
    if (place.lane != 0) {
      // Tool calls say which one they go on with; their place in the array does not. Parts that do
      // not say it go on with what came as a plain string.
      const NodeIndex index = view_.Find(child, "index");
      if (!IsSoundIndex(index)) numbering_ = Numbering::kUnsound;
      if (place.context == Context::kToolCall && !place.growing) NoteCall(index);
      const bool goes_on = index == json::kNoNode && place.context == Context::kPart &&
                           !place.parts && !place.growing;
      element.lane =
          goes_on ? place.lane : MixLane(place.lane, view_.Unsigned(index, node.position));
    }
    Visit(child, element);
  }
  if (tokens && place.field == Field::kPrompt) AddUnscanned("tokens");
}

void TextWalker::NoteCall(NodeIndex index) {
  const bool given = index != json::kNoNode && view_.node(index).kind != Kind::kNull;
  const Numbering own = given ? Numbering::kIndex : Numbering::kSingle;
  const bool agrees = call_numbering_ == Numbering::kNone || call_numbering_ == own;
  call_numbering_ = agrees ? own : Numbering::kUnsound;
}

// One that a client counts by, or none.
bool TextWalker::IsSoundIndex(NodeIndex index) const noexcept {
  return index == json::kNoNode || view_.node(index).kind == Kind::kNull ||
         view_.Unsigned(index, UINT32_MAX) != UINT32_MAX;
}

// What must be known of an object before its members are read; returns the role of its strings.
Role TextWalker::EnterObject(NodeIndex i, const Place& place) {
  if (mode_ == Mode::kRequest) {
    if (place.context == Context::kMessage) return MessageRole(view_, i);
    if (place.context != Context::kItem) return place.role;
    if (view_.Equals(view_.Find(i, "type"), "item_reference")) {
      stateful_ = true;
      AddUnscanned("item_reference");
    }
    return ItemRole(view_, i);
  }
  const json::Node& node = view_.node(i);
  if (place.context == Context::kChoice) {
    const NodeIndex index = view_.Find(i, "index");
    choice_ = view_.Unsigned(index, node.position);
    if (found_.choices != nullptr) NoteChoice(i, index);
  } else if (place.context == Context::kItem && node.key_end == 0) {
    choice_ = node.position;  // an element of `output`
  }
  return place.role;
}

void TextWalker::NoteChoice(NodeIndex i, NodeIndex index) {
  const bool given = index != json::kNoNode && view_.node(index).kind != Kind::kNull;
  const Numbering own = given ? Numbering::kIndex : Numbering::kSingle;
  const bool agrees = numbering_ == Numbering::kNone || (given && numbering_ == own);
  numbering_ = agrees && IsSoundIndex(index) ? own : Numbering::kUnsound;
  if (found_.choices->empty() || found_.choices->back() != choice_) {
    found_.choices->push_back(choice_);
  }
  const NodeIndex reason = view_.Find(i, "finish_reason");
  // Some providers say "" in every event but the last.
  if (reason != json::kNoNode && view_.node(reason).kind == Kind::kString && !IsEmpty(reason)) {
    found_.finished->push_back(choice_);
  }
}

std::string_view TextWalker::StateOrMedia(const Place& place) const noexcept {
  // The bytes of a delta of `responses` are sound.
  const bool delta = place.rule == nullptr || (place.rule->flags & kLaneFlag) != 0;
  if (delta && place.field == Field::kMediaBytes) return "audio";
  return place.rule != nullptr ? place.rule->state_or_media : std::string_view();
}

void TextWalker::VisitObject(NodeIndex i, const Place& place) {
  Place object = place;
  object.role = EnterObject(i, place);
  const bool own_text = mode_ != Mode::kRequest && place.context == Context::kItem &&
                        !place.parts && !view_.Equals(view_.Find(i, "type"), "message");
  if (own_text) object.group = 0;  // reasoning, a call
  const NodeIndex end = view_.node(i).after;
  for (NodeIndex member = i + 1; member < end; member = view_.node(member).after) {
    const json::Node& node = view_.node(member);
    std::string_view key = view_.RawKey(member);
    if (node.key_escaped) {
      view_.DecodeKey(member, &decoded_);
      key = decoded_.text();
    }
    const Rule* rule = FindRule(object.context, key);
    if (rule == nullptr || rule->key == "*") AddKey(member, object.role);
    if (rule == nullptr) NoteSpelling(object.context, key);
    if (HoldsText(node.kind) || (rule != nullptr && rule->field == Field::kLogprobs)) {
      Visit(member, PlaceOf(object, rule, key));
    }
  }
}

void TextWalker::NoteSpelling(Context context, std::string_view key) {
  constexpr size_t kLongest = 64;
  // Their keys are the user's words.
  if (context == Context::kSchema || context == Context::kDocument || key.size() > kLongest) return;
  const auto may_fold = [](char c) { return IsUpper(c) || static_cast<unsigned char>(c) >= 0x80; };
  if (std::none_of(key.begin(), key.end(), may_fold)) return;
  const std::string folded = FoldKey(key);
  if (folded == key) return;
  const Rule* meant = FindRule(context, folded);
  if (meant != nullptr && misspelt_key_.empty()) misspelt_key_ = meant->key;
}

std::string_view TextWalker::Value(NodeIndex i) {
  const json::Node& node = view_.node(i);
  if (!node.escaped) return view_.text().substr(node.begin + 1, node.end - node.begin - 2);
  view_.Decode(i, &decoded_);
  return decoded_.text();
}

void TextWalker::VisitString(NodeIndex i, const Place& place) {
  if (!IsEmpty(i) && !IsOpaque(i, place)) Add(i, place);
}

bool TextWalker::IsEmpty(NodeIndex string) const noexcept {
  const json::Node& node = view_.node(string);
  return node.end - node.begin == 2;
}

// What comes back may be short: a stream has its sound in pieces.
bool TextWalker::IsMediaBytes(std::string_view what, std::string_view value) const noexcept {
  if (what == "image") return IsBase64Image(value);
  return mode_ == Mode::kRequest ? IsBase64Sound(value) : IsBase64(value);
}

bool TextWalker::IsOpaque(NodeIndex i, const Place& place) {
  switch (place.field) {
    case Field::kText:
    case Field::kPrompt:
    case Field::kArguments:
    case Field::kName:
    case Field::kIdentifier:
    case Field::kLogprobs:
      return false;
    case Field::kToolChoice:
      return IsToolChoiceWord(Value(i));
    case Field::kWord:
      return IsWord(Value(i));
    case Field::kRole:
      return IsKnownRole(Value(i));
    case Field::kId:
      return IsId(Value(i));
    case Field::kModel:
      return IsModelName(Value(i));
    case Field::kSealed:
      return IsBase64(Value(i));
    case Field::kState:
      if (mode_ == Mode::kRequest) {
        stateful_ = true;
        AddUnscanned(StateOrMedia(place));
      }
      return IsId(Value(i));
    case Field::kMediaUrl:
    case Field::kMediaBytes:
    case Field::kFileBytes:
      break;
  }
  const std::string_view value = Value(i);
  std::string_view kind = MediaKind(value);
  if (kind.empty() && place.field == Field::kMediaBytes) {
    const std::string_view what = StateOrMedia(place);
    if (IsMediaBytes(what, value)) kind = what;
  }
  if (kind.empty() && place.field == Field::kFileBytes && IsBase64Document(value)) kind = "file";
  if (kind.empty()) return false;
  AddUnscanned(kind);
  content_ = content_ || place.content;
  return true;
}

void TextWalker::Add(NodeIndex i, const Place& place) {
  const json::Node& node = view_.node(i);
  Segment segment;
  segment.node = i;
  segment.role = place.role;
  segment.in_error = place.in_error;
  if (!place.parts || place.part_text) {
    segment.lane = place.lane;
    segment.group = place.group != 0 ? place.group : place.lane;
    segment.repeated = place.parts && repeated_;
    segment.growing = place.growing;
    const bool apart = place.parts ? !repeated_ : !place.piece && !place.growing;
    segment.apart = place.lane != 0 && apart;
  }
  switch (place.field) {
    case Field::kName:
      segment.text_class = TextClass::kIdentifier;
      break;
    case Field::kIdentifier:
    case Field::kToolChoice:
      segment.text_class = TextClass::kIdentifier;
      segment.replaceable = false;
      break;
    case Field::kArguments:
      segment.json_inside = true;
      break;
    default:
      break;
  }
  if (segment.text_class != TextClass::kText || segment.json_inside) segment.group = segment.lane;
  text_bytes_ += node.end - node.begin - 2;
  content_ = content_ || place.content;
  found_.segments->push_back(segment);
}

void TextWalker::AddKey(NodeIndex i, Role role) {
  const json::Node& node = view_.node(i);
  if (node.key_end - node.key_begin == 2) return;
  Segment segment;
  segment.node = i;
  segment.is_key = true;
  segment.text_class = TextClass::kIdentifier;
  segment.role = role;
  segment.replaceable = false;
  text_bytes_ += node.key_end - node.key_begin - 2;
  found_.segments->push_back(segment);
}

void TextWalker::AddUnscanned(std::string_view what) {
  std::vector<std::string>& unscanned = *found_.unscanned;
  if (std::find(unscanned.begin(), unscanned.end(), what) == unscanned.end()) {
    unscanned.emplace_back(what);
  }
}

}  // namespace kt::openai
