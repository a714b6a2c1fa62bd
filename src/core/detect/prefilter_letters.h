// Letters beside those of ASCII that rules match in any case. Private to detect/.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::detect {

// Bytes of the long s or the Kelvin sign, which are s and k under (?i); 0: neither stands there.
inline size_t FoldingLetter(std::string_view text, size_t at) noexcept {
  if (text.substr(at, 2) == "\xC5\xBF") return 2;
  return text.substr(at, 3) == "\xE2\x84\xAA" ? 3 : 0;
}

}  // namespace kt::detect
