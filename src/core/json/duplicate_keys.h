// Finds two members of one object whose keys are the same text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"

namespace kt::json {

class DuplicateKeys {
 public:
  // The first found member of `object` whose key, unescaped, another member has too; kNoNode when
  // all differ. `members`: their number. Few members are compared pairwise, many are sorted: no
  // choice of keys makes it quadratic, which a hash table would not promise.
  NodeIndex Find(std::string_view text, const std::vector<Node>& nodes, NodeIndex object,
                 uint32_t members);
  // Gives back buffers larger than what ordinary objects need.
  void Trim();

 private:
  struct Key {
    std::string_view text;
    NodeIndex member;
  };
  void Collect(std::string_view text, const std::vector<Node>& nodes, NodeIndex object);
  NodeIndex FindPairwise() const noexcept;
  NodeIndex FindSorted();

  std::vector<Key> keys_;
  std::string unescaped_;  // storage of keys with escapes
};

}  // namespace kt::json
