#include "core/openai/responses_event.h"

#include <string>
#include <utility>

namespace kt::openai {
namespace {

using json::Kind;
using json::kNoNode;
using json::NodeIndex;
using json::View;

constexpr uint32_t kNoIndex = UINT32_MAX;

// Where in an answer a text stands.
struct TextPlace {
  uint32_t output = kNoIndex;
  std::string item_id;  // where there is no index
  uint32_t content = kNoIndex, summary = kNoIndex;
  uint32_t command = kNoIndex;  // of a shell call
  bool in_part = false;
};

constexpr std::string_view kShell = "response.shell_call_";
constexpr std::string_view kShellCommand = "response.shell_call_command";
constexpr std::string_view kShellCommandAdded = "response.shell_call_command.added";

bool IsArguments(std::string_view stem) noexcept {
  return stem.ends_with("arguments");
}

TextPlace PlaceOfEvent(const View& view) {
  TextPlace place;
  const NodeIndex content = view.Find(0, "content_index"), summary = view.Find(0, "summary_index");
  place.output = view.Unsigned(view.Find(0, "output_index"), kNoIndex);
  if (place.output == kNoIndex) place.item_id = view.String(view.Find(0, "item_id"));
  place.content = view.Unsigned(content, kNoIndex);
  place.summary = view.Unsigned(summary, kNoIndex);
  place.command = view.Unsigned(view.Find(0, "command_index"), kNoIndex);
  place.in_part = content != kNoNode || summary != kNoNode;
  return place;
}

// Which text of a `responses` stream an event belongs to. `stem`: its type without ".delta" or
// ".done". The output index comes first: some providers change the item id from event to event.
// What no client counts a text by keeps nothing apart: an item has its arguments once, whatever
// part an event says.
LaneKey ResponsesLane(std::string_view stem, const TextPlace& place) {
  LaneKey lane = MixLane(LaneKey{2}, stem);
  lane = place.output != kNoIndex ? MixLane(lane, place.output) : MixLane(lane, place.item_id);
  if (IsArguments(stem)) return lane;
  if (stem.starts_with(kShell)) lane = MixLane(lane, place.command);
  return MixLane(MixLane(lane, place.content), place.summary);
}

// The texts that a client shows as one: all of the answer; of what a model thinks, those of one
// item. 0: the lane is a text of its own.
LaneKey ResponsesGroup(std::string_view stem, const TextPlace& place) {
  const LaneKey group = MixLane(LaneKey{3}, stem);
  if (stem.ends_with("output_text") || stem.ends_with("refusal")) return group;
  return place.in_part ? MixLane(group, place.output) : 0;
}

// The stem of the deltas that make a part.
std::string StemOfPart(const View& view, NodeIndex part) {
  const std::string type = view.String(view.Find(part, "type"));
  return "response." + (type == "summary_text" ? "reasoning_summary_text" : type);
}

// Where the texts of parts in an event belong: those of a new part to its deltas; those that come
// once more as a whole to each other.
void ReadParts(const View& view, std::string_view type, TextWalker* walker) {
  const bool done = type.ends_with(".done");
  std::string stem(type.substr(0, type.rfind('.')));
  if (stem.ends_with("_part")) {
    stem = StemOfPart(view, view.Find(0, "part"));
  } else if (!done) {
    return;
  }
  const TextPlace place = PlaceOfEvent(view);
  LaneKey lane = ResponsesLane(stem, place), group = ResponsesGroup(stem, place);
  if (stem == "response.output_item") {
    const std::string item = view.String(view.Find(view.Find(0, "item"), "type"));
    group = MixLane(item == "message" ? LaneKey{4} : lane, item);
  }
  if (done) {
    lane = MixLane(lane, type);
    if (group != 0) group = MixLane(group, type);
  }
  walker->SetParts(lane, group, stem.ends_with("refusal") ? "refusal" : "text", done);
}

// Of the item that a delta belongs to. The item's id says nothing: see ResponsesLane.
Numbering NumberingOfItem(const View& view, std::string_view stem) noexcept {
  for (const std::string_view index :
       {"output_index", "content_index", "summary_index", "command_index"}) {
    const NodeIndex node = view.Find(0, index);
    if (view.IsGiven(node) && view.Unsigned(node, UINT32_MAX) == UINT32_MAX) {
      return Numbering::kUnsound;
    }
  }
  const bool numbered = view.IsGiven(view.Find(0, "output_index"));
  const bool agrees =
      !stem.starts_with(kShell) || view.IsGiven(view.Find(0, "command_index")) == numbered;
  if (!agrees) return Numbering::kUnsound;
  return numbered ? Numbering::kIndex : Numbering::kSingle;
}

Field DeltaField(std::string_view stem) noexcept {
  if (IsArguments(stem)) return Field::kArguments;
  return stem.ends_with("audio") ? Field::kMediaBytes : Field::kText;
}

// Finds the item of an event of which `object` is a member: that of `item`, or one of `output` in
// the response. False: it is in none.
bool FindItem(const View& view, NodeIndex item, TextPlace* place) {
  const NodeIndex holder = view.node(item).parent;
  if (holder == 0) return view.KeyEquals(item, "item");
  const bool output = holder != kNoNode && view.KeyEquals(holder, "output") &&
                      view.KeyEquals(view.node(holder).parent, "response");
  if (output) place->output = view.node(item).position;
  return output;
}

// Of what a tool call is to do: the commands of a shell, the changes of a patch.
std::string StemOfAction(const View& view, NodeIndex text, TextPlace* place) {
  const NodeIndex parent = view.node(text).parent;
  if (view.KeyEquals(parent, "commands")) {
    const NodeIndex action = view.node(parent).parent;
    const bool shell =
        view.KeyEquals(action, "action") && FindItem(view, view.node(action).parent, place);
    place->command = view.node(text).position;
    return shell ? std::string(kShellCommand) : std::string();
  }
  const bool patch = view.KeyEquals(text, "diff") && view.KeyEquals(parent, "operation") &&
                     FindItem(view, view.node(parent).parent, place);
  return patch ? "response.apply_patch_call_operation_diff" : std::string();
}

// The deltas that go on with a text of an item: their stem, and where they stand. Empty: none do.
std::string StemOfText(const View& view, NodeIndex text, TextPlace* place) {
  const NodeIndex object = view.node(text).parent;
  if (object == kNoNode) return {};
  const std::string action = StemOfAction(view, text, place);
  if (!action.empty() || view.node(object).kind != Kind::kObject) return action;
  if (FindItem(view, object, place)) {
    const std::string type = view.String(view.Find(object, "type"));
    for (const char* key : {"arguments", "input", "code"}) {
      if (view.KeyEquals(text, key)) return "response." + type + "_" + key;
    }
    return {};
  }
  const NodeIndex array = view.node(object).parent;
  const bool part = array != kNoNode && view.node(array).kind == Kind::kArray &&
                    (view.KeyEquals(text, "text") || view.KeyEquals(text, "refusal"));
  if (!part || !FindItem(view, view.node(array).parent, place)) return {};
  const bool summary = view.KeyEquals(array, "summary");
  if (!summary && !view.KeyEquals(array, "content")) return {};
  (summary ? place->summary : place->content) = view.node(object).position;
  place->in_part = true;
  return StemOfPart(view, object);
}

// With an item what it thinks is over. Not the texts of a message: those of the next one follow.
void EndGroups(const View& view, std::string_view type, EventInfo* info) {
  const std::string item = view.String(view.Find(view.Find(0, "item"), "type"));
  if (item == "message") return;
  TextPlace place = PlaceOfEvent(view);
  const uint64_t own = MixLane(MixLane(ResponsesLane("response.output_item", place), item), type);
  info->ended_groups.assign({own, MixLane(own, "summary")});
  place.in_part = true;
  static constexpr std::pair<std::string_view, std::string_view> kStems[] = {
      {"response.reasoning_summary_text", "response.reasoning_summary_part.done"},
      {"response.reasoning_text", "response.content_part.done"}};
  for (const auto& [stem, part] : kStems) {
    const uint64_t group = ResponsesGroup(stem, place);
    const uint64_t done = MixLane(group, std::string(stem) + ".done");
    info->ended_groups.insert(info->ended_groups.end(), {group, done, MixLane(group, part)});
  }
}

}  // namespace

void ReadResponsesType(const View& view, std::string_view type, TextWalker* walker,
                       EventInfo* info) {
  constexpr std::string_view kDelta = ".delta", kDone = ".done";
  std::string_view stem = type;
  if (stem.ends_with(kDelta)) {
    stem.remove_suffix(kDelta.size());
    info->numbering = NumberingOfItem(view, stem);
    info->numbered = MixLane(LaneKey{5}, stem);
  }
  const TextPlace place = PlaceOfEvent(view);
  walker->SetDelta(DeltaField(stem), ResponsesLane(stem, place), ResponsesGroup(stem, place));
  if (type.ends_with(kDone) || type.ends_with("_part.added")) ReadParts(view, type, walker);
  walker->SetChoice(view.Unsigned(view.Find(0, "output_index"), 0));
  if (type.ends_with(kDone)) {
    info->ended.push_back(ResponsesLane(type.substr(0, type.size() - kDone.size()), place));
  }
  info->completed =
      type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

Saying SayingOf(std::string_view type) noexcept {
  struct Kind {
    std::string_view end;
    Saying saying;
  };
  // The first match counts. What the response holds at its begin is of the request.
  static constexpr Kind kKinds[] = {
      {"response.created", 2},   {"response.queued", 3},     {"response.in_progress", 4},
      {"response.completed", 5}, {"response.incomplete", 5}, {"response.failed", 5},
      {"_part.done", 6},         {"output_item.done", 7},    {".done", 8},
  };
  for (const Kind& kind : kKinds) {
    if (type.ends_with(kind.end)) return kind.saying;
  }
  return 1;
}

void ReadItems(const View& view, std::string_view type, EventInfo* info) {
  const bool command = type == kShellCommandAdded;
  const bool begins = command || type == "response.output_item.added" || type == "response.created";
  const bool ends = type == "response.output_item.done";
  if (!begins && !ends) return;
  if (ends) EndGroups(view, type, info);
  for (Segment& segment : info->segments) {
    if (segment.is_key || segment.text_class != TextClass::kText) continue;
    TextPlace place = PlaceOfEvent(view);
    const bool root = view.node(segment.node).parent == 0;
    const std::string stem = command && root && view.KeyEquals(segment.node, "command")
                                 ? std::string(kShellCommand)
                                 : StemOfText(view, segment.node, &place);
    if (stem.empty()) continue;
    const LaneKey lane = ResponsesLane(stem, place);
    if (ends) {
      info->ended.push_back(lane);
      continue;
    }
    const LaneKey group = segment.json_inside ? 0 : ResponsesGroup(stem, place);
    segment.lane = lane;
    segment.group = group != 0 ? group : lane;
    segment.apart = true;
  }
}

}  // namespace kt::openai
