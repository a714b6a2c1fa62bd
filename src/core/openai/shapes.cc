#include "core/openai/shapes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "core/base/text.h"

namespace kt::openai {
namespace {

enum : uint8_t {
  kWordByte = 1,
  kIdByte = 2,
  kModelByte = 4,
  kBase64Byte = 8,
  kDigit = 16,
  kCapital = 32
};

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view bytes, unsigned mask) {
    for (const char c : bytes) {
      auto& entry = classes[static_cast<unsigned char>(c)];
      entry = static_cast<uint8_t>(entry | mask);
    }
  };
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
      kWordByte | kIdByte | kModelByte | kBase64Byte);
  add(".", kWordByte | kIdByte | kModelByte);
  add(":/+=|", kIdByte | kModelByte);
  add("@", kModelByte);
  add("/+", kBase64Byte);
  add("0123456789", kDigit);
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZ", kCapital);
  return classes;
}

constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

bool AllOf(std::string_view value, uint8_t mask) noexcept {
  uint8_t common = mask;
  for (const char c : value) common &= kClasses[static_cast<unsigned char>(c)];
  return common == mask;
}

template <size_t n>
bool IsOneOf(std::string_view value, const std::string_view (&words)[n]) noexcept {
  for (const std::string_view word : words) {
    if (value == word) return true;
  }
  return false;
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// "%PDF-" and "PK\3\4" in base64.
bool BeginsLikeDocument(std::string_view payload) noexcept {
  return payload.starts_with("JVBERi0") || payload.starts_with("UEsDB");
}

// "resp_" and base64, in which LiteLLM keeps whom it asked.
bool IsWrappedId(std::string_view value) noexcept {
  constexpr size_t kMostBytes = 1024;
  static constexpr std::string_view kKinds[] = {"resp_", "msg_",     "cntr_",
                                                "cnt_",  "encitem_", "file-"};
  if (value.size() > kMostBytes) return false;
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](std::string_view kind) {
    return value.starts_with(kind) && IsBase64(value.substr(kind.size()));
  });
}

}  // namespace

bool IsWord(std::string_view value) noexcept {
  // A date has eight digits, a social security number nine.
  constexpr size_t kMaxWord = 48, kMaxDigits = 8, kMaxCapitals = 12;
  if (value.size() > kMaxWord) return false;
  unsigned common = kWordByte, digits = 0, capitals = 0;
  for (const char c : value) {
    const unsigned kinds = kClasses[static_cast<unsigned char>(c)];
    common &= kinds;
    digits += (kinds & kDigit) / kDigit;
    capitals += kinds / kCapital;
  }
  if (common == 0) return false;
  return digits <= kMaxDigits && (digits == 0 || capitals == 0 || value.size() <= kMaxCapitals);
}

bool IsId(std::string_view value) noexcept {
  constexpr size_t kMostBytes = 128;
  constexpr std::string_view kThought = "__thought__";
  if (value.size() <= kMostBytes && AllOf(value, kIdByte)) return true;
  if (IsWrappedId(value)) return true;
  const size_t at = value.substr(0, kMostBytes).find(kThought);
  return at != value.npos && AllOf(value.substr(0, at), kIdByte) &&
         IsBase64(value.substr(at + kThought.size()));
}

bool IsModelName(std::string_view value) noexcept {
  return value.size() <= 256 && AllOf(value, kModelByte);
}

bool IsBase64(std::string_view value) noexcept {
  for (int i = 0; i < 2 && value.ends_with('='); ++i) value.remove_suffix(1);
  return AllOf(value, kBase64Byte);
}

bool IsBase64Image(std::string_view value) noexcept {
  // PNG, JPEG, GIF, WebP.
  static constexpr std::string_view kBegins[] = {"iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR"};
  for (const std::string_view begin : kBegins) {
    if (value.starts_with(begin)) return IsBase64(value);
  }
  return false;
}

bool IsBase64Sound(std::string_view value) noexcept {
  constexpr size_t kLeast = 32;
  return value.size() >= kLeast && IsBase64(value);
}

bool IsKnownRole(std::string_view value) noexcept {
  static constexpr std::string_view kRoles[] = {"user",      "assistant", "system",
                                                "developer", "tool",      "function"};
  return IsOneOf(value, kRoles);
}

bool IsToolChoiceWord(std::string_view value) noexcept {
  static constexpr std::string_view kWords[] = {"auto", "none", "required", "any"};
  return IsOneOf(value, kWords);
}

std::string FoldKey(std::string_view key) {
  constexpr std::string_view kLongS = "\xC5\xBF", kKelvin = "\xE2\x84\xAA";
  std::string folded;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key.substr(i).starts_with(kLongS)) {
      folded += 's';
      i += kLongS.size() - 1;
    } else if (key.substr(i).starts_with(kKelvin)) {
      folded += 'k';
      i += kKelvin.size() - 1;
    } else {
      folded += AsciiLower(key[i]);
    }
  }
  return folded;
}

std::string_view MediaKind(std::string_view value) noexcept {
  constexpr std::string_view kScheme = "data:", kEncoding = ";base64";
  if (!StartsWithIgnoreCase(value, kScheme)) return {};
  const size_t comma = value.substr(0, 256).find(',');
  if (comma == std::string_view::npos) return {};
  const std::string_view head = value.substr(0, comma);
  const std::string_view payload = value.substr(comma + 1);
  if (head.size() < kScheme.size() + kEncoding.size() ||
      !EqualsIgnoreCase(head.substr(head.size() - kEncoding.size()), kEncoding)) {
    return {};
  }
  std::string_view type = head.substr(kScheme.size());
  type = type.substr(0, type.find(';'));
  // SVG and its like are XML: text that a model can read.
  if (type.find('+') != std::string_view::npos || !IsBase64(payload)) return {};
  if (StartsWithIgnoreCase(type, "image/")) return "image";
  if (StartsWithIgnoreCase(type, "audio/")) return "audio";
  if (StartsWithIgnoreCase(type, "video/")) return "video";
  const bool document = StartsWithIgnoreCase(type, "application/") && BeginsLikeDocument(payload);
  return document ? std::string_view("file") : std::string_view();
}

bool IsBase64Document(std::string_view value) noexcept {
  return BeginsLikeDocument(value) && IsBase64(value);
}

}  // namespace kt::openai
