// A memory of passages by their very bytes, in place of hashes: what the matcher may rely on.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "core/detect/passages.h"

namespace kt::detect {

class KnownPassages {
 public:
  // How many are known of the text.
  size_t Begin(std::string_view text, Passages* passages) {
    passages->Cut(text);
    size_t known = 0;
    for (size_t i = 0; i < passages->list().size(); ++i) {
      const auto found = known_.find(KeyOf(text, *passages, i));
      if (found == known_.end()) continue;
      passages->list()[i].known = true;
      passages->list()[i].places = found->second;
      ++known;
    }
    return known;
  }
  void Keep(std::string_view text, const Passages& passages) {
    for (size_t i = 0; i < passages.list().size(); ++i) {
      const Passages::Passage& passage = passages.list()[i];
      if (passage.clean && !passage.known) known_[KeyOf(text, passages, i)] = passage.places;
    }
  }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  static Key KeyOf(std::string_view text, const Passages& passages, size_t i) {
    const auto list = passages.list();
    const auto bytes = [&](size_t at) -> std::string {
      if (at >= list.size()) return at == list.size() ? "the end" : "the begin";
      return std::string(text.substr(list[at].begin, list[at].end - list[at].begin));
    };
    return {bytes(i - 1), bytes(i), bytes(i + 1)};
  }
  std::map<Key, Passages::Places> known_;
};

}  // namespace kt::detect
