// What stands beside the data of an event: ids, names, comments.
#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/session/stream_release.h"

namespace kt::session {

using Result = StreamRelease::Result;

Result StreamRelease::JudgeBesideData(sse::Event* event, std::string* raw) {
  if (!judged_ || !HoldsMore(*event)) return Result::kGoOn;
  if (const Result result = JudgeLines(TextBesideData(*event)); result != Result::kGoOn) {
    return result;
  }
  Result result = Result::kGoOn;
  const auto may_stay = [&](std::string_view text) {
    bool clean = false;
    if (result == Result::kGoOn) result = JudgeComment(text, &clean);
    return clean;
  };
  if (EmptyComments(*event, may_stay, raw)) event->raw = *raw;
  return result;
}

// Nothing can be edited there.
Result StreamRelease::JudgeLines(std::string_view text) {
  if (text.empty()) return Result::kGoOn;
  if (!IsUtf8(text)) return Result::kInvalid;
  policy::ChainRun::Text unit;
  unit.unit.text_class = openai::TextClass::kIdentifier;
  unit.replaceable = false;
  bool clean = false;
  return JudgeAlone(unit, text, &clean);
}

// By itself, and behind what others said, so that no value passes in pieces.
Result StreamRelease::JudgeComment(std::string_view text, bool* clean) {
  constexpr size_t kRemembered = 512;
  *clean = IsUtf8(text);
  if (!*clean) return Result::kGoOn;
  policy::ChainRun::Text unit;
  unit.joined = true;
  if (const Result result = JudgeAlone(unit, text, clean); result != Result::kGoOn) return result;
  if (!*clean) return Result::kGoOn;
  std::string joined = comments_;
  joined += text;
  if (!comments_.empty()) {
    const Result result = JudgeAlone(unit, joined, clean);
    if (result != Result::kGoOn || !*clean) return result;
  }
  size_t from = joined.size() - std::min(joined.size(), kRemembered);
  while (from < joined.size() && (static_cast<unsigned char>(joined[from]) & 0xC0) == 0x80) ++from;
  comments_ = joined.substr(from);
  return Result::kGoOn;
}

// `unit`: all but the text, the role and the phase. *clean: nothing in it has to be edited.
Result StreamRelease::JudgeAlone(policy::ChainRun::Text unit, std::string_view text, bool* clean) {
  unit.unit.text = text;
  unit.unit.role = openai::Role::kAssistant;
  unit.unit.phase = policy::Phase::kOutput;
  std::vector<std::vector<policy::TextEdit>> edits;
  if (auto block = chain_.Judge(policy::Phase::kOutput, {&unit, 1}, &edits)) {
    return Block(std::move(*block));
  }
  *clean = edits.front().empty();
  return Result::kGoOn;
}

}  // namespace kt::session
