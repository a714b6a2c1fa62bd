// Reads rule packs (policies/*.yaml) strictly: an unknown key, a missing one or a wrong type is an
// error that names file and line.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/config/yaml_tree.h"
#include "core/detect/matcher.h"
#include "core/policies/registry.h"

namespace kt::policies {

// The parsed pack. kNotFound when the reader has no such file; kInvalidArgument otherwise.
Result<config::YamlNode> ReadPack(const PackReader& packs, std::string_view name);

// "12": a whole number from 0 to 1000; nothing else stands there.
std::optional<int> CountOf(std::string_view text);

// One map of a pack. The first error is kept; the values of a failed map are not to be used.
class PackMap {
 public:
  explicit PackMap(const config::YamlNode& node);

  std::string String(std::string_view key);  // required
  std::string String(std::string_view key, std::string fallback);
  double Number(std::string_view key);  // required
  double Number(std::string_view key, double fallback);
  int Count(std::string_view key, int fallback);  // see CountOf
  bool Bool(std::string_view key, bool fallback);
  std::vector<std::string> Strings(std::string_view key);           // absent: empty
  const std::vector<config::YamlNode>& List(std::string_view key);  // absent: empty
  const config::YamlNode* Map(std::string_view key);                // absent: null
  void Fail(std::string_view why);
  // Call last: reports keys that nobody asked for.
  Status Finish();

 private:
  void FailAt(const config::YamlNode& node, std::string_view why);
  void CheckText(std::string_view key, const config::YamlNode& text);
  const config::YamlNode* Take(std::string_view key, config::YamlNode::Kind kind);

  const config::YamlNode& node_;
  std::vector<std::string_view> known_;
  std::string error_;
};

// `pattern` with each blank outside a class standing for any run of one to five blanks.
std::string ExpandBlanks(std::string_view pattern);

// `text`, which is folded, as an expression; a run of blanks matches any of up to 32 as long as
// matches are bounded, and an end that is a letter, digit or underscore of ASCII must be the end of
// a word.
std::string LiteralPattern(std::string_view text);

// What is wrong with terms that stand below `path`: of some nothing is left once they are
// normalised.
std::vector<std::string> TermErrors(const std::string& path, const std::vector<std::string>& terms);

// A user's term under `id`, whatever its case: the rule for its exact form, one for other spellings
// of that (other_spellings.h) and, where it may hold edits (detect/fuzzy.h), one for what is within
// `fuzzy_distance` of it. 0: none. A term that ends with a letter is a whole word, in alphabets
// that divide words by blanks and write no others as one with them.
std::vector<detect::Rule> TermRules(std::string id, std::string_view term, uint32_t fuzzy_distance);

}  // namespace kt::policies
