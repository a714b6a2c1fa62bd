#include "core/policies/pii_marker.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

#include "core/base/text.h"

namespace kt::policies {
namespace {

constexpr std::string_view kStars = "****";
constexpr size_t kShownCharacters = 4;
// A shorter value would be given away by its last characters.
constexpr size_t kShortestShown = 8;
constexpr size_t kHashBytes = 6;

std::string_view LastCodePoints(std::string_view text, size_t count) noexcept {
  size_t at = text.size();
  while (at > 0 && count > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) --count;
  }
  return text.substr(at);
}

// What `partial` shows of a value.
std::string_view LastOf(std::string_view value) noexcept {
  return CodePoints(value) >= kShortestShown ? LastCodePoints(value, kShownCharacters)
                                             : std::string_view();
}

std::string KeyedHash(std::string_view key, std::string_view type, std::string_view value) {
  std::string message(type);
  message.push_back('\0');
  message.append(value);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest,
           &length) == nullptr ||
      length < kHashBytes) {
    return {};
  }
  return HexEncode({reinterpret_cast<const char*>(digest), kHashBytes});
}

}  // namespace

bool IsHashOfMark(std::string_view text, size_t begin, size_t end) noexcept {
  const std::string_view hash = text.substr(begin, end - begin);
  if (hash.size() != 2 * kHashBytes) return false;
  if (hash.find_first_not_of("0123456789abcdef") != hash.npos) return false;
  std::string_view before = text.substr(0, begin);
  if (!before.ends_with(':')) return false;
  before.remove_suffix(1);
  const auto in_label = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  size_t label = before.size();
  while (label > 0 && in_label(before[label - 1])) --label;
  return label > 0 && label < before.size() && before[label - 1] == '[';
}

MarkerWriter::MarkerWriter(const config::PiiDetector& config, std::string hash_key)
    : format_(config.marker_format),
      preserve_length_(config.preserve_length),
      custom_(config.custom_markers.begin(), config.custom_markers.end()),
      hash_key_(std::move(hash_key)) {}

const std::string* MarkerWriter::Custom(std::string_view type, std::string_view label) const {
  auto custom = custom_.find(type);
  if (custom == custom_.end()) custom = custom_.find(label);
  return custom != custom_.end() ? &custom->second : nullptr;
}

bool MarkerWriter::Restorable(std::string_view type, std::string_view label) const {
  return format_ == config::MarkerFormat::kReversible && Custom(type, label) == nullptr;
}

size_t MarkerWriter::Shown(std::string_view type, std::string_view label,
                           std::string_view value) const {
  const bool partial = format_ == config::MarkerFormat::kPartial && Custom(type, label) == nullptr;
  return partial ? LastOf(value).size() : 0;
}

std::string MarkerWriter::Write(std::string_view type, std::string_view label,
                                std::string_view value) const {
  if (const std::string* custom = Custom(type, label)) return *custom;
  const size_t length = CodePoints(value);
  switch (format_) {
    case config::MarkerFormat::kAsterisk:
      return preserve_length_ ? std::string(length, '*') : std::string(kStars);
    case config::MarkerFormat::kPartial: {
      const std::string_view shown = LastOf(value);
      const size_t hidden = length - CodePoints(shown);
      return (preserve_length_ ? std::string(hidden, '*') : std::string(kStars)).append(shown);
    }
    case config::MarkerFormat::kHash: {
      // Without a key a mark could be found by trying values.
      const std::string hash = hash_key_.empty() ? "" : KeyedHash(hash_key_, type, value);
      if (!hash.empty()) return "[" + std::string(label) + ":" + hash + "]";
      break;
    }
    case config::MarkerFormat::kLabel:
    case config::MarkerFormat::kReversible:
      break;
  }
  return "[" + std::string(label) + "]";
}

}  // namespace kt::policies
