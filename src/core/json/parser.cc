#include "core/json/parser.h"

#include <cstring>

#include "core/json/escape.h"

namespace kt::json {
namespace {

// A member is a key, a colon, a value and a comma, but for the last one; containers are short.
constexpr uint32_t kTokensPerNode = 3;
constexpr size_t kUsualDepth = 8;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

size_t SkipDigits(std::string_view token, size_t i) noexcept {
  while (i < token.size() && IsDigit(token[i])) ++i;
  return i;
}

// RFC 8259, 6.
bool IsNumber(std::string_view token) noexcept {
  size_t i = 0;
  if (i < token.size() && token[i] == '-') ++i;
  if (i >= token.size() || !IsDigit(token[i])) return false;
  i = token[i] == '0' ? i + 1 : SkipDigits(token, i);
  if (i < token.size() && token[i] == '.') {
    const size_t digits = ++i;
    i = SkipDigits(token, i);
    if (i == digits) return false;
  }
  if (i < token.size() && (token[i] == 'e' || token[i] == 'E')) {
    ++i;
    if (i < token.size() && (token[i] == '+' || token[i] == '-')) ++i;
    const size_t digits = i;
    i = SkipDigits(token, i);
    if (i == digits) return false;
  }
  return i == token.size();
}

// One of 64 bits; the same for the same key. Precondition: a string without escapes.
uint64_t KindOfKey(std::string_view text, uint32_t begin, uint32_t end) noexcept {
  const auto byte = [&](uint32_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[i]));
  };
  const uint32_t sum = byte(begin + 1) | byte(end - 2) << 8 | byte((begin + end) / 2) << 16;
  return uint64_t{1} << ((sum ^ (end - begin) << 24) * 0x9E3779B1u >> 26);
}

}  // namespace

bool SharedParser::Impl::Run(std::string_view text, size_t padding, const Limits& limits,
                             std::vector<Node>* nodes) {
  const bool ok = Start(text, padding, limits, nodes) && Walk();
  index_.Trim();
  duplicates_.Trim();
  return ok;
}

bool SharedParser::Impl::Start(std::string_view text, size_t padding, const Limits& limits,
                               std::vector<Node>* nodes) {
  text_ = text;
  limits_ = limits;
  nodes_ = nodes;
  next_ = strings_ = 0;
  backslash_ = 0;
  open_.clear();
  open_.reserve(kUsualDepth);
  nodes->clear();
  refusal = Refusal::kNone;
  if (text.starts_with(kByteOrderMark)) {
    return Fail(Refusal::kInvalidUtf8, "it begins with a byte order mark", 0);
  }
  switch (index_.Build(text, padding)) {
    case TokenIndex::Outcome::kOk:
      break;
    case TokenIndex::Outcome::kInvalidJson:
      return Fail(Refusal::kInvalidJson,
                  "empty text, unclosed string or control character in a string", 0);
    case TokenIndex::Outcome::kInvalidUtf8:
      return Fail(Refusal::kInvalidUtf8, "some bytes are none", 0);
    case TokenIndex::Outcome::kInternal:
      return Fail(Refusal::kInternal, "parser out of memory, or text of 4 GiB or more", 0);
  }
  tokens_ = index_.tokens();
  count_ = index_.size();
  size_ = static_cast<uint32_t>(text.size());
  nodes->reserve(count_ / kTokensPerNode + 1);
  return true;
}

bool SharedParser::Impl::Fail(Refusal why, const char* what, size_t at) {
  refusal = why;
  reason = what;
  position = static_cast<uint32_t>(at);
  return false;
}

// Between the end of a token and the next one there are blanks only.
uint32_t SharedParser::Impl::TokenEnd(uint32_t i) const noexcept {
  uint32_t end = Token(i + 1);
  while (end > tokens_[i] + 1 && IsBlank(text_[end - 1])) --end;
  return end;
}

bool SharedParser::Impl::Walk() {
  if (!AddNode(kNoNode, 0) || !Value()) return false;
  while (!open_.empty()) {
    const Open& top = open_.back();
    if (top.members == 0 && ByteAt(next_) == top.closer) {
      if (!Close()) return false;
    } else if (!Member()) {
      return false;
    }
    if (!AfterValue()) return false;
  }
  if (next_ != count_) return Fail(Refusal::kInvalidJson, "bytes behind the value", Token(next_));
  return true;
}

// Begins the node of the value that is read next, which stays the last one until it is read.
bool SharedParser::Impl::AddNode(NodeIndex parent, uint32_t position) {
  if (nodes_->size() >= limits_.max_values) {
    return Fail(Refusal::kTooManyStrings, "too many values", Token(next_));
  }
  const auto after = static_cast<NodeIndex>(nodes_->size() + 1);
  nodes_->push_back({Kind::kNull, false, false, 0, 0, 0, 0, parent, after, position});
  return true;
}

// Reads one member or element of the innermost container.
bool SharedParser::Impl::Member() {
  Open& top = open_.back();
  if (!AddNode(top.node, top.members++)) return false;
  if (top.closer == '}' && !Key(&top)) return false;
  return Value();
}

// Behind a value: a comma, or the ends of containers. A container that was opened just now has no
// value to stand behind yet.
bool SharedParser::Impl::AfterValue() {
  while (!open_.empty()) {
    const bool just_opened = open_.back().members == 0;
    if (just_opened) return true;
    if (ByteAt(next_) == ',') {
      ++next_;
      return true;
    }
    if (!Close()) return false;
  }
  return true;
}

bool SharedParser::Impl::Close() {
  const Open top = open_.back();
  if (ByteAt(next_) != top.closer) {
    return Fail(Refusal::kInvalidJson, "comma or end of container expected", Token(next_));
  }
  open_.pop_back();
  Node& node = (*nodes_)[top.node];
  node.end = tokens_[next_++] + 1;
  node.after = static_cast<NodeIndex>(nodes_->size());
  if (!top.alike) return true;
  const NodeIndex twice = duplicates_.Find(text_, *nodes_, top.node, top.members);
  if (twice == kNoNode) return true;
  return Fail(Refusal::kDuplicateKey, "duplicate key", (*nodes_)[twice].key_begin);
}

bool SharedParser::Impl::Key(Open* object) {
  if (ByteAt(next_) != '"') return Fail(Refusal::kInvalidJson, "key expected", Token(next_));
  const uint32_t begin = tokens_[next_], end = TokenEnd(next_);
  if (ByteAt(next_ + 1) != ':') {
    return Fail(Refusal::kInvalidJson, "colon expected", Token(next_ + 1));
  }
  next_ += 2;
  Node& member = nodes_->back();
  member.key_begin = begin;
  member.key_end = end;
  if (!String(begin, end, &member.key_escaped)) return false;
  const uint64_t kind = KindOfKey(text_, begin, end);
  object->alike |= member.key_escaped | ((object->kinds_of_keys & kind) != 0);
  object->kinds_of_keys |= kind;
  return true;
}

bool SharedParser::Impl::Value() {
  if (next_ >= count_) return Fail(Refusal::kInvalidJson, "value expected", size_);
  Node& node = nodes_->back();
  node.begin = tokens_[next_];
  const char c = text_[node.begin];
  if (c == '{' || c == '[') return Container(&node, c);
  node.end = TokenEnd(next_++);
  if (c != '"') return Scalar(&node);
  node.kind = Kind::kString;
  return String(node.begin, node.end, &node.escaped);
}

bool SharedParser::Impl::Container(Node* node, char opener) {
  if (open_.size() >= limits_.max_depth)
    return Fail(Refusal::kTooDeep, "nested too deep", node->begin);
  const bool object = opener == '{';
  node->kind = object ? Kind::kObject : Kind::kArray;
  open_.push_back({static_cast<NodeIndex>(nodes_->size() - 1), 0, 0, object ? '}' : ']', false});
  ++next_;
  return true;
}

bool SharedParser::Impl::Scalar(Node* node) {
  const std::string_view token = text_.substr(node->begin, node->end - node->begin);
  if (token == "true") {
    node->kind = Kind::kTrue;
  } else if (token == "false") {
    node->kind = Kind::kFalse;
  } else if (token == "null") {
    node->kind = Kind::kNull;
  } else if (IsNumber(token)) {
    node->kind = Kind::kNumber;
  } else {
    return Fail(Refusal::kInvalidJson, "value expected", node->begin);
  }
  return true;
}

bool SharedParser::Impl::String(uint32_t begin, uint32_t end, bool* escaped) {
  if (end - begin < 2 || text_[end - 1] != '"') {
    return Fail(Refusal::kInvalidJson, "malformed string", begin);
  }
  if (++strings_ > limits_.max_strings) {
    return Fail(Refusal::kTooManyStrings, "too many strings", begin);
  }
  // Strings are read in their order, so that each byte of the text is looked at once: most strings
  // end before the next backslash of the text.
  return backslash_ >= end - 1 || Escapes(begin + 1, end - 1, escaped);
}

// The inside of a string: [begin, close).
bool SharedParser::Impl::Escapes(size_t begin, size_t close, bool* escaped) {
  size_t at = Backslash(begin);
  *escaped = at < close;
  while (at < close) {
    if (at + 1 < close && kShortEscapes[static_cast<unsigned char>(text_[at + 1])] != 0) {
      at = Backslash(at + 2);
      continue;
    }
    const Escape escape = ReadEscape(text_.substr(0, close), at);
    if (escape.raw_length == 0) return Fail(Refusal::kInvalidJson, "invalid escape", at);
    if (escape.lone_surrogate && limits_.lone_surrogates == LoneSurrogates::kRefuse) {
      return Fail(Refusal::kInvalidUtf8, "half of a surrogate pair", at);
    }
    at = Backslash(at + escape.raw_length);
  }
  return true;
}

size_t SharedParser::Impl::Backslash(size_t from) noexcept {
  if (backslash_ < from) backslash_ = FindBackslash(text_, from);
  return backslash_;
}

}  // namespace kt::json
