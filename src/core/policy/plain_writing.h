// How the plain form of a text was written. Private to policy/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "core/base/ascii.h"
#include "core/policy/reading.h"

namespace kt::policy {

inline bool IsAscii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return kt::IsAscii(c); });
}

class PlainWriting final : public detect::Writing {
 public:
  // `end`: what of the plain text is looked into. Both outlive this.
  PlainWriting(const Reading& reading, size_t end) : reading_(reading), end_(end) {}

  bool IsAscii(size_t begin, size_t end) override;
  // Streams: the first begin of what is ASCII up to the end: a mark that follows belongs to it, and
  // is none. SIZE_MAX: there is none.
  size_t open() const noexcept { return open_; }

 private:
  const Reading& reading_;
  const size_t end_;
  size_t open_ = SIZE_MAX;
};

}  // namespace kt::policy
