// The walk over a text of whose passages some are known (passages.h). Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/detect/passages.h"

namespace kt::detect {

class PassageWalk {
 public:
  explicit PassageWalk(Passages* passages) noexcept : passages_(passages) {}

  // A candidate that has to be looked at in known passages too; all of them, in order.
  void See(size_t target, size_t at) noexcept {
    if (passages_ == nullptr) return;
    Passages::Passage& passage = Of(at);
    if (passage.known) return;
    Passages::Places& places = passage.places;
    if (places.count == Passages::Places::kMost || target > UINT16_MAX) {
      passage.clean = false;
      return;
    }
    places.at[places.count] = static_cast<uint16_t>(at - passage.begin);
    places.target[places.count++] = static_cast<uint16_t>(target);
  }

  // Where to go on instead of `begin`. Calls take(target, at) for the candidates before that which
  // See was told when the passages became known.
  template <typename Take>
  size_t Skip(size_t begin, const Take& take) {
    if (passages_ == nullptr) return begin;
    for (; next_ < passages_->list().size(); ++next_) {
      const Passages::Passage& passage = passages_->list()[next_];
      if (passage.end <= begin) continue;
      if (!passage.known || begin < passage.begin) break;
      for (size_t i = 0; i < passage.places.count; ++i) {
        const size_t at = passage.begin + passage.places.at[i];
        if (at >= begin) take(passage.places.target[i], at);
      }
      begin = passage.end;
    }
    return begin;
  }

 private:
  Passages::Passage& Of(size_t at) noexcept {
    while (passages_->list()[seen_].end <= at) ++seen_;
    return passages_->list()[seen_];
  }

  Passages* const passages_;
  size_t next_ = 0, seen_ = 0;
};

}  // namespace kt::detect
