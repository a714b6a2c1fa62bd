// Walks a JSON view once, in document order, and sorts its strings by the table (text_table.h).
// Private to openai/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/openai/text_table.h"

namespace kt::openai {

// Lane keys are hashes of the path of a text. Never 0.
LaneKey MixLane(LaneKey lane, uint64_t value) noexcept;
LaneKey MixLane(LaneKey lane, std::string_view key) noexcept;

// Its list is of parts that are read as one text.
inline bool HoldsParts(Context context) noexcept {
  return context == Context::kPart || context == Context::kReasoningDetail;
}

class TextWalker {
 public:
  enum class Mode : uint8_t { kRequest, kAnswer, kEvent };

  // Where to put what is found; null: nobody asks.
  struct Found {
    std::vector<Segment>* segments;
    std::vector<std::string>* unscanned;
    std::vector<AnswerInfo::Logprobs>* logprobs = nullptr;
    std::vector<uint32_t>* choices = nullptr;  // both or none
    std::vector<uint32_t>* finished = nullptr;
  };
  TextWalker(const json::View& view, Mode mode, const Found& found)
      : view_(view), mode_(mode), found_(found) {}

  // Recursion is bounded by the depth that the view was parsed with.
  void WalkRoot(Context context);

  // Input of events of `responses`: how their `delta` is read, and its lane and group.
  void SetDelta(Field field, LaneKey lane, LaneKey group) noexcept {
    delta_field_ = field;
    delta_lane_ = lane;
    delta_group_ = group;
  }
  // The same of their texts of parts: the lane is that of the first one, `key` that of the member
  // of a part that holds the text; `repeated`: see Segment.
  void SetParts(LaneKey lane, LaneKey group, std::string_view key, bool repeated) noexcept {
    parts_lane_ = lane;
    parts_group_ = group;
    parts_key_ = key;
    repeated_ = repeated;
  }
  void SetChoice(uint32_t choice) noexcept { choice_ = choice; }

  bool stateful() const noexcept { return stateful_; }
  bool content() const noexcept { return content_; }
  Numbering numbering() const noexcept { return numbering_; }
  Numbering call_numbering() const noexcept { return call_numbering_; }
  size_t text_bytes() const noexcept { return text_bytes_; }
  // The key of the table that one of the JSON is but for its case. Empty: there is none.
  std::string_view misspelt_key() const noexcept { return misspelt_key_; }

 private:
  struct Place {
    Field field = Field::kText;
    Context context = Context::kUnknown;
    Role role = Role::kUser;
    bool content = false;
    const Rule* rule = nullptr;  // that led here
    LaneKey lane = 0;            // 0: not in a lane
    uint64_t group = 0;          // of texts of parts; 0: not in one
    bool parts = false;          // the lane is for texts of parts only
    bool part_text = false;      // such a text
    bool growing = false;        // see Segment
    bool piece = false;          // of a text that every client puts together
    bool in_error = false;
  };

  void Visit(json::NodeIndex i, const Place& place);
  void VisitArray(json::NodeIndex i, const Place& place);
  void VisitObject(json::NodeIndex i, const Place& place);
  Role EnterObject(json::NodeIndex i, const Place& place);
  void NoteChoice(json::NodeIndex i, json::NodeIndex index);
  void NoteCall(json::NodeIndex index);
  bool IsSoundIndex(json::NodeIndex index) const noexcept;
  Place PlaceOf(const Place& object, const Rule* rule, std::string_view key) const;
  bool IsPartText(const Place& object, std::string_view key) const noexcept;
  void SetLane(const Place& object, std::string_view key, Place* place) const;
  void SetGroup(const Place& object, std::string_view key, Place* place) const;
  void NoteSpelling(Context context, std::string_view key);
  std::string_view StateOrMedia(const Place& place) const noexcept;
  void VisitString(json::NodeIndex i, const Place& place);
  bool IsEmpty(json::NodeIndex string) const noexcept;
  bool IsOpaque(json::NodeIndex i, const Place& place);
  bool IsMediaBytes(std::string_view what, std::string_view value) const noexcept;
  void Add(json::NodeIndex i, const Place& place);
  void AddKey(json::NodeIndex i, Role role);
  void AddUnscanned(std::string_view what);
  std::string_view Value(json::NodeIndex i);

  const json::View& view_;
  const Mode mode_;
  const Found found_;
  json::Decoded decoded_;
  Field delta_field_ = Field::kText;
  LaneKey delta_lane_ = 1, delta_group_ = 1;
  LaneKey parts_lane_ = 0, parts_group_ = 0;
  std::string_view parts_key_ = "text";
  bool repeated_ = false;
  uint32_t choice_ = 0;
  Numbering numbering_ = Numbering::kNone, call_numbering_ = Numbering::kNone;
  size_t text_bytes_ = 0;
  std::string_view misspelt_key_;
  bool stateful_ = false;
  bool content_ = false;
};

}  // namespace kt::openai
