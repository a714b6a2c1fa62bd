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
  if (text.starts_with(kByteOrderMark)) return Fail(Refusal::kInvalidUtf8, "byte order mark", 0);
  switch (index_.Build(text, padding)) {
    case TokenIndex::Outcome::kOk:
      break;
    case TokenIndex::Outcome::kInvalidJson:
      return Fail(Refusal::kInvalidJson,
                  "empty text, unclosed string or control character in a string", 0);
    case TokenIndex::Outcome::kInvalidUtf8:
      return Fail(Refusal::kInvalidUtf8, "invalid UTF-8", 0);
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
  Node root{};
  root.parent = kNoNode;
  if (!Value(root)) return false;
  while (!open_.empty()) {
    const Node& top = (*nodes_)[open_.back().node];
    const char closer = top.kind == Kind::kObject ? '}' : ']';
    if (ByteAt(next_) == closer && open_.back().members == 0) {
      if (!Close(closer)) return false;
    } else if (!Member()) {
      return false;
    }
    if (!AfterValue()) return false;
  }
  if (next_ != count_) return Fail(Refusal::kInvalidJson, "bytes behind the value", Token(next_));
  return true;
}

// Reads one member or element of the innermost container.
bool SharedParser::Impl::Member() {
  Open& top = open_.back();
  Node node{};
  node.parent = top.node;
  node.position = top.members++;
  if ((*nodes_)[top.node].kind == Kind::kObject && !Key(&node)) return false;
  return Value(node);
}

// Behind a value: a comma, or the ends of containers. A container that was opened just now has no
// value to stand behind yet.
bool SharedParser::Impl::AfterValue() {
  while (!open_.empty()) {
    const Open& top = open_.back();
    const bool just_opened = top.members == 0;
    if (just_opened) return true;
    const char c = ByteAt(next_);
    if (c == ',') {
      ++next_;
      return true;
    }
    if (!Close((*nodes_)[top.node].kind == Kind::kObject ? '}' : ']')) return false;
  }
  return true;
}

bool SharedParser::Impl::Close(char closer) {
  if (ByteAt(next_) != closer) {
    return Fail(Refusal::kInvalidJson, "comma or end of container expected", Token(next_));
  }
  const Open top = open_.back();
  open_.pop_back();
  Node& node = (*nodes_)[top.node];
  node.end = tokens_[next_++] + 1;
  node.after = static_cast<NodeIndex>(nodes_->size());
  if (closer != '}') return true;
  const NodeIndex twice = duplicates_.Find(text_, *nodes_, top.node, top.members);
  if (twice == kNoNode) return true;
  return Fail(Refusal::kDuplicateKey, "duplicate key", (*nodes_)[twice].key_begin);
}

bool SharedParser::Impl::Key(Node* member) {
  if (ByteAt(next_) != '"') return Fail(Refusal::kInvalidJson, "key expected", Token(next_));
  member->key_begin = tokens_[next_];
  member->key_end = TokenEnd(next_);
  if (!String(member->key_begin, member->key_end, &member->key_escaped)) return false;
  if (ByteAt(++next_) != ':') return Fail(Refusal::kInvalidJson, "colon expected", Token(next_));
  ++next_;
  return true;
}

bool SharedParser::Impl::Value(Node node) {
  if (next_ >= count_) return Fail(Refusal::kInvalidJson, "value expected", size_);
  node.begin = tokens_[next_];
  const char c = text_[node.begin];
  if (c == '{' || c == '[') return Container(node, c);
  node.end = TokenEnd(next_);
  if (c == '"') {
    node.kind = Kind::kString;
    if (!String(node.begin, node.end, &node.escaped)) return false;
    ++next_;
    return Append(node);
  }
  return Scalar(node);
}

bool SharedParser::Impl::Container(Node node, char opener) {
  if (open_.size() >= limits_.max_depth) return Fail(Refusal::kTooDeep, "too deep", node.begin);
  node.kind = opener == '{' ? Kind::kObject : Kind::kArray;
  if (!Append(node)) return false;
  open_.push_back({static_cast<NodeIndex>(nodes_->size() - 1), 0});
  ++next_;
  return true;
}

bool SharedParser::Impl::Scalar(Node node) {
  const std::string_view token = text_.substr(node.begin, node.end - node.begin);
  if (token == "true") {
    node.kind = Kind::kTrue;
  } else if (token == "false") {
    node.kind = Kind::kFalse;
  } else if (token == "null") {
    node.kind = Kind::kNull;
  } else if (IsNumber(token)) {
    node.kind = Kind::kNumber;
  } else {
    return Fail(Refusal::kInvalidJson, "value expected", node.begin);
  }
  ++next_;
  return Append(node);
}

bool SharedParser::Impl::Append(const Node& node) {
  if (nodes_->size() >= limits_.max_values) {
    return Fail(Refusal::kTooManyStrings, "too many values", node.begin);
  }
  nodes_->push_back(node);
  nodes_->back().after = static_cast<NodeIndex>(nodes_->size());
  return true;
}

bool SharedParser::Impl::String(uint32_t begin, uint32_t end, bool* escaped) {
  if (end - begin < 2 || text_[end - 1] != '"') {
    return Fail(Refusal::kInvalidJson, "malformed string", begin);
  }
  if (++strings_ > limits_.max_strings) {
    return Fail(Refusal::kTooManyStrings, "too many strings", begin);
  }
  const size_t close = end - 1;
  size_t at = Backslash(begin + 1);
  *escaped = at < close;
  while (at < close) {
    if (at + 1 < close && kShortEscapes[static_cast<unsigned char>(text_[at + 1])] != 0) {
      at = Backslash(at + 2);
      continue;
    }
    const Escape escape = ReadEscape(text_.substr(0, close), at);
    if (escape.raw_length == 0) return Fail(Refusal::kInvalidJson, "invalid escape", at);
    if (escape.lone_surrogate && limits_.lone_surrogates == LoneSurrogates::kRefuse) {
      return Fail(Refusal::kInvalidUtf8, "lone surrogate", at);
    }
    at = Backslash(at + escape.raw_length);
  }
  return true;
}

// Strings are read in their order, so that each byte of the text is looked at once: most strings
// end before the next backslash of the text.
size_t SharedParser::Impl::Backslash(size_t from) noexcept {
  if (backslash_ < from) backslash_ = FindBackslash(text_, from);
  return backslash_;
}

}  // namespace kt::json
