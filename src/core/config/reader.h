// A typed cursor over the YAML tree: every read names its key, so that the path of an error, the
// set of known keys and the check for unknown ones come from the code that reads.
//
// Reads never fail as such: what is wrong goes to Diagnostics, and the output keeps its default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.h"
#include "core/config/policy_config.h"
#include "core/config/yaml_tree.h"

namespace kt::config {

struct TextRule {
  size_t min_bytes = 1;
  size_t max_bytes = 4096;
  bool multiline = false;  // line feeds and tabs may stand in it
};

template <typename E>
struct Choice {
  std::string_view name;
  E value;
};

class MapReader;

// One value, or none. Every method returns true when a valid value was read; an absent value is no
// error, a null one is.
class Value {
 public:
  Value() = default;
  Value(const YamlNode* node, std::string path, Diagnostics* diagnostics)
      : node_(node), path_(std::move(path)), diagnostics_(diagnostics) {}

  bool present() const noexcept { return node_ != nullptr; }
  const YamlNode& node() const { return *node_; }  // precondition: present()
  const std::string& path() const noexcept { return path_; }
  // Null exactly when the value is absent.
  Diagnostics* diagnostics() const noexcept { return diagnostics_; }
  Mark mark() const { return {node_->file, node_->line, node_->column}; }

  bool Bool(bool* out) const;
  bool Number(double min, double max, double* out) const;
  bool Whole(uint64_t min, uint64_t max, uint64_t* out) const;
  bool Whole(uint32_t min, uint32_t max, uint32_t* out) const;
  bool Text(std::string* out, TextRule rule = {}) const;
  bool Texts(std::vector<std::string>* out, size_t max_items, TextRule rule = {}) const;

  template <typename E, size_t N>
  bool OneOf(const Choice<E> (&choices)[N], E* out) const {
    std::vector<std::string_view> names;
    for (const Choice<E>& choice : choices) names.push_back(choice.name);
    const size_t chosen = Choose(names);
    if (chosen < N) *out = choices[chosen].value;
    return chosen < N;
  }
  // Index in `names`, or names.size() after an error or when absent.
  size_t Choose(const std::vector<std::string_view>& names) const;

  // A null value reads as an empty map. `read` asks for all keys that it knows; the others are then
  // reported.
  bool Map(const std::function<void(MapReader&)>& read) const;
  bool List(size_t max_items, const std::function<void(const Value& item)>& read) const;

  void Fail(std::string reason, std::string suggestion = {}) const;
  void Warn(std::string reason, std::string suggestion = {}) const;
  // Known, documented, and unsafe to ignore.
  void FailNotYet(std::string suggestion = {}) const;

 private:
  bool Scalar(std::string_view expected) const;
  bool Plain(std::string_view expected) const;

  const YamlNode* node_ = nullptr;
  std::string path_;
  Diagnostics* diagnostics_ = nullptr;
};

class MapReader {
 public:
  MapReader(const YamlNode& map, std::string path, Diagnostics* diagnostics)
      : map_(map), path_(std::move(path)), diagnostics_(diagnostics) {}

  // Makes `key` known. `key` must be a literal.
  Value Get(std::string_view key);
  // The same; absence is an error at the map.
  Value Require(std::string_view key);
  // `key` under its other name; both given is an error.
  Value Get(std::string_view key, std::string_view alias);
  // A documented key that is an error while it is not supported.
  void NotYet(std::string_view key);
  // Where a key that is often put here belongs: a sentence. Not a known key.
  void Misplaced(std::string_view key, std::string_view advice);

  // For maps whose keys are the user's own: key node and value.
  void Each(const std::function<void(const YamlNode& key, const Value& value)>& read);

  const YamlNode& node() const noexcept { return map_; }
  const std::string& path() const noexcept { return path_; }
  Diagnostics* diagnostics() const noexcept { return diagnostics_; }
  std::string PathOf(std::string_view key) const;

  void ReportUnknownKeys() const;

 private:
  const YamlNode& map_;
  std::string path_;
  Diagnostics* diagnostics_;
  bool any_key_ = false;
  std::vector<std::string_view> known_;
  std::vector<std::pair<std::string_view, std::string_view>> misplaced_;
};

// Of two places for one setting: the one that is given. Both given is an error at the second.
Value Either(const Value& value, const Value& alias);

}  // namespace kt::config
