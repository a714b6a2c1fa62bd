// The few words by which a decoded text shows that it is one. No judgement of content hangs on
// them: they only decide whether a view is worth showing to the detectors.
#include <array>
#include <bit>
#include <cstdint>

#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

// clang-format off
constexpr std::string_view kWords[] = {
    "the", "and", "you", "your", "are", "for", "that", "this", "with", "have", "not", "but", "all",
    "any", "can", "was", "will", "what", "when", "from", "they", "how", "now", "out", "who", "his",
    "her", "its", "our", "than", "then", "them", "into", "about", "should", "would", "could",
    "must", "may", "like", "just", "only", "other", "some", "there", "their", "which", "please",
    "of", "to", "in", "is", "it", "be", "as", "at", "by", "or", "on", "we", "my", "me", "do", "no",
    "if", "an", "am", "so", "up", "us", "he", "she", "were", "been", "has", "had", "ignore",
    "disregard", "forget", "bypass", "override", "previous", "prior", "above", "before", "earlier",
    "instruction", "instructions", "directive", "directives", "rule", "rules", "guideline",
    "guidelines", "restriction", "restrictions", "filter", "filters", "policy", "policies",
    "system", "prompt", "prompts", "message", "messages", "reveal", "show", "print", "repeat",
    "output", "tell", "give", "write", "say", "act", "pretend", "roleplay", "mode", "developer",
    "admin", "root", "jailbreak", "unrestricted", "uncensored", "without", "limits", "password",
    "passwords", "secret", "secrets", "token", "key", "keys", "credentials", "access", "account",
    "email", "phone", "number", "credit", "card", "send", "delete", "execute", "run", "command",
    "commands", "code", "hidden", "safety", "ethical", "anything", "everything", "following",
    "instead", "respond", "answer", "never", "always", "make", "create", "build", "bomb", "weapon",
    "kill", "hack", "drug", "drugs", "steal", "attack", "malware", "virus", "explosive",
    "explosives", "poison", "user", "assistant", "model", "training", "data", "information",
    "confidential", "private", "new", "task", "start", "stop", "begin", "end", "able", "accept",
    "accounts", "achieve", "across", "action", "actions", "active", "activity", "actual",
    "actually", "add", "address", "advice", "after", "again", "against", "age", "ago", "agree",
    "ahead", "air", "allow", "allowed", "almost", "alone", "along", "already", "also", "although",
    "among", "amount", "animal", "another", "answers", "anybody", "anyone", "apple", "apply",
    "approach", "april", "area", "around", "art", "article", "ask", "asked", "asking", "assist",
    "assistance", "attention", "author", "authority", "available", "avoid", "away", "baby", "back",
    "bad", "ball", "bank", "base", "based", "basic", "beautiful", "became", "because", "become",
    "becomes", "bed", "being", "believe", "below", "best", "better", "between", "big", "black",
    "blood", "blue", "board", "boat", "body", "book", "books", "both", "bottom", "box", "boy",
    "break", "bring", "broken", "brother", "brought", "brown", "building", "business", "busy",
    "buy", "call", "called", "came", "capital", "captain", "car", "care", "carry", "case", "cat",
    "category", "cause", "center", "central", "century", "certain", "certainly", "chance", "change",
    "changed", "changes", "character", "characters", "chat", "check", "chemical", "child",
    "children", "choose", "church", "cities", "city", "class", "classify", "clean", "clear",
    "clearly", "close", "cold", "collect", "college", "color", "come", "comes", "comment", "common",
    "community", "company", "compare", "complete", "completely", "computer", "concern", "condition",
    "consider", "contact", "contain", "contains", "content", "contents", "context", "continue",
    "control", "conversation", "cook", "cool", "copy", "correct", "cost", "count", "countries",
    "country", "couple", "course", "cover", "cream", "created", "creative", "current", "customer",
    "cut", "daily", "dangerous", "dark", "date", "day", "days", "dead", "deal", "dear", "death",
    "decide", "decided", "deep", "define", "definition", "describe", "description", "design",
    "detail", "detailed", "details", "determine", "develop", "development", "did", "died",
    "difference", "different", "difficult", "direct", "directly", "disable", "discuss", "display",
    "document", "does", "dog", "doing", "dollar", "done", "door", "double", "doubt", "down", "draw",
    "dream", "dress", "drink", "drive", "drop", "during", "each", "ear", "early", "earth", "easily",
    "east", "easy", "eat", "edit", "education", "effect", "either", "else", "emails", "energy",
    "engine", "english", "enjoy", "enough", "ensure", "enter", "entire", "environment",
    "especially", "essay", "even", "evening", "event", "ever", "every", "everybody", "evidence",
    "exact", "exactly", "example", "examples", "excellent", "except", "exercise", "exist", "expect",
    "experience", "expert", "explain", "explained", "express", "eye", "eyes", "face", "fact",
    "fail", "fall", "false", "family", "famous", "far", "farm", "fast", "father", "favorite",
    "feature", "feel", "feeling", "feet", "few", "field", "fight", "figure", "file", "files",
    "fill", "film", "final", "finally", "financial", "find", "fine", "finish", "fire", "first",
    "fish", "five", "fix", "floor", "flow", "fly", "focus", "follow", "follows", "food", "foot",
    "force", "foreign", "form", "format", "former", "found", "four", "free", "french", "fresh",
    "friend", "friendly", "friends", "front", "fruit", "full", "fully", "fun", "function",
    "functions", "funny", "further", "future", "game", "games", "garden", "gave", "general",
    "generate", "german", "get", "getting", "girl", "given", "gives", "giving", "glad", "glass",
    "global", "goal", "god", "goes", "going", "gold", "gone", "good", "got", "government", "great",
    "green", "ground", "group", "groups", "grow", "guard", "guess", "guide", "hair", "half", "hand",
    "hands", "happen", "happened", "happy", "hard", "harmful", "hat", "hate", "head", "health",
    "hear", "heard", "heart", "heat", "heavy", "height", "hello", "help", "helpful", "here",
    "herself", "high", "highly", "himself", "history", "hit", "hold", "hole", "home", "honest",
    "hope", "horse", "hospital", "hot", "hotel", "hour", "hours", "house", "however", "huge",
    "human", "humans", "hundred", "husband", "ice", "idea", "ideas", "identify", "illegal", "image",
    "images", "imagine", "immediately", "important", "improve", "include", "included", "includes",
    "including", "increase", "indeed", "industry", "input", "inside", "interest", "interested",
    "interesting", "internal", "international", "internet", "introduction", "issue", "item",
    "items", "itself", "job", "join", "joke", "journey", "keep", "kept", "kid", "kids", "kind",
    "kitchen", "knew", "know", "knowledge", "known", "lady", "land", "language", "large", "last",
    "late", "later", "laugh", "law", "laws", "lead", "learn", "learned", "learning", "least",
    "leave", "led", "left", "legal", "less", "lesson", "let", "letter", "letters", "level", "lie",
    "life", "light", "limit", "line", "lines", "link", "list", "listen", "little", "live", "lives",
    "living", "local", "location", "long", "longer", "look", "looked", "looking", "lost", "lot",
    "lots", "love", "low", "lower", "lunch", "machine", "made", "main", "makes", "making", "man",
    "manage", "manager", "many", "map", "march", "mark", "market", "marry", "mass", "master",
    "match", "material", "matter", "maybe", "mean", "meaning", "means", "measure", "meat",
    "medical", "meet", "meeting", "member", "memory", "men", "mention", "method", "middle", "might",
    "mile", "mind", "mine", "minute", "minutes", "miss", "missing", "money", "month", "months",
    "moon", "moral", "more", "morning", "most", "mother", "mountain", "mouth", "move", "movie",
    "much", "murder", "music", "myself", "name", "named", "names", "nation", "national", "natural",
    "nature", "near", "nearly", "necessary", "need", "needed", "needs", "neither", "nervous",
    "network", "news", "next", "nice", "night", "nine", "nobody", "none", "normal", "north", "nose",
    "note", "nothing", "notice", "numbers", "object", "offer", "office", "official", "often", "oil",
    "old", "once", "one", "ones", "online", "open", "operate", "opinion", "opposite", "option",
    "options", "orange", "order", "ordered", "orders", "original", "others", "otherwise",
    "ourselves", "outside", "over", "own", "page", "paid", "pain", "paint", "pair", "paper",
    "paragraph", "parent", "parents", "park", "part", "particular", "parts", "party", "pass",
    "past", "path", "pattern", "pay", "peace", "people", "per", "percent", "perfect", "perform",
    "perhaps", "period", "permission", "person", "persona", "personal", "photo", "phrase",
    "physical", "pick", "picture", "piece", "place", "plan", "plane", "plans", "plant", "plants",
    "play", "player", "playing", "pleasure", "poem", "point", "points", "police", "political",
    "poor", "popular", "position", "possible", "post", "potential", "pound", "power", "powerful",
    "practice", "prepare", "present", "president", "press", "pressure", "pretty", "prevent",
    "price", "probably", "problem", "problems", "procedure", "process", "produce", "product",
    "products", "program", "project", "promise", "proper", "property", "protect", "prove",
    "provide", "provided", "public", "pull", "purpose", "put", "question", "questions", "quick",
    "quickly", "quiet", "quite", "quote", "race", "rain", "raise", "ran", "range", "rate", "rather",
    "reach", "read", "reader", "reading", "ready", "real", "reality", "really", "reason", "reasons",
    "receive", "received", "recent", "recipe", "recommend", "record", "red", "refer", "refuse",
    "regarding", "relate", "related", "relationship", "release", "remain", "remember", "remove",
    "replace", "reply", "report", "represent", "request", "requests", "require", "required",
    "research", "response", "responses", "rest", "restaurant", "result", "results", "return",
    "review", "rich", "ride", "right", "ring", "rise", "risk", "river", "road", "rock", "role",
    "room", "round", "said", "sale", "salt", "same", "sat", "save", "saw", "saying", "says",
    "scene", "school", "science", "sea", "season", "seat", "second", "section", "see", "seem",
    "seems", "seen", "select", "self", "sell", "sense", "sent", "sentence", "sentences", "separate",
    "series", "serious", "serve", "server", "service", "set", "seven", "several", "sex", "shall",
    "shape", "share", "sharp", "ship", "shoes", "shop", "short", "shot", "shoulder", "shut", "sick",
    "side", "sign", "silver", "similar", "simple", "simply", "since", "single", "sister", "sit",
    "site", "situation", "six", "size", "skin", "sky", "sleep", "slow", "slowly", "small", "smart",
    "smile", "snow", "social", "society", "soft", "software", "sold", "solution", "solve",
    "somebody", "someone", "something", "sometimes", "somewhere", "son", "song", "soon", "sorry",
    "sort", "sound", "source", "south", "space", "speak", "special", "specific", "speech", "speed",
    "spend", "spoke", "sport", "spot", "spring", "square", "stage", "stand", "standard", "star",
    "state", "statement", "states", "station", "stay", "step", "steps", "still", "stock", "stone",
    "stood", "store", "stories", "story", "straight", "strange", "street", "strong", "structure",
    "student", "students", "study", "stuff", "style", "subject", "success", "such", "sudden",
    "suddenly", "sugar", "suggest", "suggestion", "suicide", "summarize", "summary", "summer",
    "sun", "support", "suppose", "sure", "surface", "surprise", "switch", "table", "take", "taken",
    "talk", "talking", "target", "taste", "taught", "teach", "teacher", "team", "tear",
    "technology", "television", "ten", "term", "test", "text", "thank", "thanks", "themselves",
    "therefore", "these", "thick", "thin", "thing", "things", "think", "thinking", "third", "those",
    "though", "thought", "thoughts", "thousand", "three", "through", "throughout", "throw", "thus",
    "time", "times", "tiny", "tired", "title", "today", "together", "told", "tomorrow", "tonight",
    "too", "took", "tool", "tools", "top", "topic", "total", "touch", "toward", "town", "track",
    "trade", "train", "translate", "translation", "travel", "treat", "tree", "trees", "tried",
    "trip", "trouble", "true", "trust", "truth", "try", "trying", "turn", "turned", "two", "type",
    "types", "under", "understand", "unethical", "unfiltered", "unit", "until", "upon", "use",
    "used", "useful", "users", "uses", "using", "usual", "usually", "value", "values", "various",
    "verse", "very", "via", "video", "view", "village", "visit", "voice", "wait", "walk", "wall",
    "want", "wanted", "wants", "war", "warm", "warning", "wash", "watch", "water", "way", "ways",
    "weak", "wear", "weather", "website", "week", "weight", "welcome", "well", "went", "west",
    "wet", "whatever", "where", "whether", "while", "white", "whole", "whose", "why", "wide",
    "wife", "wild", "win", "wind", "window", "winter", "wish", "within", "woman", "women", "wonder",
    "wood", "word", "words", "work", "worked", "worker", "working", "works", "world", "worry",
    "worse", "worst", "worth", "writer", "writing", "written", "wrong", "wrote", "year", "years",
    "yellow", "yes", "yesterday", "yet", "young", "yourself",
};
// clang-format on
constexpr size_t kSlots = 4096;

constexpr PackedWord Pack(std::string_view word) noexcept {
  PackedWord packed;
  for (size_t i = 0; i < word.size(); ++i) {
    const uint64_t byte = static_cast<uint8_t>(word[i]);
    (i < 8 ? packed.low : packed.high) |= byte << 8 * (i % 8);
  }
  return packed;
}
constexpr uint64_t Hash(PackedWord word) noexcept {
  return (word.low + std::rotl(word.high, 29)) * 0x9E3779B97F4A7C15;
}
constexpr size_t SlotOf(uint64_t hash) noexcept {
  return hash >> (64 - std::countr_zero(kSlots));
}
// Most words are none of them, which a bit tells without a guess that fails every third time.
constexpr size_t kFilterBits = 32768;
constexpr size_t FilterBit(uint64_t hash) noexcept {
  return hash >> (64 - std::countr_zero(kFilterBits));
}

// What words of three letters and more end in.
constexpr size_t kEndings = 4096;
constexpr size_t EndingOf(uint32_t last_three) noexcept {
  return last_three * 0x9E3779B1u >> (32 - std::countr_zero(kEndings));
}
constexpr uint32_t LastThree(const char* end) noexcept {
  const auto byte = [&](int back) { return uint32_t{static_cast<uint8_t>(*(end - back))}; };
  return byte(3) | byte(2) << 8 | byte(1) << 16;
}

struct Table {
  std::array<uint64_t, kFilterBits / 64> filter{};
  std::array<uint16_t, kEndings> sizes{};  // bit n - 1: words of n letters
  std::array<uint32_t, 256> pairs{};       // words of two letters, by the first one: bits 'a'..'z'
  std::array<uint16_t, kSlots> slots{};    // number of a word, from 1
  std::array<PackedWord, std::size(kWords)> words{};
};
constexpr Table kTable = [] {
  Table table;
  static_assert(std::size(kWords) * 3 < kSlots);
  for (size_t i = 0; i < std::size(kWords); ++i) {
    table.words[i] = Pack(kWords[i]);
    const char* const end = kWords[i].data() + kWords[i].size();
    if (kWords[i].size() == 2) {
      table.pairs[static_cast<uint8_t>(end[-2])] |= 1u << (end[-1] & 31);
    } else {
      table.sizes[EndingOf(LastThree(end))] |= static_cast<uint16_t>(1u << (kWords[i].size() - 1));
    }
    const uint64_t hash = Hash(table.words[i]);
    table.filter[FilterBit(hash) / 64] |= uint64_t{1} << FilterBit(hash) % 64;
    size_t slot = SlotOf(hash);
    while (table.slots[slot] != 0) slot = (slot + 1) % kSlots;
    table.slots[slot] = static_cast<uint16_t>(i + 1);
  }
  return table;
}();

}  // namespace

bool IsKnownWord(PackedWord word) noexcept {
  const uint64_t hash = Hash(word);
  if ((kTable.filter[FilterBit(hash) / 64] >> FilterBit(hash) % 64 & 1) == 0) return false;
  for (size_t slot = SlotOf(hash); kTable.slots[slot] != 0; slot = (slot + 1) % kSlots) {
    const PackedWord& known = kTable.words[kTable.slots[slot] - 1];
    if (known.low == word.low && known.high == word.high) return true;
  }
  return false;
}

uint32_t WordSizes(const char* letters, size_t end) noexcept {
  if (end < 2) return 0;
  const char* const at = letters + end;
  const uint32_t pair = kTable.pairs[static_cast<uint8_t>(at[-2])] >> (at[-1] & 31) & 1;
  if (end < 3) return pair << 2;
  const uint32_t sizes = uint32_t{kTable.sizes[EndingOf(LastThree(at))]} << 1;
  const uint32_t fits = end >= kMaxPackedBytes ? ~0u : (2u << end) - 1;
  return (sizes & fits) | pair << 2;
}

bool IsKnownWord(std::string_view word) noexcept {
  return word.size() <= kMaxPackedBytes && IsKnownWord(Pack(word));
}

}  // namespace kt::detect::views
