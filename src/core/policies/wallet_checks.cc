#include "core/policies/wallet_checks.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/text.h"

namespace kt::policies {

namespace {

constexpr uint8_t kNoDigit = 0xFF;
constexpr std::array<uint8_t, 256> kBase58 = [] {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}();

// A version, a hash of 20 bytes, and four of a check sum.
constexpr size_t kWalletBytes = 25, kCheckedBytes = 21;

// False: no such digits, or a number of more bytes.
bool FromBase58(std::string_view text, std::array<unsigned char, kWalletBytes>* out) noexcept {
  constexpr size_t kAtOnce = 10;  // 58^10 < 2^64
  constexpr size_t kWords = 7;    // of 32 bits, the lowest first
  std::array<uint32_t, kWords> words{};
  while (!text.empty()) {
    uint64_t digits = 0, factor = 1;
    const size_t count = std::min(kAtOnce, text.size());
    for (size_t i = 0; i < count; ++i) {
      const uint8_t digit = kBase58[static_cast<unsigned char>(text[i])];
      if (digit == kNoDigit) return false;
      digits = digits * 58 + digit;
      factor *= 58;
    }
    text.remove_prefix(count);
    unsigned __int128 carry = digits;
    for (uint32_t& word : words) {
      carry += static_cast<unsigned __int128>(factor) * word;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0 || words[kWords - 1] > 0xFF) return false;
  }
  for (size_t i = 0; i < out->size(); ++i) {
    const size_t place = out->size() - 1 - i;
    (*out)[i] = static_cast<unsigned char>(words[place / 4] >> (8 * (place % 4)));
  }
  return true;
}

}  // namespace

size_t Base58Wallet(const detect::Candidate& c) {
  std::array<unsigned char, kWalletBytes> bytes{};
  if (!FromBase58(c.match(), &bytes)) return 0;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(bytes.data(), kCheckedBytes, hash.data());
  SHA256(hash.data(), hash.size(), hash.data());
  const bool right = std::equal(bytes.begin() + kCheckedBytes, bytes.end(), hash.begin());
  return right ? c.match().size() : 0;
}

size_t Bech32Wallet(const detect::Candidate& c) {
  static constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  static constexpr uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                            0x2a1462b3};
  uint32_t check = 1;
  const auto add = [&](uint32_t value) {
    const uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (size_t i = 0; i < 5; ++i) check ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  };
  // All of it may be in capitals (BIP 173).
  const std::string m = ToLower(c.match());
  const size_t one = m.find('1');
  for (const char ch : std::string_view(m).substr(0, one)) add(static_cast<uint32_t>(ch) >> 5);
  add(0);
  for (const char ch : std::string_view(m).substr(0, one)) add(static_cast<uint32_t>(ch) & 31);
  for (const char ch : std::string_view(m).substr(one + 1)) {
    const size_t value = kAlphabet.find(ch);
    if (value == kAlphabet.npos) return 0;
    add(static_cast<uint32_t>(value));
  }
  return check == 1 || check == 0x2bc830a3 ? m.size() : 0;
}

}  // namespace kt::policies
