#include "core/openai/usage.h"

#include <initializer_list>
#include <optional>
#include <string_view>

namespace kt::openai {
namespace {

using json::kNoNode;
using json::NodeIndex;
using json::View;

// The first of the members that holds a count.
std::optional<uint64_t> Count(const View& view, NodeIndex object,
                              std::initializer_list<std::string_view> names) noexcept {
  if (object == kNoNode) return std::nullopt;
  for (const std::string_view name : names) {
    const NodeIndex node = view.Find(object, name);
    const uint32_t count = node == kNoNode ? UINT32_MAX : view.Unsigned(node, UINT32_MAX);
    if (count != UINT32_MAX) return count;
  }
  return std::nullopt;
}

NodeIndex FindEither(const View& view, NodeIndex object, std::string_view name,
                     std::string_view other) noexcept {
  const NodeIndex found = view.Find(object, name);
  return found != kNoNode ? found : view.Find(object, other);
}

}  // namespace

Usage ReadUsage(const View& view, NodeIndex node) noexcept {
  Usage usage;
  if (node == kNoNode || view.node(node).kind != json::Kind::kObject) return usage;
  const auto prompt = Count(view, node, {"prompt_tokens", "input_tokens"});
  const auto completion = Count(view, node, {"completion_tokens", "output_tokens"});
  const auto total = Count(view, node, {"total_tokens"});
  const NodeIndex in = FindEither(view, node, "prompt_tokens_details", "input_tokens_details");
  const NodeIndex out =
      FindEither(view, node, "completion_tokens_details", "output_tokens_details");
  usage.prompt_tokens = prompt.value_or(0);
  usage.completion_tokens = completion.value_or(0);
  if (prompt && !completion && total && *total > *prompt) {
    usage.completion_tokens = *total - *prompt;
  }
  // DeepSeek and Moonshot report cached tokens outside of the details.
  usage.cached_tokens =
      Count(view, in, {"cached_tokens"})
          .value_or(Count(view, node, {"prompt_cache_hit_tokens", "cached_tokens"}).value_or(0));
  usage.reasoning_tokens = Count(view, out, {"reasoning_tokens"}).value_or(0);
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
