#include "core/session/segment_edits.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/text.h"

namespace kt::session {
namespace {

constexpr size_t kKeptBytes = 64 * 1024, kKeptTexts = 256;

std::vector<SpanEdit> AsSpans(std::vector<policy::TextEdit> edits) {
  std::vector<SpanEdit> spans;
  spans.reserve(edits.size());
  for (policy::TextEdit& edit : edits) {
    spans.push_back({edit.begin, edit.end, std::move(edit.replacement)});
  }
  return spans;
}

// Where it ends when it is not cut.
size_t WholeEnd(const SpanEdit& edit) noexcept {
  return edit.end + edit.behind;
}

}  // namespace

std::string IdentifierMarker(std::string_view type) {
  std::string marker = "redacted_";
  for (const char c : ToLower(type)) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    marker.push_back(safe ? c : '_');
  }
  return marker;
}

void MergeJoined(std::vector<SpanEdit> joined, size_t offset, std::vector<SpanEdit>* edits) {
  if (joined.empty()) return;
  std::vector<SpanEdit> all = std::move(joined);
  std::move(edits->begin(), edits->end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const SpanEdit& a, const SpanEdit& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    return a.before != b.before ? a.before > b.before : WholeEnd(a) > WholeEnd(b);
  });
  edits->clear();
  for (SpanEdit& edit : all) {
    if (edits->empty() || edit.begin >= edits->back().end) {
      edits->push_back(std::move(edit));
    } else if (SpanEdit& last = edits->back(); WholeEnd(edit) > WholeEnd(last)) {
      last.end = std::max(last.end, edit.end);
      last.behind = WholeEnd(edit) - last.end;
      // Its own marker may stand in an earlier piece of the same text.
      const bool stands_before = last.before > 0 && last.before <= offset;
      if (last.replacement.empty() && !stands_before) {
        last.replacement = std::move(edit.replacement);
      }
    }
  }
}

void WriteEdits(const json::Decoded& decoded, std::span<const SpanEdit> edits, json::Edits* out) {
  for (const SpanEdit& edit : edits) {
    const auto [begin, end] = decoded.RawSpan(edit.begin, edit.end);
    std::string escaped;
    json::AppendEscaped(edit.replacement, &escaped);
    out->Replace(begin, end, std::move(escaped));
  }
}

void Decode(const json::View& view, const openai::Segment& segment, json::Decoded* out) {
  if (segment.is_key) {
    view.DecodeKey(segment.node, out);
  } else {
    view.Decode(segment.node, out);
  }
}

policy::Block UnfitBlock(const policy::ChainRun& chain, policy::Phase phase, size_t text_index) {
  policy::Block block;
  block.kind = "policy";
  for (const policy::PolicyOutcome& outcome : chain.outcomes()) {
    if (outcome.phase == phase && outcome.verdict == policy::Verdict::kRedacted) {
      block.kind = outcome.kind;
    }
  }
  block.reason_code = std::string(block.kind) + ".in_identifier";
  std::replace(block.reason_code.begin(), block.reason_code.end(), '-', '_');
  block.message = "A value that must be removed stands where nothing can be put in its place.";
  block.text_index = text_index;
  return block;
}

policy::Block RestoreLimitBlock() {
  policy::Block block;
  block.kind = "pii-detector";
  block.reason_code = "pii_detector.restore_limit";
  block.message =
      "The values that would come back in the answer are over the limit of this gateway "
      "(size_limits.max_response_bytes).";
  return block;
}

// What policies see of a segment.
std::string_view WholeTexts::Judged(size_t i, const openai::Segment& segment) {
  if (!segment.json_inside || segment.is_key) return decoded_[i].text();
  Nested& nested = nested_[i];
  nested.map.Append(decoded_[i].text(), &nested.text);
  nested.map.Finish(&nested.text);
  return nested.text;
}

// Markers of identifiers say the type only: they are neither numbered nor restored.
void WholeTexts::Number(std::span<const openai::Segment> segments, Placeholders* placeholders) {
  const auto is_text = [&](size_t i) { return segments[i].text_class == openai::TextClass::kText; };
  for (size_t i = 0; i < found_.size(); ++i) {
    if (is_text(i)) placeholders->UseLabels(found_[i]);
  }
  for (const policy::ChainRun::Text& text : texts_) placeholders->Reserve(text.unit.text);
  for (const auto& edits : found_) {  // a custom marker may look like one, too
    for (const policy::TextEdit& edit : edits) {
      if (!edit.restorable) placeholders->Reserve(edit.replacement);
    }
  }
  for (size_t i = 0; i < found_.size(); ++i) {
    if (!is_text(i)) continue;
    for (policy::TextEdit& edit : found_[i]) {
      if (edit.restorable && !edit.rest.empty()) TellRest(i, &edit);
    }
    placeholders->Number(texts_[i].unit.text, EscapedIn(i), &found_[i]);
  }
}

// Of two values that begin in one text and go on in the next ones, or one in what goes on of the
// other, one marker is left: it stands for all that is taken away there.
void WholeTexts::TellRest(size_t i, policy::TextEdit* edit) const {
  const bool apart = edit->rest.front() == ' ';
  std::string_view before = texts_[i].unit.text;
  std::string rest;
  for (size_t next = i + 1; next < texts_.size(); ++next) {
    const std::string_view text = texts_[next].unit.text;
    if (texts_[next].group == 0 || text.empty()) continue;
    if (texts_[next].group != texts_[i].group || found_[next].empty()) break;
    const policy::TextEdit& gone = found_[next].front();
    if (!gone.continues || gone.begin > 0) break;
    if (apart && !IsBlank(before.back()) && !IsBlank(text.front())) rest += ' ';
    rest.append(text.substr(0, gone.end));
    if (gone.end < text.size()) break;
    before = text;
  }
  if (rest.size() > edit->rest.size()) edit->rest = std::move(rest);
}

// Policies see nested JSON with the escapes of its strings resolved, but not those of the strings
// in its strings: how many times more, for each value that may be restored. Empty: none needs it.
std::vector<unsigned> WholeTexts::EscapedIn(size_t i) const {
  const auto nested = nested_.find(i);
  if (nested == nested_.end()) return {};
  const std::string_view text = texts_[i].unit.text;
  const bool any = std::any_of(found_[i].begin(), found_[i].end(), [text](const auto& edit) {
    const std::string_view value = text.substr(edit.begin, edit.end - edit.begin);
    return edit.restorable && value.find('\\') != std::string_view::npos;
  });
  if (!any) return {};
  std::vector<SpanEdit> spans;
  for (const policy::TextEdit& edit : found_[i]) {
    spans.push_back({nested->second.map.RawOf(edit.begin), nested->second.map.RawOf(edit.end), ""});
  }
  NestedJson fit;
  std::list<SpanEdit> fitted;
  if (!fit.Feed(decoded_[i].text(), spans, true, &fitted)) return {};
  std::vector<unsigned> escaped;
  auto made = fitted.begin();
  for (const SpanEdit& span : spans) {
    while (made != fitted.end() && made->end <= span.begin) ++made;
    escaped.push_back(made != fitted.end() && made->strings > 1 ? made->strings - 1 : 0);
  }
  return escaped;
}

// Puts the edits of one text into the form its place needs. False: the place cannot take them.
bool WholeTexts::Fit(size_t i, const openai::Segment& segment, std::vector<SpanEdit> spans) {
  const bool identifier = segment.text_class == openai::TextClass::kIdentifier;
  if (identifier && (!segment.replaceable || segment.is_key)) return false;
  const auto nested = nested_.find(i);
  if (nested == nested_.end()) {
    fitted_[i] = std::move(spans);
    return true;
  }
  for (SpanEdit& span : spans) {
    span.begin = nested->second.map.RawOf(span.begin);
    span.end = nested->second.map.RawOf(span.end);
  }
  NestedJson fit;
  std::list<SpanEdit> fitted;
  if (!fit.Feed(decoded_[i].text(), std::move(spans), true, &fitted)) return false;
  std::move(fitted.begin(), fitted.end(), std::back_inserter(fitted_[i]));
  return true;
}

std::optional<policy::Block> WholeTexts::Judge(policy::ChainRun& chain, policy::Phase phase,
                                               const json::View& view,
                                               std::span<const openai::Segment> segments,
                                               Placeholders* placeholders) {
  // Sized before decoding: the texts that are judged refer to it.
  if (decoded_.size() < segments.size()) decoded_.resize(segments.size());
  nested_.clear();
  texts_.clear();
  found_.clear();
  fitted_.assign(segments.size(), {});
  edited_ = false;
  const bool restores = phase == policy::Phase::kOutput && !placeholders->empty();
  if (!chain.RunsIn(phase) && !restores) return std::nullopt;
  for (size_t i = 0; i < segments.size(); ++i) {
    const openai::Segment& segment = segments[i];
    Decode(view, segment, &decoded_[i]);
    texts_.push_back({{Judged(i, segment), segment.role, segment.text_class, phase},
                      segment.replaceable && !segment.is_key,
                      segment.group,
                      segment.apart,
                      true,
                      segment.saying});
  }
  if (auto block = chain.Judge(phase, texts_, &found_)) return block;
  found_.resize(segments.size());
  if (phase == policy::Phase::kInput) Number(segments, placeholders);
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool takes_values = restores && !segments[i].in_error;
    if (found_[i].empty() && !takes_values) continue;
    const bool is_text = segments[i].text_class == openai::TextClass::kText;
    if (!is_text) {
      for (policy::TextEdit& edit : found_[i]) edit.replacement = IdentifierMarker(edit.type);
    }
    std::vector<SpanEdit> spans = AsSpans(std::move(found_[i]));
    if (takes_values && is_text) {
      const std::string_view text = texts_[i].unit.text;
      placeholders->Restore(text, 0, text.size(), true, &spans);
      if (placeholders->exceeded()) return RestoreLimitBlock();
    }
    if (spans.empty()) continue;
    if (!Fit(i, segments[i], std::move(spans))) return UnfitBlock(chain, phase, i);
    edited_ = edited_ || !fitted_[i].empty();
  }
  return std::nullopt;
}

void WholeTexts::Trim() {
  nested_.clear();
  texts_.clear();
  found_.clear();
  fitted_.clear();
  edited_ = false;
  if (held_bytes() > kKeptBytes || decoded_.size() > kKeptTexts) *this = {};
}

size_t WholeTexts::held_bytes() const noexcept {
  size_t bytes = 0;
  for (const json::Decoded& decoded : decoded_) bytes += decoded.held_bytes();
  return bytes;
}

void WholeTexts::Write(json::Edits* out) const {
  for (size_t i = 0; i < fitted_.size(); ++i) WriteEdits(decoded_[i], fitted_[i], out);
}

}  // namespace kt::session
