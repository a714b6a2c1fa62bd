#include "core/policies/wallet_checks.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/text.h"

namespace kt::policies {

size_t Base58Wallet(const detect::Candidate& c) {
  static constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::array<unsigned char, 25> bytes{};
  for (const char ch : c.match()) {
    size_t carry = kAlphabet.find(ch);
    if (carry == kAlphabet.npos) return 0;
    for (size_t i = bytes.size(); i-- > 0;) {
      carry += size_t{58} * bytes[i];
      bytes[i] = static_cast<unsigned char>(carry);
      carry >>= 8;
    }
    if (carry != 0) return 0;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(bytes.data(), 21, hash.data());
  SHA256(hash.data(), hash.size(), hash.data());
  return std::memcmp(hash.data(), bytes.data() + 21, 4) == 0 ? c.match().size() : 0;
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
