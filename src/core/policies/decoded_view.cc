#include "core/policies/decoded_view.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/text.h"

namespace kt::policies {
namespace {

constexpr size_t kMinRunBytes = 24, kMaxRuns = 64, kMaxDecodedBytes = 64 * 1024;
constexpr uint8_t kNoDigit = 255;

constexpr std::array<uint8_t, 256> MakeDigits() {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (uint8_t i = 0; i < 26; ++i) {
    digits['A' + i] = i;
    digits['a' + i] = static_cast<uint8_t>(26 + i);
  }
  for (uint8_t i = 0; i < 10; ++i) digits['0' + i] = static_cast<uint8_t>(52 + i);
  digits['+'] = digits['-'] = 62;
  digits['/'] = digits['_'] = 63;
  return digits;
}
constexpr std::array<uint8_t, 256> kDigits = MakeDigits();

uint8_t DigitOf(char c) noexcept {
  return kDigits[static_cast<unsigned char>(c)];
}

std::string Decode(std::string_view run) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : run) {
    bits = bits << 6 | DigitOf(c);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return out;
}

// Words, not the bytes of a picture or a key.
bool IsReadable(std::string_view text) noexcept {
  size_t blanks = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0x7F || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t')) return false;
    blanks += byte <= 0x20;
  }
  return (blanks > 0 || text.size() < kMinRunBytes ||
          static_cast<unsigned char>(text[0]) >= 0x80) &&
         IsUtf8(text);
}

}  // namespace

std::vector<std::string> DecodeBase64Runs(std::string_view text) {
  std::vector<std::string> out;
  size_t room = kMaxDecodedBytes;
  for (size_t i = 0; i < text.size() && out.size() < kMaxRuns;) {
    size_t end = i;
    while (end < text.size() && DigitOf(text[end]) != kNoDigit) ++end;
    const size_t bytes = end - i;
    if (bytes >= kMinRunBytes && bytes / 4 * 3 <= room) {
      std::string decoded = Decode(text.substr(i, bytes));
      room -= decoded.size() < room ? decoded.size() : room;
      if (IsReadable(decoded)) out.push_back(std::move(decoded));
    }
    i = end + 1;
  }
  return out;
}

}  // namespace kt::policies
