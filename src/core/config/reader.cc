#include "core/config/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/text.h"

namespace kt::config {

namespace {

std::string_view KindName(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return node.quoted ? "a quoted text" : "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

std::string Join(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

// 1000 -> "1000", 0.5 -> "0.5"
std::string NumberText(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

// A leading zero is octal in YAML 1.1 and decimal in 1.2: refused rather than guessed.
bool HasLeadingZero(std::string_view text) {
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

bool IsControl(char c, bool multiline) {
  if (multiline && (c == '\n' || c == '\t')) return false;
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

bool Value::Scalar(std::string_view expected) const {
  if (!present()) return false;
  if (node_->kind == YamlNode::Kind::kScalar) return true;
  Fail("expected " + std::string(expected) + ", found " + std::string(KindName(*node_)));
  return false;
}

bool Value::Plain(std::string_view expected) const {
  if (!Scalar(expected)) return false;
  if (!node_->quoted) return true;
  Fail("expected " + std::string(expected) + ", found a quoted text", "write it without quotes");
  return false;
}

bool Value::Bool(bool* out) const {
  if (!Plain("true or false")) return false;
  const std::string& text = node_->scalar;
  if (text == "true" || text == "True" || text == "TRUE") {
    *out = true;
  } else if (text == "false" || text == "False" || text == "FALSE") {
    *out = false;
  } else {
    const std::string lower = ToLower(text);
    const bool yes = lower == "yes" || lower == "on" || lower == "y" || lower == "1";
    const bool no = lower == "no" || lower == "off" || lower == "n" || lower == "0";
    Fail("expected true or false", yes ? "true" : no ? "false" : "");
    return false;
  }
  return true;
}

bool Value::Number(double min, double max, double* out) const {
  if (!Plain("a number")) return false;
  const std::string& text = node_->scalar;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      HasLeadingZero(text)) {
    Fail("expected a number");
    return false;
  }
  if (value < min || value > max) {
    Fail("must be from " + NumberText(min) + " to " + NumberText(max));
    return false;
  }
  *out = value;
  return true;
}

bool Value::Whole(uint64_t min, uint64_t max, uint64_t* out) const {
  if (!Plain("a whole number")) return false;
  const std::string& text = node_->scalar;
  const bool negative = !text.empty() && text[0] == '-';
  const char* begin = text.data() + (negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end || begin == end || error == std::errc::invalid_argument || HasLeadingZero(text)) {
    Fail("expected a whole number");
    return false;
  }
  if (error != std::errc() || negative || value < min || value > max) {
    Fail("must be from " + std::to_string(min) + " to " + std::to_string(max));
    return false;
  }
  *out = value;
  return true;
}

bool Value::Whole(uint32_t min, uint32_t max, uint32_t* out) const {
  uint64_t value = 0;
  if (!Whole(uint64_t{min}, uint64_t{max}, &value)) return false;
  *out = static_cast<uint32_t>(value);
  return true;
}

bool Value::Text(std::string* out, TextRule rule) const {
  if (!Scalar("a text")) return false;
  const std::string& text = node_->scalar;
  if (text.size() < rule.min_bytes) {
    Fail("must not be empty");
    return false;
  }
  if (text.size() > rule.max_bytes) {
    Fail("is longer than " + std::to_string(rule.max_bytes) + " bytes");
    return false;
  }
  if (std::any_of(text.begin(), text.end(),
                  [&rule](char c) { return IsControl(c, rule.multiline); })) {
    const bool backspace = node_->quoted && text.find('\b') != std::string::npos;
    Fail("holds a control character",
         backspace ? "in \"double quotes\" \\b is a backspace; write expressions in 'single quotes'"
                   : "");
    return false;
  }
  *out = text;
  return true;
}

bool Value::Texts(std::vector<std::string>* out, size_t max_items, TextRule rule) const {
  std::vector<std::string> texts;
  bool valid = true;
  const bool is_list = List(max_items, [&](const Value& item) {
    std::string text;
    if (item.Text(&text, rule)) {
      texts.push_back(std::move(text));
    } else {
      valid = false;
    }
  });
  if (is_list && valid) *out = std::move(texts);
  return is_list && valid;
}

size_t Value::Choose(const std::vector<std::string_view>& names) const {
  if (!Scalar("one of " + Join(names))) return names.size();
  const auto found = std::find(names.begin(), names.end(), node_->scalar);
  if (found == names.end()) {
    Fail("\"" + Printable(node_->scalar) + "\" is not one of " + Join(names),
         std::string(Nearest(node_->scalar, names)));
  }
  return static_cast<size_t>(found - names.begin());
}

bool Value::Map(const std::function<void(MapReader&)>& read) const {
  if (!present()) return false;
  if (node_->kind != YamlNode::Kind::kMap && node_->kind != YamlNode::Kind::kNull) {
    Fail("expected a map, found " + std::string(KindName(*node_)));
    return false;
  }
  MapReader reader(*node_, path_, diagnostics_);
  read(reader);
  reader.ReportUnknownKeys();
  return true;
}

bool Value::List(size_t max_items, const std::function<void(const Value& item)>& read) const {
  if (!present()) return false;
  if (node_->kind != YamlNode::Kind::kList) {
    Fail("expected a list, found " + std::string(KindName(*node_)),
         node_->kind == YamlNode::Kind::kNull ? "write [] for none" : "");
    return false;
  }
  if (node_->items.size() > max_items) {
    Fail("has more than " + std::to_string(max_items) + " entries");
    return false;
  }
  for (size_t i = 0; i < node_->items.size(); ++i) {
    read(Value(&node_->items[i], path_ + "[" + std::to_string(i) + "]", diagnostics_));
  }
  return true;
}

void Value::Fail(std::string reason, std::string suggestion) const {
  diagnostics_->Error(*node_, path_, std::move(reason), std::move(suggestion));
}

void Value::Warn(std::string reason, std::string suggestion) const {
  diagnostics_->Warn(*node_, path_, std::move(reason), std::move(suggestion));
}

void Value::FailNotYet(std::string suggestion) const {
  if (present()) Fail("not supported yet", std::move(suggestion));
}

Value MapReader::Get(std::string_view key) {
  known_.push_back(key);
  const YamlNode* node = map_.Find(key);
  return node == nullptr ? Value() : Value(node, PathOf(key), diagnostics_);
}

Value MapReader::Require(std::string_view key) {
  Value value = Get(key);
  if (!value.present()) diagnostics_->Error(map_, PathOf(key), "is required");
  return value;
}

Value MapReader::Get(std::string_view key, std::string_view alias) {
  return Either(Get(key), Get(alias));
}

void MapReader::NotYet(std::string_view key) {
  Get(key).FailNotYet();
}

void MapReader::Misplaced(std::string_view key, std::string_view advice) {
  misplaced_.emplace_back(key, advice);
}

void MapReader::Each(const std::function<void(const YamlNode& key, const Value& value)>& read) {
  any_key_ = true;
  for (const auto& [key, value] : map_.members) {
    read(key, Value(&value, PathOf(Printable(key.scalar)), diagnostics_));
  }
}

std::string MapReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void MapReader::ReportUnknownKeys() const {
  if (any_key_) return;
  for (const auto& member : map_.members) {
    const std::string& key = member.key.scalar;
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    if (diagnostics_->full()) return;
    const auto advice = std::find_if(misplaced_.begin(), misplaced_.end(),
                                     [&key](const auto& entry) { return entry.first == key; });
    std::string suggestion(advice != misplaced_.end() ? advice->second : Nearest(key, known_));
    diagnostics_->Error(member.key, PathOf(Printable(key)), "unknown key", std::move(suggestion));
  }
}

Value Either(const Value& value, const Value& alias) {
  if (value.present() && alias.present()) {
    alias.Fail("is another name of " + value.path() + ", which is given too", "keep one of them");
  }
  return value.present() ? value : alias;
}

}  // namespace kt::config
