#include "core/json/view.h"

#include <algorithm>
#include <charconv>

#include "core/json/escape.h"
#include "core/json/parser.h"

namespace kt::json {
namespace {

constexpr size_t kKeptNodes = 1024;
constexpr size_t kShownKeyBytes = 64;

// The bytes between the quotes of a string that spans [begin, end).
std::string_view Inside(std::string_view text, uint32_t begin, uint32_t end) noexcept {
  return text.substr(begin + 1, end - begin - 2);
}

bool IsPlainKeyByte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '$';
}

std::string ShownKey(std::string_view key) {
  std::string shown(key.substr(0, kShownKeyBytes));
  for (char& c : shown) {
    if (!IsPlainKeyByte(c)) c = '?';
  }
  return shown;
}

}  // namespace

std::pair<uint32_t, uint32_t> Decoded::RawSpan(size_t begin, size_t end) const noexcept {
  if (steps_.empty()) {
    return {raw_begin_ + static_cast<uint32_t>(begin), raw_begin_ + static_cast<uint32_t>(end)};
  }
  const auto step_of = [this](size_t offset) {
    const auto behind =
        std::upper_bound(steps_.begin(), steps_.end(), offset,
                         [](size_t value, const Step& step) { return value < step.decoded; });
    return *(behind - 1);
  };
  const Step first = step_of(begin);
  const auto into_first = static_cast<uint32_t>(begin - first.decoded);
  const bool cuts_first = into_first < first.decoded_length;
  const uint32_t raw_begin =
      cuts_first ? first.raw : first.raw + first.raw_length + into_first - first.decoded_length;
  if (begin == end) {
    return {raw_begin, cuts_first && into_first != 0 ? first.raw + first.raw_length : raw_begin};
  }
  const Step last = step_of(end - 1);
  const auto into_last = static_cast<uint32_t>(end - last.decoded);
  const uint32_t plain = into_last > last.decoded_length ? into_last - last.decoded_length : 0;
  return {raw_begin, last.raw + last.raw_length + plain};
}

SharedParser::SharedParser() noexcept = default;
SharedParser::~SharedParser() = default;

View::View(SharedParser* parser) : parser_(parser) {}
View::~View() = default;
View::View(View&&) noexcept = default;
View& View::operator=(View&&) noexcept = default;

Status View::Parse(std::string_view text, size_t padding, const Limits& limits) {
  if (parser_ == nullptr) {
    own_parser_ = std::make_unique<SharedParser>();
    parser_ = own_parser_.get();
  }
  if (parser_->impl_ == nullptr) parser_->impl_ = std::make_unique<SharedParser::Impl>();
  SharedParser::Impl& parser = *parser_->impl_;
  if (nodes_.capacity() > kKeptNodes) std::vector<Node>().swap(nodes_);
  text_ = text;
  const bool ok = parser.Run(text, padding, limits, &nodes_);
  refusal_ = parser.refusal;
  if (ok) return Status::Ok();
  nodes_.clear();
  std::string message = parser.reason;
  if (parser.position != 0) message += " at byte " + std::to_string(parser.position);
  switch (refusal_) {
    case Refusal::kTooDeep:
    case Refusal::kTooManyStrings:
      return Status::ResourceExhausted(std::move(message));
    case Refusal::kInternal:
      return Status::Internal(std::move(message));
    default:
      return Status::InvalidArgument(std::move(message));
  }
}

void View::Trim() noexcept {
  text_ = {};
  nodes_.clear();
  if (nodes_.capacity() > kKeptNodes) std::vector<Node>().swap(nodes_);
}

NodeIndex View::Find(NodeIndex object, std::string_view key) const noexcept {
  if (object >= nodes_.size() || nodes_[object].kind != Kind::kObject) return kNoNode;
  const NodeIndex end = nodes_[object].after;
  for (NodeIndex i = object + 1; i < end; i = nodes_[i].after) {
    if (KeyEquals(i, key)) return i;
  }
  return kNoNode;
}

void View::FindEach(NodeIndex object, std::span<const std::string_view> keys,
                    NodeIndex* found) const noexcept {
  std::fill_n(found, keys.size(), kNoNode);
  if (object >= nodes_.size() || nodes_[object].kind != Kind::kObject) return;
  const NodeIndex end = nodes_[object].after;
  for (NodeIndex i = object + 1; i < end; i = nodes_[i].after) {
    const Node& node = nodes_[i];
    const std::string_view inside = Inside(text_, node.key_begin, node.key_end);
    for (size_t k = 0; k < keys.size(); ++k) {
      const bool same = node.key_escaped ? UnescapedEquals(inside, keys[k])
                                         : inside.size() == keys[k].size() && inside == keys[k];
      if (!same) continue;
      found[k] = i;
      break;
    }
  }
}

void View::DecodeSpan(uint32_t begin, uint32_t end, bool escaped, Decoded* out) const {
  const std::string_view inside = Inside(text_, begin, end);
  out->raw_begin_ = begin + 1;
  out->steps_.clear();
  out->owned_ = escaped;
  out->text_ = inside;
  if (!escaped) {
    out->storage_.clear();
    return;
  }
  std::string& text = out->storage_;
  text.clear();
  text.reserve(inside.size());  // the text is never longer than its escaped form
  out->steps_.push_back({0, begin + 1, 0, 0});
  for (size_t at = 0; at < inside.size();) {
    const size_t backslash = FindBackslash(inside, at);
    text.append(inside, at, backslash - at);
    at = backslash;
    if (at == inside.size()) break;
    const uint32_t raw = begin + 1 + static_cast<uint32_t>(at);
    const auto length = static_cast<uint32_t>(text.size());
    const char plain = kShortEscapes[static_cast<unsigned char>(inside[at + 1])];
    if (plain != '\0') {
      out->steps_.push_back({length, raw, 1, 2});
      text.push_back(plain);
      at += 2;
      continue;
    }
    const Escape escape = ReadEscape(inside, at);
    out->steps_.push_back({length, raw, escape.utf8_length, escape.raw_length});
    text.append(escape.text());
    at += std::max<size_t>(escape.raw_length, 1);  // never 0: Parse has read every escape
  }
}

void View::Decode(NodeIndex string, Decoded* out) const {
  const Node& n = nodes_[string];
  DecodeSpan(n.begin, n.end, n.escaped, out);
}

void View::DecodeKey(NodeIndex member, Decoded* out) const {
  const Node& n = nodes_[member];
  DecodeSpan(n.key_begin, n.key_end, n.key_escaped, out);
}

std::string View::String(NodeIndex i) const {
  if (i >= nodes_.size() || nodes_[i].kind != Kind::kString) return {};
  std::string out;
  AppendUnescaped(Inside(text_, nodes_[i].begin, nodes_[i].end), &out);
  return out;
}

bool View::Equals(NodeIndex i, std::string_view value) const {
  if (i >= nodes_.size() || nodes_[i].kind != Kind::kString) return false;
  const std::string_view inside = Inside(text_, nodes_[i].begin, nodes_[i].end);
  return nodes_[i].escaped ? UnescapedEquals(inside, value) : inside == value;
}

bool View::KeyEquals(NodeIndex i, std::string_view key) const noexcept {
  if (i >= nodes_.size() || nodes_[i].key_end == 0) return false;
  const std::string_view inside = Inside(text_, nodes_[i].key_begin, nodes_[i].key_end);
  return nodes_[i].key_escaped ? UnescapedEquals(inside, key) : inside == key;
}

uint32_t View::Unsigned(NodeIndex i, uint32_t otherwise) const noexcept {
  if (i >= nodes_.size() || nodes_[i].kind != Kind::kNumber) return otherwise;
  const char* begin = text_.data() + nodes_[i].begin;
  const char* end = text_.data() + nodes_[i].end;
  uint32_t value = 0;
  const auto [rest, error] = std::from_chars(begin, end, value);
  return error == std::errc() && rest == end ? value : otherwise;
}

std::string View::Path(NodeIndex i) const {
  std::string path;
  while (i < nodes_.size() && nodes_[i].parent != kNoNode) {
    const Node& n = nodes_[i];
    std::string part;
    if (nodes_[n.parent].kind == Kind::kArray) {
      part = "[" + std::to_string(n.position) + "]";
    } else {
      if (nodes_[n.parent].parent != kNoNode) part = ".";
      part += ShownKey(Inside(text_, n.key_begin, n.key_end));
    }
    path.insert(0, part);
    i = n.parent;
  }
  return path;
}

}  // namespace kt::json
