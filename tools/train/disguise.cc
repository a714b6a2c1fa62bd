#include "disguise.h"

#include <cctype>

#include "core/base/text.h"

namespace kt::train {
namespace {

bool IsLetter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

std::string Base64(std::string_view text) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t v = 0;
    for (size_t k = 0; k < 3; ++k)
      v = v << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out.push_back(i + k > text.size() ? '=' : kDigits[v >> (18 - 6 * k) & 63]);
  }
  return out;
}

}  // namespace

std::string Apply(Disguise disguise, std::string_view text, std::mt19937_64* random) {
  std::string out;
  switch (disguise) {
    case Disguise::kNone:
      return std::string(text);
    case Disguise::kBase64:
      return Base64(text);
    case Disguise::kHex:
      return HexEncode(text);
    case Disguise::kUpper:
      for (const char c : text) out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
      return out;
    case Disguise::kPercent:
      for (const char c : text) (out += '%') += HexEncode(std::string_view(&c, 1));
      return out;
    case Disguise::kReversed:
      return std::string(text.rbegin(), text.rend());
    case Disguise::kRot13:
      for (const char c : text) {
        const char base = c >= 'a' && c <= 'z' ? 'a' : 'A';
        out.push_back(IsLetter(c) ? static_cast<char>(base + (c - base + 13) % 26) : c);
      }
      return out;
    case Disguise::kSpaced:
      for (const char c : text) (out += c) += ' ';
      return out;
    case Disguise::kLeet:
      for (const char c : text) {
        const size_t at = std::string_view("oieastbg").find(AsciiLower(c));
        const bool swap = at != std::string_view::npos && (*random)() % 4 != 0;
        out.push_back(swap ? "01345789"[at] : c);
      }
      return out;
  }
  return out;
}

}  // namespace kt::train
