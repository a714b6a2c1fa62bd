// From a policy's edits of decoded texts to byte edits of the JSON text that holds them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/edits.h"
#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/policy/chain.h"
#include "core/session/nested_json.h"
#include "core/session/placeholders.h"

namespace kt::session {

// A marker for a place that takes letters, digits, '_' and '-' only: "redacted_email".
std::string IdentifierMarker(std::string_view type);

// Adds the edits that a joined reading made of the same text to *edits: where they overlap they
// become one, and what lies within another goes with it.
// `offset`: of the edited piece in its text.
void MergeJoined(std::vector<SpanEdit> joined, size_t offset, std::vector<SpanEdit>* edits);

// Adds to *out what makes of the JSON string `decoded` the edited one.
void WriteEdits(const json::Decoded& decoded, std::span<const SpanEdit> edits, json::Edits* out);
void Decode(const json::View& view, const openai::Segment& segment, json::Decoded* out);

// The block for an edit that its place cannot take: `<kind>.in_identifier`, of the policy that
// redacted last in this phase.
policy::Block UnfitBlock(const policy::ChainRun& chain, policy::Phase phase, size_t text_index);

// The block for an answer into which more values were to come back than may.
policy::Block RestoreLimitBlock();

// All texts of one JSON text, judged together. Reusable, since it keeps its buffers.
// Nested JSON is judged with its escapes resolved.
class WholeTexts {
 public:
  // Judges `segments` of `view`. The block, if any: its text_index counts in `segments`.
  // `placeholders`: numbered in the input phase, restored after the output phase.
  std::optional<policy::Block> Judge(policy::ChainRun& chain, policy::Phase phase,
                                     const json::View& view,
                                     std::span<const openai::Segment> segments,
                                     Placeholders* placeholders);
  // After Judge without block: the edits of each segment, and those of all of them as bytes.
  const std::vector<std::vector<SpanEdit>>& edits() const noexcept { return fitted_; }
  bool edited() const noexcept { return edited_; }
  void Write(json::Edits* out) const;
  // Forgets the texts, and gives back buffers larger than what ordinary requests need.
  void Trim();
  size_t held_bytes() const noexcept;  // of decoded texts, for what comes next

 private:
  struct Nested {
    NestedText map;
    std::string text;
  };
  std::string_view Judged(size_t i, const openai::Segment& segment);
  void Number(std::span<const openai::Segment> segments, Placeholders* placeholders);
  void TellRest(size_t i, policy::TextEdit* edit) const;
  std::vector<unsigned> EscapedIn(size_t i) const;
  bool Fit(size_t i, const openai::Segment& segment, std::vector<SpanEdit> spans);

  std::vector<json::Decoded> decoded_;
  std::map<size_t, Nested> nested_;  // by segment; few have one
  std::vector<policy::ChainRun::Text> texts_;
  std::vector<std::vector<policy::TextEdit>> found_;
  std::vector<std::vector<SpanEdit>> fitted_;
  bool edited_ = false;
};

// Replaces the `logprobs` of choices that hold an edited text: they repeat it token by token.
// `touched(choice)` says so.
template <typename Touched>
void RemoveLogprobs(const json::View& view, std::span<const openai::AnswerInfo::Logprobs> logprobs,
                    const Touched& touched, json::Edits* out) {
  for (const auto& entry : logprobs) {
    if (!touched(entry.choice)) continue;
    const json::Node& node = view.node(entry.node);
    out->Replace(node.begin, node.end, "null");
  }
}

}  // namespace kt::session
