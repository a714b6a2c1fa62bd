// Base64 of any bytes, as texts hold it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kt::detect {

inline std::string Base64(std::string_view bytes, bool url = false, bool pad = true) {
  static constexpr std::string_view kStd =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t v = 0;
    for (size_t k = 0; k < 3; ++k) {
      v = v << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      const bool filler = i + k > bytes.size();
      char c = kStd[v >> (18 - 6 * k) & 63];
      if (url) c = c == '+' ? '-' : c == '/' ? '_' : c;
      if (!filler || pad) out.push_back(filler ? '=' : c);
    }
  }
  return out;
}

// In lines of `width` digits, each but the last ended by `line_end`.
inline std::string WrappedBase64Of(std::string_view bytes, size_t width,
                                   std::string_view line_end = "\n") {
  const std::string digits = Base64(bytes);
  std::string lines;
  for (size_t at = 0; at < digits.size(); at += width) {
    if (at > 0) lines += line_end;
    lines.append(digits, at, width);
  }
  return lines;
}

}  // namespace kt::detect
