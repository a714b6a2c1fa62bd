#include "core/json/duplicate_keys.h"

#include <algorithm>
#include <cstring>

#include "core/json/escape.h"

namespace kt::json {
namespace {

constexpr uint32_t kPairwiseLimit = 24;
constexpr size_t kKeptKeys = 1024, kKeptBytes = 4096;

std::string_view InsideKey(std::string_view text, const Node& node) noexcept {
  return text.substr(node.key_begin + 1, node.key_end - node.key_begin - 2);
}

}  // namespace

NodeIndex DuplicateKeys::Find(std::string_view text, const std::vector<Node>& nodes,
                              NodeIndex object, uint32_t members) {
  if (members < 2) return kNoNode;
  keys_.reserve(members);
  Collect(text, nodes, object);
  return members <= kPairwiseLimit ? FindPairwise() : FindSorted();
}

void DuplicateKeys::Collect(std::string_view text, const std::vector<Node>& nodes,
                            NodeIndex object) {
  keys_.clear();
  unescaped_.clear();
  const auto end = static_cast<NodeIndex>(nodes.size());
  size_t escaped_bytes = 0;
  for (NodeIndex i = object + 1; i < end; i = nodes[i].after) {
    keys_.push_back({InsideKey(text, nodes[i]), i});
    if (nodes[i].key_escaped) escaped_bytes += keys_.back().text.size();
  }
  if (escaped_bytes == 0) return;
  // Text is never longer than its escaped form, so that no append moves what is referred to.
  unescaped_.reserve(escaped_bytes);
  for (Key& key : keys_) {
    if (!nodes[key.member].key_escaped) continue;
    const size_t begin = unescaped_.size();
    AppendUnescaped(key.text, &unescaped_);
    key.text = std::string_view(unescaped_).substr(begin);
  }
}

void DuplicateKeys::Trim() {
  if (keys_.capacity() > kKeptKeys) std::vector<Key>().swap(keys_);
  if (unescaped_.capacity() > kKeptBytes) std::string().swap(unescaped_);
}

NodeIndex DuplicateKeys::FindPairwise() const noexcept {
  for (size_t i = 1; i < keys_.size(); ++i) {
    const std::string_view key = keys_[i].text;
    for (size_t j = 0; j < i; ++j) {
      if (keys_[j].text.size() == key.size() && keys_[j].text == key) return keys_[i].member;
    }
  }
  return kNoNode;
}

NodeIndex DuplicateKeys::FindSorted() {
  std::sort(keys_.begin(), keys_.end(), [](const Key& a, const Key& b) {
    if (a.text.size() != b.text.size()) return a.text.size() < b.text.size();
    const int order = std::memcmp(a.text.data(), b.text.data(), a.text.size());
    return order != 0 ? order < 0 : a.member < b.member;
  });
  for (size_t i = 1; i < keys_.size(); ++i) {
    if (keys_[i].text == keys_[i - 1].text) return keys_[i].member;
  }
  return kNoNode;
}

}  // namespace kt::json
