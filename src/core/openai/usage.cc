#include "core/openai/usage.h"

#include <optional>
#include <string_view>

namespace kt::openai {
namespace {

using json::kNoNode;
using json::NodeIndex;
using json::View;

std::optional<uint64_t> Count(const View& view, NodeIndex node) noexcept {
  const uint32_t count = node == kNoNode ? UINT32_MAX : view.Unsigned(node, UINT32_MAX);
  return count == UINT32_MAX ? std::nullopt : std::optional<uint64_t>(count);
}

// The first of two members that holds a count.
std::optional<uint64_t> Count(const View& view, NodeIndex node, NodeIndex other) noexcept {
  const auto count = Count(view, node);
  return count ? count : Count(view, other);
}

NodeIndex Either(NodeIndex node, NodeIndex other) noexcept {
  return node != kNoNode ? node : other;
}

}  // namespace

Usage ReadUsage(const View& view, NodeIndex node) noexcept {
  Usage usage;
  if (node == kNoNode || view.node(node).kind != json::Kind::kObject) return usage;
  static constexpr std::string_view kMembers[] = {
      "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
      "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
      "output_tokens_details",
      // DeepSeek and Moonshot report cached tokens outside of the details.
      "prompt_cache_hit_tokens", "cached_tokens"};
  const auto [prompt_node, input_node, completion_node, output_node, total_node, prompt_details,
              input_details, completion_details, output_details, cache_hit, cached] =
      view.FindEach(node, kMembers);
  const auto prompt = Count(view, prompt_node, input_node);
  const auto completion = Count(view, completion_node, output_node);
  const auto total = Count(view, total_node);
  const NodeIndex in = Either(prompt_details, input_details);
  const NodeIndex out = Either(completion_details, output_details);
  usage.prompt_tokens = prompt.value_or(0);
  usage.completion_tokens = completion.value_or(0);
  if (prompt && !completion && total && *total > *prompt) {
    usage.completion_tokens = *total - *prompt;
  }
  usage.cached_tokens = Count(view, view.Find(in, "cached_tokens"))
                            .value_or(Count(view, cache_hit, cached).value_or(0));
  usage.reasoning_tokens = Count(view, view.Find(out, "reasoning_tokens")).value_or(0);
  // xAI counts reasoning beside the completion; its total says so.
  const uint64_t apart = usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens;
  if (usage.reasoning_tokens > 0 && total == apart) {
    usage.completion_tokens += usage.reasoning_tokens;
  }
  usage.present = usage.prompt_tokens > 0 || usage.completion_tokens > 0;
  return usage;
}

Usage FindUsage(const View& view) noexcept {
  // Of an answer or chunk; of an event that holds the response; of Groq's chunks.
  for (const std::string_view holder : {"", "response", "x_groq"}) {
    const NodeIndex object = holder.empty() ? 0 : view.Find(0, holder);
    if (object == kNoNode) continue;
    const Usage usage = ReadUsage(view, view.Find(object, "usage"));
    if (usage.present) return usage;
  }
  return {};
}

}  // namespace kt::openai
