// Streams at random against whole answers: what tests with a seed of their own share.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "stream_against_whole.h"
#include "stream_respelling.h"

namespace kt::session {

// A chain one policy of which has `settings`.
inline std::unique_ptr<const Gateway> With(const std::string& chain, const std::string& kind,
                                           const std::string& settings) {
  return MakeGateway(Yaml(OneTarget(), chain, "policy: {" + kind + ": {" + settings + "}}\n"));
}

inline bool IsBlocked(const std::string& whole) {
  return whole.find("policy_violation") != std::string::npos;
}

class RandomStreams : public StreamAgainstWhole {
 protected:
  explicit RandomStreams(uint32_t seed) : spelling_(Setting("KT_SEED", seed)) {}

  size_t Below(size_t n) { return spelling_.Below(n); }
  template <typename List>
  std::string OneOf(const List& list) {
    return list[Below(std::size(list))];
  }
  // Where the deltas end: every few units in one half of all streams, seldom in the other.
  std::vector<size_t> Cuts(size_t units) {
    std::vector<size_t> cuts;
    const size_t longest = 1 + Below(Below(2) == 0 ? 3 : 40);
    for (size_t at = 1 + Below(longest); at < units; at += 1 + Below(longest)) cuts.push_back(at);
    return cuts;
  }

  Respelling spelling_;
};

}  // namespace kt::session
