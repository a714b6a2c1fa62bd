#include "core/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <unordered_set>

#include "core/base/text.h"
#include "core/config/diagnostics.h"

namespace kt::config {

namespace {

constexpr size_t kMaxBytes = 1u << 20;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxNodes = 50'000;
constexpr size_t kMaxErrors = 100;

// Ends the parse from inside a callback; never leaves this file.
struct Abort {};

YamlError ErrorAt(const YAML::Mark& mark, std::string reason) {
  if (mark.is_null()) return {0, 0, std::move(reason)};
  return {mark.line + 1, mark.column + 1, std::move(reason)};
}

// Line and column of a byte offset.
YamlError ErrorAt(std::string_view text, size_t offset, std::string reason) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1, std::move(reason)};
}

// What is refused before the library sees the text: it guesses encodings from byte order marks,
// replaces malformed bytes silently and stops at NUL.
std::optional<YamlError> CheckBytes(std::string_view text) {
  if (text.size() > kMaxBytes) return YamlError{0, 0, "the file is larger than 1 MiB"};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return YamlError{1, 1, "begins with a byte order mark; save it as UTF-8 without one"};
  }
  if (!IsUtf8(text)) {
    const std::string replaced = ReplaceInvalidUtf8(text);
    const auto differs = std::mismatch(text.begin(), text.end(), replaced.begin(), replaced.end());
    return ErrorAt(text, static_cast<size_t>(differs.first - text.begin()), "is not valid UTF-8");
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
      return ErrorAt(text, i, "a carriage return without a line feed");
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      return ErrorAt(text, i, "a control character");
    }
  }
  return std::nullopt;
}

// The library takes the end of the text for a closing quote, so a truncated file would load.
bool IsClosedQuote(std::string_view text, size_t begin) {
  if (begin >= text.size()) return true;
  const char quote = text[begin];
  if (quote != '"' && quote != '\'') return true;
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, YamlNode* root,
          std::vector<YamlError>* errors)
      : text_(text), file_(file), root_(root), errors_(errors) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Fatal(mark, "a second document; one file holds one");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    Error(mark, "anchors and aliases are not accepted; write the value out", Path());
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    null_offset_ = static_cast<size_t>(std::max(mark.pos, 0));
    Place(NewNode(mark, YamlNode::Kind::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Error(mark, "anchors and aliases are not accepted; write the value out", Path());
    null_offset_.reset();  // its mark is right
    Place(NewNode(mark, YamlNode::Kind::kNull));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    YamlNode node = NewNode(mark, YamlNode::Kind::kScalar);
    node.quoted = tag == "!";  // the library's mark for "not plain"
    node.scalar = value;
    if (tag != "!" && tag != "?" && !tag.empty()) RefuseTag(mark);
    if (node.quoted && !IsClosedQuote(text_, static_cast<size_t>(std::max(mark.pos, 0)))) {
      Fatal(mark, "a quoted text that is not closed");
    }
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  // The innermost list or map that is still open.
  const YamlNode* Innermost() const { return levels_.empty() ? nullptr : &levels_.back().node; }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // map: read, its value is awaited
    std::unordered_set<std::string> keys;
  };

  void Error(const YAML::Mark& mark, std::string reason, std::string path) {
    errors_->push_back(ErrorAt(mark, std::move(reason)));
    errors_->back().path = std::move(path);
    if (errors_->size() >= kMaxErrors) throw Abort{};
  }
  [[noreturn]] void Fatal(const YAML::Mark& mark, std::string reason) {
    errors_->push_back(ErrorAt(mark, std::move(reason)));
    throw Abort{};
  }
  void RefuseTag(const YAML::Mark& mark) { Error(mark, "tags are not accepted", Path()); }

  // Of the value that comes next. `key`: the last part, where it has no value yet.
  std::string Path(const YamlNode* key = nullptr) const {
    std::string path;
    for (const Level& level : levels_) {
      const bool last = &level == &levels_.back();
      const YamlNode* name = last && key != nullptr ? key : level.key ? &*level.key : nullptr;
      if (level.node.kind == YamlNode::Kind::kList) {
        path += "[" + std::to_string(level.node.items.size()) + "]";
      } else if (name != nullptr) {
        path += (path.empty() ? "" : ".") + Printable(name->scalar);
      }
    }
    return path;
  }

  YamlNode NewNode(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (++nodes_ > kMaxNodes) Fatal(mark, "more than 50,000 values");
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    node.file = file_;
    return node;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YamlNode::Kind kind) {
    if (!tag.empty() && tag != "?") RefuseTag(mark);
    if (levels_.size() == kMaxDepth) Fatal(mark, "nested deeper than 32 levels");
    if (AwaitsKey()) Fatal(mark, "a key must be a text, not a list or a map");
    levels_.push_back({NewNode(mark, kind), std::nullopt, {}});
  }
  void Close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    Place(std::move(node));
  }

  bool AwaitsKey() const {
    return !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::kMap &&
           !levels_.back().key;
  }

  void Place(YamlNode node) {
    if (levels_.empty()) {
      *root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::kList) {
      if (node.kind == YamlNode::Kind::kNull) MoveToDash(&node);
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      level.key = std::move(node);
    } else {
      AddMember(&level, std::move(node));
    }
  }

  // The library marks a missing list entry at the token that follows; its dash is the better place.
  void MoveToDash(YamlNode* node) const {
    constexpr size_t kMaxIndentation = 256;  // keeps hostile lines linear
    if (!null_offset_) return;
    size_t i = std::min(*null_offset_, text_.size());
    int lines = 0;
    while (i > 0 && (text_[i - 1] == ' ' || text_[i - 1] == '\n' || text_[i - 1] == '\r')) {
      lines += text_[--i] == '\n';
    }
    if (i == 0 || text_[i - 1] != '-') return;
    const size_t dash = i - 1;
    size_t line_start = dash;
    while (line_start > 0 && text_[line_start - 1] != '\n') {
      if (dash - --line_start > kMaxIndentation) return;
    }
    node->line -= lines;
    node->column = static_cast<int>(dash - line_start) + 1;
  }

  void AddMember(Level* level, YamlNode value) {
    YamlNode key = std::move(*level->key);
    level->key.reset();
    const YAML::Mark mark = MarkOf(key);
    if (value.kind == YamlNode::Kind::kNull && null_offset_) {
      // The library marks a missing value at the token that follows.
      value.line = key.line;
      value.column = key.column;
    }
    if (key.kind != YamlNode::Kind::kScalar) return Error(mark, "a key must be a text", Path());
    if (!key.quoted && key.scalar == "<<") {
      return Error(mark, "merge keys are not accepted", Path());
    }
    if (!level->keys.insert(key.scalar).second) {
      return Error(mark, "a duplicate key; it is already given above", Path(&key));
    }
    level->node.members.push_back({std::move(key), std::move(value)});
  }

  static YAML::Mark MarkOf(const YamlNode& node) {
    YAML::Mark mark;
    mark.line = node.line - 1;
    mark.column = node.column - 1;
    return mark;
  }

  std::string_view text_;
  const std::string& file_;
  YamlNode* root_;
  std::vector<YamlError>* errors_;
  std::vector<Level> levels_;
  size_t nodes_ = 0, documents_ = 0;
  std::optional<size_t> null_offset_;  // of the last null; none for an alias
};

// In our words and at our place, where the library's would puzzle.
YamlError Explain(const YAML::Exception& e, const YamlNode* innermost) {
  if (e.msg.ends_with(" flow not found") && innermost != nullptr) {
    const bool list = innermost->kind == YamlNode::Kind::kList;
    return {innermost->line, innermost->column,
            list ? "not valid YAML: \"[\" that is not closed"
                 : "not valid YAML: \"{\" that is not closed"};
  }
  if (e.msg == "illegal map value" || e.msg == "end of map not found") {
    return ErrorAt(e.mark,
                   "not valid YAML: wrong indentation, or a text with \": \" that needs quotes");
  }
  if (e.msg.starts_with("unknown escape character")) {
    return ErrorAt(
        e.mark, "not valid YAML: " + e.msg + "; in 'single quotes' a backslash stands for itself");
  }
  return ErrorAt(e.mark, "not valid YAML: " + e.msg);
}

std::optional<YamlError> TabInIndentation(std::string_view text, int line) {
  size_t start = 0;
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return std::nullopt;
    start = end + 1;
  }
  size_t i = start;
  while (i < text.size() && text[i] == ' ') ++i;
  if (i >= text.size() || text[i] != '\t') return std::nullopt;
  return YamlError{line, static_cast<int>(i - start) + 1, "a tab in the indentation; use spaces"};
}

// Runs the library. False: the tree is not complete; the reason is in *errors.
bool RunParser(std::string_view text, const std::string& file, YamlNode* root,
               std::vector<YamlError>* errors) {
  Builder builder(text, file, root, errors);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return true;
  } catch (const Abort&) {
  } catch (const YAML::Exception& e) {
    const auto tab = TabInIndentation(text, e.mark.line + 1);
    errors->push_back(tab ? *tab : Explain(e, builder.Innermost()));
  } catch (const std::exception&) {
    errors->push_back({0, 0, "could not be read: out of memory"});
  }
  return false;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

bool ParseYaml(std::string_view text, const std::string& file, YamlNode* root,
               std::vector<YamlError>* errors) {
  *root = YamlNode{};
  root->file = file;
  const size_t errors_before = errors->size();
  if (auto error = CheckBytes(text)) {
    errors->push_back(std::move(*error));
    return false;
  }
  if (!RunParser(text, file, root, errors)) {
    *root = YamlNode{};
    root->file = file;
  }
  return errors->size() == errors_before;
}

}  // namespace kt::config
