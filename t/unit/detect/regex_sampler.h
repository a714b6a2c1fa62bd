// Makes random matches of an expression from its tree: what the tests of prefix forms and of
// hold-back feed on.
#pragma once

#include <re2/re2.h>

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/regex_tree.h"

namespace kt::detect {

class RegexSampler {
 public:
  explicit RegexSampler(uint32_t seed) : random_(seed) {}

  // Mostly matches; assertions (\b) are not looked at, so the caller checks.
  std::string Sample(const RegexNode& node) {
    std::string out;
    Append(node, &out);
    return out;
  }
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

 private:
  void Append(const RegexNode& node, std::string* out) {
    switch (node.kind) {
      case RegexNode::Kind::kAssert:
        return;
      case RegexNode::Kind::kAtom: {
        const std::vector<std::string>& from = Pool(node.text);
        if (!from.empty()) *out += from[Below(from.size())];
        return;
      }
      case RegexNode::Kind::kConcat:
        for (const RegexNode& child : node.children) Append(child, out);
        return;
      case RegexNode::Kind::kAlternate:
        return Append(node.children[Below(node.children.size())], out);
      case RegexNode::Kind::kRepeat: {
        const int max = node.max == RegexNode::kNoMax ? node.min + 6 : node.max;
        // The ends of the range are where declarations go wrong.
        const size_t dice = Below(4);
        int n = node.min + static_cast<int>(Below(static_cast<size_t>(max - node.min) + 1));
        if (dice == 0) n = max;
        if (dice == 1) n = node.min;
        for (int i = 0; i < n; ++i) Append(node.children[0], out);
        return;
      }
    }
  }
  // The characters of a fixed alphabet that an atom matches.
  const std::vector<std::string>& Pool(const std::string& atom) {
    auto [it, fresh] = pools_.try_emplace(atom);
    if (!fresh) return it->second;
    const RE2 expression(atom, RE2::Quiet);
    const auto consider = [&](std::string character) {
      if (RE2::FullMatch(character, expression)) it->second.push_back(std::move(character));
    };
    for (char c = '\t'; c < '\x7F'; ++c) consider(std::string(1, c));
    for (const char* wide : {"é", "ß", "Å", "ſ", "\u212A", "\u212B", "п", "И", "н", "提", "示",
                             "系", "—", "\u200B", "\U0001F600", "\U000E0041"}) {
      consider(wide);
    }
    // An atom outside the alphabet is a literal: it matches itself.
    if (it->second.empty()) {
      consider(atom.starts_with("(?i:") ? atom.substr(4, atom.size() - 5) : atom);
    }
    return it->second;
  }

  std::mt19937 random_;
  std::map<std::string, std::vector<std::string>> pools_;
};

}  // namespace kt::detect
