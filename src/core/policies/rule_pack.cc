#include "core/policies/rule_pack.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/ascii.h"
#include "core/detect/fuzzy.h"
#include "core/detect/normalize.h"
#include "core/policies/pack_tree.h"

namespace kt::policies {
namespace {

using config::YamlNode;
using Kind = YamlNode::Kind;

std::string At(const YamlNode& node, std::string_view why) {
  return node.file + ":" + std::to_string(node.line) + ": " + std::string(why);
}

bool IsWord(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

Result<YamlNode> ReadPack(const PackReader& packs, std::string_view name) {
  const std::optional<std::string> text = packs(name);
  const std::string file(name);
  if (!text) {
    return Status::NotFound("rule pack \"" + file +
                            "\" is missing: a directory of rules holds all packs of the chain");
  }
  // The binary's own packs were made a tree when it was built; no YAML that begins so is a pack.
  if (text->starts_with('[')) return ReadPackTree(*text, file);
  YamlNode root;
  std::vector<config::YamlError> errors;
  if (!config::ParseYaml(*text, file, &root, &errors)) {
    if (errors.empty()) return Status::InvalidArgument(file + ": no valid YAML");
    return Status::InvalidArgument(file + ":" + std::to_string(errors[0].line) + ": " +
                                   errors[0].reason);
  }
  if (root.kind != Kind::kMap) return Status::InvalidArgument(file + ": must be a map");
  return root;
}

PackMap::PackMap(const YamlNode& node) : node_(node) {
  if (node.kind != Kind::kMap) Fail("must be a map");
}

void PackMap::Fail(std::string_view why) {
  if (error_.empty()) error_ = At(node_, why);
}

const YamlNode* PackMap::Take(std::string_view key, Kind kind) {
  known_.push_back(key);
  const YamlNode* value = node_.kind == Kind::kMap ? node_.Find(key) : nullptr;
  if (value == nullptr || value->kind == kind) return value;
  if (error_.empty()) error_ = At(*value, "\"" + std::string(key) + "\" has a wrong type");
  return nullptr;
}

std::string PackMap::String(std::string_view key) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value != nullptr && !value->scalar.empty()) return value->scalar;
  Fail("\"" + std::string(key) + "\" is missing");
  return {};
}

std::string PackMap::String(std::string_view key, std::string fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  return value == nullptr ? std::move(fallback) : value->scalar;
}

double PackMap::Number(std::string_view key, double fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value == nullptr) return fallback;
  const std::string& text = value->scalar;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), fallback);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
    Fail("\"" + std::string(key) + "\" must be a number");
  }
  return fallback;
}

bool PackMap::Bool(std::string_view key, bool fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value == nullptr) return fallback;
  if (value->scalar != "true" && value->scalar != "false") {
    Fail("\"" + std::string(key) + "\" must be true or false");
  }
  return value->scalar == "true";
}

std::vector<std::string> PackMap::Strings(std::string_view key) {
  std::vector<std::string> out;
  for (const YamlNode& item : List(key)) {
    if (item.kind != Kind::kScalar) Fail("\"" + std::string(key) + "\" must be a list of strings");
    out.push_back(item.scalar);
  }
  return out;
}

const std::vector<YamlNode>& PackMap::List(std::string_view key) {
  static const std::vector<YamlNode> kNone;
  const YamlNode* value = Take(key, Kind::kList);
  return value == nullptr ? kNone : value->items;
}

const YamlNode* PackMap::Map(std::string_view key) {
  return Take(key, Kind::kMap);
}

Status PackMap::Finish() {
  // Before all others, which may follow from it: a key that is missing since it is misspelt.
  for (const auto& [key, value] : node_.members) {
    if (std::find(known_.begin(), known_.end(), key.scalar) != known_.end()) continue;
    error_ = At(key, "unknown key \"" + key.scalar + "\"");
    break;
  }
  return error_.empty() ? Status::Ok() : Status::InvalidArgument(error_);
}

std::string ExpandBlanks(std::string_view pattern) {
  std::string out;
  out.reserve(pattern.size() * 2);
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t plain = std::min(pattern.find_first_of("\\ []", i), pattern.size());
    out.append(pattern, i, plain - i);
    if (plain == pattern.size()) break;
    i = plain;
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      out.append(pattern.substr(i++, 2));
    } else if (c == ' ' && !in_class) {
      while (i + 1 < pattern.size() && pattern[i + 1] == ' ') ++i;
      out += "(?:\\s{1,5})";
    } else {
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      out += c;
    }
  }
  return out;
}

std::string LiteralPattern(std::string_view literal) {
  // Folded here, since the ends of words depend on it.
  detect::NormalizeOptions options;
  options.look_alikes = false;
  detect::NormalizedText folded;
  const bool usable = detect::Normalize(literal, options, &folded).ok() && !folded.text().empty();
  const std::string_view text = usable ? folded.text() : literal;
  std::string out;
  if (!text.empty() && IsWord(text.front())) out += "\\b";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsBlank(c)) {
      while (i + 1 < text.size() && IsBlank(text[i + 1])) ++i;
      out += "\\s{1,3}";
      continue;
    }
    if (!IsWord(c) && static_cast<unsigned char>(c) < 0x80) out += '\\';
    out += c;
  }
  if (!text.empty() && IsWord(text.back())) out += "\\b";
  return out;
}

std::vector<detect::Rule> TermRules(std::string id, std::string_view term,
                                    uint32_t fuzzy_distance) {
  std::vector<detect::Rule> rules(1);
  rules[0].id = std::move(id);
  rules[0].pattern = LiteralPattern(term);
  rules[0].ignore_case = true;
  const uint32_t distance = detect::FuzzyDistance(term, fuzzy_distance);
  if (distance == 0) return rules;
  detect::Rule& fuzzy = rules.emplace_back();
  fuzzy.id = rules[0].id + ".fuzzy";
  fuzzy.pattern = term;
  fuzzy.fuzzy_distance = distance;
  return rules;
}

}  // namespace kt::policies
