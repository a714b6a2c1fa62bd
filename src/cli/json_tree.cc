#include "cli/json_tree.h"

#include <algorithm>
#include <charconv>

#include "core/json/edits.h"
#include "core/json/view.h"

namespace kt::cli {
namespace {

using config::YamlNode;

// Byte offsets to lines and columns, for offsets that do not decrease.
class Places {
 public:
  Places(std::string_view text, const std::string& file) : text_(text), file_(file) {}
  YamlNode NodeAt(size_t byte, YamlNode::Kind kind) {
    for (; byte_ < std::min(byte, text_.size()); ++byte_) {
      if (text_[byte_] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        column_ += (text_[byte_] & 0xC0) != 0x80;
      }
    }
    YamlNode node;
    node.kind = kind;
    node.line = line_;
    node.column = column_;
    node.file = file_;
    return node;
  }

 private:
  std::string_view text_;
  const std::string& file_;
  size_t byte_ = 0;
  int line_ = 1, column_ = 1;
};

YamlNode::Kind KindOf(json::Kind kind) {
  switch (kind) {
    case json::Kind::kObject:
      return YamlNode::Kind::kMap;
    case json::Kind::kArray:
      return YamlNode::Kind::kList;
    case json::Kind::kNull:
      return YamlNode::Kind::kNull;
    default:
      return YamlNode::Kind::kScalar;
  }
}

// As deep as the view allows.
YamlNode Convert(const json::View& view, json::NodeIndex at, Places* places) {
  const json::Node& from = view.node(at);
  YamlNode node = places->NodeAt(from.begin, KindOf(from.kind));
  const bool map = from.kind == json::Kind::kObject;
  if (node.kind == YamlNode::Kind::kScalar) {
    node.quoted = from.kind == json::Kind::kString;
    node.scalar = node.quoted ? view.String(at)
                              : std::string(view.text().substr(from.begin, from.end - from.begin));
    return node;
  }
  for (json::NodeIndex i = at + 1; i < from.after; i = view.node(i).after) {
    if (!map) {
      node.items.push_back(Convert(view, i, places));
      continue;
    }
    YamlNode key = places->NodeAt(view.node(i).key_begin, YamlNode::Kind::kScalar);
    json::Decoded decoded;
    view.DecodeKey(i, &decoded);
    key.quoted = true;
    key.scalar = decoded.text();
    YamlNode value = Convert(view, i, places);
    node.members.push_back({std::move(key), std::move(value)});
  }
  return node;
}

// The parser names the place in its message.
config::Diagnostic ParseError(const std::string& text, const std::string& file,
                              std::string message) {
  constexpr std::string_view kAt = " at byte ";
  config::Diagnostic error{file, 0, 0, "", "", ""};
  const size_t at = message.rfind(kAt);
  size_t byte = 0;
  if (at != message.npos) {
    const char* digits = message.data() + at + kAt.size();
    std::from_chars(digits, message.data() + message.size(), byte);
    const YamlNode place = Places(text, file).NodeAt(byte, YamlNode::Kind::kNull);
    error.line = place.line;
    error.column = place.column;
    message.resize(at);
  }
  error.reason = "not valid JSON: " + message;
  return error;
}

// RFC 8259's literals and numbers; what YAML writes otherwise (.inf, 0x10, +1) is a text to JSON.
bool IsJsonLiteral(const std::string& text) {
  json::View view;
  if (text.empty() || !view.Parse(text, 0, {}).ok()) return false;
  const json::Kind kind = view.node(0).kind;
  return kind == json::Kind::kNumber || kind == json::Kind::kTrue || kind == json::Kind::kFalse;
}

}  // namespace

bool ParseJsonTree(const std::string& text, const std::string& file, YamlNode* root,
                   std::vector<config::Diagnostic>* errors) {
  json::View view;
  if (Status parsed = view.Parse(text, 0, {}); !parsed.ok()) {
    errors->push_back(ParseError(text, file, parsed.message()));
    return false;
  }
  Places places(text, file);
  *root = Convert(view, 0, &places);
  return true;
}

void AppendJson(const YamlNode& node, std::string* out) {
  bool first = true;
  const auto separate = [&first, out] {
    if (!first) *out += ',';
    first = false;
  };
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      *out += "null";
      return;
    case YamlNode::Kind::kScalar:
      *out += !node.quoted && IsJsonLiteral(node.scalar) ? node.scalar : json::Quote(node.scalar);
      return;
    case YamlNode::Kind::kList:
      *out += '[';
      for (const YamlNode& item : node.items) {
        separate();
        AppendJson(item, out);
      }
      *out += ']';
      return;
    case YamlNode::Kind::kMap:
      *out += '{';
      for (const auto& [key, value] : node.members) {
        separate();
        *out += json::Quote(key.scalar) + ":";
        AppendJson(value, out);
      }
      *out += '}';
      return;
  }
}

}  // namespace kt::cli
