// The few words by which a decoded text shows that it is one. No judgement of content hangs on
// them: they only decide whether a view is worth showing to the detectors.
#include <array>
#include <cstdint>

#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

constexpr std::string_view kWords[] = {
    "the",          "and",         "you",          "your",         "are",          "for",
    "that",         "this",        "with",         "have",         "not",          "but",
    "all",          "any",         "can",          "was",          "will",         "what",
    "when",         "from",        "they",         "how",          "now",          "out",
    "who",          "his",         "her",          "its",          "our",          "than",
    "then",         "them",        "into",         "about",        "should",       "would",
    "could",        "must",        "may",          "like",         "just",         "only",
    "other",        "some",        "there",        "their",        "which",        "please",
    "of",           "to",          "in",           "is",           "it",           "be",
    "as",           "at",          "by",           "or",           "on",           "we",
    "my",           "me",          "do",           "no",           "if",           "an",
    "am",           "so",          "up",           "us",           "he",           "she",
    "was",          "were",        "been",         "has",          "had",          "ignore",
    "disregard",    "forget",      "bypass",       "override",     "previous",     "prior",
    "above",        "before",      "earlier",      "instruction",  "instructions", "directive",
    "directives",   "rule",        "rules",        "guideline",    "guidelines",   "restriction",
    "restrictions", "filter",      "filters",      "policy",       "policies",     "system",
    "prompt",       "prompts",     "message",      "messages",     "reveal",       "show",
    "print",        "repeat",      "output",       "tell",         "give",         "write",
    "say",          "act",         "pretend",      "roleplay",     "mode",         "developer",
    "admin",        "root",        "jailbreak",    "unrestricted", "uncensored",   "without",
    "limits",       "password",    "passwords",    "secret",       "secrets",      "token",
    "key",          "keys",        "credentials",  "access",       "account",      "email",
    "phone",        "number",      "credit",       "card",         "send",         "delete",
    "execute",      "run",         "command",      "commands",     "code",         "hidden",
    "safety",       "ethical",     "anything",     "everything",   "following",    "instead",
    "respond",      "answer",      "never",        "always",       "make",         "create",
    "build",        "bomb",        "weapon",       "kill",         "hack",         "drug",
    "drugs",        "steal",       "attack",       "malware",      "virus",        "explosive",
    "explosives",   "poison",      "user",         "assistant",    "model",        "training",
    "data",         "information", "confidential", "private",      "new",          "task",
    "start",        "stop",        "begin",        "end",
};
constexpr size_t kLongest = 12;
constexpr size_t kSlots = 1024;

constexpr uint32_t kHashSeed = 2166136261u;
constexpr uint32_t HashNext(uint32_t hash, char c) noexcept {
  return (hash ^ static_cast<uint8_t>(c)) * 16777619u;
}
constexpr size_t Slot(uint32_t hash) noexcept {
  return (hash ^ hash >> 15) % kSlots;
}
constexpr size_t SlotOf(std::string_view word) noexcept {
  uint32_t hash = kHashSeed;
  for (const char c : word) hash = HashNext(hash, c);
  return Slot(hash);
}

constexpr std::array<uint8_t, kSlots> MakeSlots() {
  std::array<uint8_t, kSlots> slots{};
  static_assert(std::size(kWords) < 255);
  for (size_t i = 0; i < std::size(kWords); ++i) {
    size_t slot = SlotOf(kWords[i]);
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i + 1);
  }
  return slots;
}
constexpr auto kTable = MakeSlots();

bool IsAt(size_t slot, std::string_view word) noexcept {
  for (; kTable[slot] != 0; slot = (slot + 1) % kSlots) {
    if (kWords[kTable[slot] - 1] == word) return true;
  }
  return false;
}

}  // namespace

bool IsKnownWord(std::string_view word) noexcept {
  return word.size() >= 2 && word.size() <= kLongest && IsAt(SlotOf(word), word);
}

size_t KnownPrefix(std::string_view letters) noexcept {
  size_t longest = 0;
  uint32_t hash = kHashSeed;
  for (size_t size = 1; size <= letters.size() && size <= kLongest; ++size) {
    hash = HashNext(hash, letters[size - 1]);
    if (size >= 2 && IsAt(Slot(hash), letters.substr(0, size))) longest = size;
  }
  return longest;
}

}  // namespace kt::detect::views
