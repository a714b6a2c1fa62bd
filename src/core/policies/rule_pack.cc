#include "core/policies/rule_pack.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include "core/base/ascii.h"
#include "core/config/diagnostics.h"
#include "core/detect/fuzzy.h"
#include "core/detect/normalize.h"
#include "core/detect/utf8.h"
#include "core/policies/other_spellings.h"
#include "core/policies/pack_tree.h"

namespace kt::policies {
namespace {

using config::YamlNode;
using Kind = YamlNode::Kind;

std::string At(const YamlNode& node, std::string_view why) {
  return node.file + ":" + std::to_string(node.line) + ": " + std::string(why);
}

std::string_view NameOf(Kind kind) noexcept {
  if (kind == Kind::kList) return "a list";
  return kind == Kind::kMap ? "a map" : "one value";
}

// What may stand in place of `key`.
std::string KnownFor(std::string_view key, const std::vector<std::string_view>& known) {
  const std::string_view near = config::Nearest(key, known);
  if (!near.empty()) return "; did you mean \"" + std::string(near) + "\"?";
  std::string out;
  for (size_t i = 0; i < known.size(); ++i) {
    if (std::find(known.begin(), known.begin() + i, known[i]) != known.begin() + i) continue;
    out.append(out.empty() ? "; known here: " : ", ").append(known[i]);
  }
  return out;
}

bool IsWord(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

// A match of more bytes would make streamed answers wait for their end.
constexpr size_t kMostBlanks = 32, kMostTermBytes = detect::kMaxMatchBytes;

// How many blanks may stand where `term` has some: as many as a wrapped and indented line has,
// unless there is no room for them.
size_t MostBlanks(std::string_view term) noexcept {
  size_t bytes = 0, runs = 0;
  for (size_t i = 0; i < term.size(); ++i) {
    if (IsBlank(term[i])) {
      if (i > 0 && !IsBlank(term[i - 1])) ++runs;
    } else {
      // The Kelvin sign and the long s are longer than k and s; capitals may be than small letters.
      bytes += std::string_view("kKsS").find(term[i]) != std::string_view::npos ? 3 : 1;
      if (static_cast<unsigned char>(term[i]) >= 0xC0) ++bytes;
    }
  }
  const size_t room = kMostTermBytes - std::min(bytes, kMostTermBytes);
  return std::clamp(room / std::max<size_t>(runs, 1), size_t{3}, kMostBlanks);
}

// As texts are that it is looked for in, without blanks at its ends.
std::string FoldedTerm(std::string_view term) {
  detect::NormalizeOptions options;
  options.look_alikes = false;
  detect::NormalizedText folded;
  const bool usable = detect::Normalize(term, options, &folded).ok() && !folded.text().empty();
  std::string_view text = usable ? folded.text() : term;
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

// Letters whose words have their ends where others do; Hebrew and Arabic words, say, begin with
// what are words of their own elsewhere. (\b is for ASCII.)
bool IsOfPlainWord(uint32_t code_point) noexcept {
  constexpr uint32_t kRanges[][2] = {{0x80, 0x58F},    {0x10A0, 0x10FF}, {0x1C80, 0x1CBF},
                                     {0x1E00, 0x1FFF}, {0x2C00, 0x2D2F}, {0xA640, 0xA69F},
                                     {0xA720, 0xA7FF}};
  return detect::IsOfWord(code_point) &&
         std::any_of(std::begin(kRanges), std::end(kRanges), [&](const auto& range) {
           return code_point >= range[0] && code_point <= range[1];
         });
}

// Denies what is a part of a longer word. Null: \b says it all.
std::function<size_t(const detect::Candidate&)> WholeWord(std::string_view term) {
  if (term.empty()) return nullptr;
  const bool begin = IsOfPlainWord(detect::DecodeUtf8(term, 0).value);
  const bool end = IsOfPlainWord(detect::DecodeUtf8Before(term, term.size()).value);
  if (!begin && !end) return nullptr;
  return [begin, end](const detect::Candidate& c) -> size_t {
    const bool inside =
        (begin && c.begin > 0 &&
         detect::IsOfWord(detect::DecodeUtf8Before(c.text, c.begin).value)) ||
        (end && c.end < c.text.size() && detect::IsOfWord(detect::DecodeUtf8(c.text, c.end).value));
    return inside ? 0 : c.match().size();
  };
}

}  // namespace

std::optional<int> CountOf(std::string_view text) {
  constexpr int kMost = 1000;
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool valid = error == std::errc() && end == text.data() + text.size();
  return valid && count >= 0 && count <= kMost ? std::optional<int>(count) : std::nullopt;
}

Result<YamlNode> ReadPack(const PackReader& packs, std::string_view name) {
  const std::optional<std::string> text = packs(name);
  const std::string file(name);
  if (!text) {
    return Status::NotFound(
        "rule pack \"" + file +
        "\" is missing or cannot be read: a directory of rules holds all packs of the "
        "chain");
  }
  // The binary's own packs were made a tree when it was built.
  if (AreShipped(packs) && text->starts_with('[')) return ReadPackTree(*text, file);
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
  FailAt(node_, why);
}

void PackMap::FailAt(const YamlNode& node, std::string_view why) {
  if (error_.empty()) error_ = At(node, why);
}

const YamlNode* PackMap::Take(std::string_view key, Kind kind) {
  known_.push_back(key);
  const YamlNode* value = node_.kind == Kind::kMap ? node_.Find(key) : nullptr;
  if (value == nullptr || value->kind == kind) return value;
  FailAt(*value, "\"" + std::string(key) + "\" must be " + std::string(NameOf(kind)));
  return nullptr;
}

void PackMap::CheckText(std::string_view key, const YamlNode& text) {
  // None of it can be meant: blanks and letters are what rules are about.
  if (text.scalar.find('\b') == text.scalar.npos) return;
  FailAt(text, "\"" + std::string(key) +
                   "\" holds a backspace, which \\b is in \"double quotes\": write expressions in "
                   "'single quotes'");
}

std::string PackMap::String(std::string_view key) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value != nullptr) CheckText(key, *value);
  if (value != nullptr && !value->scalar.empty()) return value->scalar;
  Fail("\"" + std::string(key) + "\" is missing");
  return {};
}

std::string PackMap::String(std::string_view key, std::string fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  return value == nullptr ? std::move(fallback) : value->scalar;
}

double PackMap::Number(std::string_view key) {
  if (Take(key, Kind::kScalar) == nullptr) Fail("\"" + std::string(key) + "\" is missing");
  return Number(key, 0);
}

double PackMap::Number(std::string_view key, double fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value == nullptr) return fallback;
  const std::string& text = value->scalar;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), fallback);
  const bool whole_text = result.ec == std::errc{} && result.ptr == text.data() + text.size();
  if (text.empty() || !whole_text || !std::isfinite(fallback)) {
    Fail("\"" + std::string(key) + "\" must be a number");
    return 0;
  }
  return fallback;
}

int PackMap::Count(std::string_view key, int fallback) {
  const YamlNode* value = Take(key, Kind::kScalar);
  if (value == nullptr) return fallback;
  const std::optional<int> count = CountOf(value->scalar);
  if (!count) Fail("\"" + std::string(key) + "\" must be a number from 0 to 1000");
  return count.value_or(fallback);
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
    if (item.kind != Kind::kScalar || item.scalar.empty()) {
      FailAt(item, "\"" + std::string(key) + "\" must be a list of strings");
    }
    CheckText(key, item);
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
    error_ = At(key, "unknown key \"" + key.scalar + "\"" + KnownFor(key.scalar, known_));
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

std::string LiteralPattern(std::string_view text) {
  const std::string blanks = "\\s{1," + std::to_string(MostBlanks(text)) + "}";
  std::string out;
  if (!text.empty() && IsWord(text.front())) out += "\\b";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsBlank(c)) {
      while (i + 1 < text.size() && IsBlank(text[i + 1])) ++i;
      out += blanks;
      continue;
    }
    if (!IsWord(c) && static_cast<unsigned char>(c) < 0x80) out += '\\';
    out += c;
  }
  if (!text.empty() && IsWord(text.back())) out += "\\b";
  return out;
}

std::vector<std::string> TermErrors(const std::string& path,
                                    const std::vector<std::string>& terms) {
  std::vector<std::string> errors;
  detect::NormalizedText text;
  for (size_t i = 0; i < terms.size(); ++i) {
    const bool invisible = detect::Normalize(terms[i], {}, &text).ok() &&
                           std::all_of(text.text().begin(), text.text().end(), IsBlank);
    if (!invisible) continue;
    errors.push_back(path + "[" + std::to_string(i) +
                     "]: holds nothing that can be seen: never acts");
  }
  return errors;
}

std::vector<detect::Rule> TermRules(std::string id, std::string_view term,
                                    uint32_t fuzzy_distance) {
  const std::string folded = FoldedTerm(term);
  detect::Rule exact;
  exact.id = std::move(id);
  exact.pattern = LiteralPattern(folded);
  exact.ignore_case = true;
  exact.validate = WholeWord(folded);
  std::vector<detect::Rule> rules = WithOtherSpellings(std::move(exact));
  const uint32_t distance = detect::FuzzyDistance(term, fuzzy_distance);
  if (distance == 0) return rules;
  detect::Rule& fuzzy = rules.emplace_back();
  fuzzy.id = rules[0].id + ".fuzzy";
  fuzzy.pattern = term;
  fuzzy.fuzzy_distance = distance;
  return rules;
}

}  // namespace kt::policies
