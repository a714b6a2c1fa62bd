#include "core/openai/text_table.h"

#include <array>
#include <iterator>

#include "core/openai/text_rules_answer.h"
#include "core/openai/text_rules_message.h"
#include "core/openai/text_rules_request.h"

namespace kt::openai {
namespace {

using C = Context;

constexpr size_t kContexts = static_cast<size_t>(Context::kCount);
constexpr std::string_view kAnyKey = "*";

template <size_t... n>
constexpr auto Join(const Rule (&... parts)[n]) {
  std::array<Rule, (n + ...)> rules{};
  size_t count = 0;
  const auto add = [&](const auto& part) {
    for (const Rule& rule : part) rules[count++] = rule;
  };
  (add(parts), ...);
  return rules;
}
constexpr auto kRules = Join(rules::kRequestRules, rules::kMessageRules, rules::kAnswerRules);

constexpr bool Grouped() {
  for (size_t i = 1; i < kRules.size(); ++i) {
    if (kRules[i].in < kRules[i - 1].in) return false;
  }
  return true;
}
static_assert(Grouped(), "rows follow the order of the enumeration");

// A context that has all the rows of another one.
constexpr Context Base(Context context) noexcept {
  switch (context) {
    case C::kChatRequest:
    case C::kCompletionsRequest:
    case C::kEmbeddingsRequest:
    case C::kResponsesRequest:
      return C::kAnyRequest;
    case C::kResponsesAnswer:  // repeats the request's parameters
      return C::kResponsesRequest;
    case C::kEmbeddingsAnswer:
    case C::kModelsAnswer:
      return C::kAnswer;
    default:
      return C::kUnknown;
  }
}

// ---- lookup ------------------------------------------------------------------------------------

// Places by the hash of context and key, so that a lookup costs one comparison or two: it runs for
// every member of every object. Rows of a base context stand here under each context that has them.
// The keys are ours and few; a client's key that is none of them ends at the first empty slot.
constexpr size_t kSlots = 2048;
constexpr uint16_t kNoRow = UINT16_MAX;

struct Slot {
  uint16_t row = kNoRow;
  uint8_t context = 0;
};
struct Index {
  std::array<Slot, kSlots> slots{};
  std::array<uint16_t, kContexts> any_key{};  // the "*" row of each context
  size_t used = 0;
};

constexpr size_t HashOf(Context context, std::string_view key) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(key[i])); };
  uint32_t hash = static_cast<uint32_t>(context) * 0x9E3779B1u;
  if (!key.empty()) {
    const size_t size = key.size();
    const uint32_t bytes = byte(0) | byte(size - 1) << 8 | byte(size / 2) << 16 |
                           static_cast<uint32_t>(size & 0xFF) << 24;
    hash ^= bytes * 0x85EBCA6Bu;
  }
  hash = (hash ^ hash >> 15) * 0xC2B2AE35u;
  return (hash ^ hash >> 16) % kSlots;
}

constexpr Index MakeIndex() {
  Index index;
  for (uint16_t& row : index.any_key) row = kNoRow;
  for (size_t c = 0; c < kContexts; ++c) {
    const auto context = static_cast<Context>(c);
    for (Context in = context; in != C::kUnknown; in = Base(in)) {
      for (size_t row = 0; row < kRules.size(); ++row) {
        const Rule& rule = kRules[row];
        if (rule.in != in) continue;
        if (rule.key == kAnyKey) {
          index.any_key[c] = static_cast<uint16_t>(row);
          continue;
        }
        size_t at = HashOf(context, rule.key);
        bool known = false;  // the context's own row comes before that of its base
        for (; index.slots[at].row != kNoRow; at = (at + 1) % kSlots) {
          const Slot& slot = index.slots[at];
          known = known || (slot.context == c && kRules[slot.row].key == rule.key);
        }
        if (known) continue;
        index.slots[at] = {static_cast<uint16_t>(row), static_cast<uint8_t>(c)};
        ++index.used;
      }
    }
  }
  return index;
}
constexpr Index kIndex = MakeIndex();
static_assert(kContexts <= UINT8_MAX && kIndex.used * 2 < kSlots, "room for short probes");

}  // namespace

const Rule* FindRule(Context in, std::string_view key) noexcept {
  for (size_t at = HashOf(in, key);; at = (at + 1) % kSlots) {
    const Slot slot = kIndex.slots[at];
    if (slot.row == kNoRow) break;
    const Rule& rule = kRules[slot.row];
    if (slot.context == static_cast<uint8_t>(in) && rule.key == key) return &rule;
  }
  const uint16_t any = kIndex.any_key[static_cast<size_t>(in)];
  return any != kNoRow ? &kRules[any] : nullptr;
}

}  // namespace kt::openai
