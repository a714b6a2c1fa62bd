#include "core/json/escape.h"

namespace kt::json {
namespace {

constexpr uint32_t kNoUnit = UINT32_MAX;

// The code unit of "\uXXXX" at `at`, or kNoUnit.
uint32_t ReadUnit(std::string_view raw, size_t at) noexcept {
  if (at + 6 > raw.size() || raw[at] != '\\' || raw[at + 1] != 'u') return kNoUnit;
  uint32_t unit = 0;
  for (size_t i = at + 2; i < at + 6; ++i) {
    const char c = raw[i];
    uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<uint32_t>(c - 'A' + 10);
    } else {
      return kNoUnit;
    }
    unit = unit << 4 | digit;
  }
  return unit;
}

bool IsHigh(uint32_t unit) noexcept {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool IsLow(uint32_t unit) noexcept {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

void Encode(uint32_t code_point, Escape* out) noexcept {
  const auto put = [out](uint32_t byte) {
    out->utf8[out->utf8_length++] = static_cast<char>(byte);
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

Escape ReadUnicode(std::string_view raw, size_t at) noexcept {
  Escape out;
  uint32_t code_point = ReadUnit(raw, at);
  if (code_point == kNoUnit) return out;
  out.raw_length = 6;
  if (IsHigh(code_point)) {
    const uint32_t low = ReadUnit(raw, at + 6);
    if (low != kNoUnit && IsLow(low)) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
      out.raw_length = 12;
    } else {
      out.lone_surrogate = true;
    }
  } else if (IsLow(code_point)) {
    out.lone_surrogate = true;
  }
  Encode(code_point, &out);
  return out;
}

}  // namespace

Escape ReadEscape(std::string_view raw, size_t at) noexcept {
  if (at + 2 > raw.size()) return {};
  const char c = kShortEscapes[static_cast<unsigned char>(raw[at + 1])];
  if (c == '\0') return ReadUnicode(raw, at);
  Escape out;
  out.utf8[0] = c;
  out.utf8_length = 1;
  out.raw_length = 2;
  return out;
}

void AppendUnescaped(std::string_view raw, std::string* out) {
  for (size_t at = 0; at < raw.size();) {
    const size_t backslash = FindBackslash(raw, at);
    out->append(raw, at, backslash - at);
    if (backslash == raw.size()) return;
    const Escape escape = ReadEscape(raw, backslash);
    if (escape.raw_length == 0) return;
    out->append(escape.text());
    at = backslash + escape.raw_length;
  }
}

bool UnescapedEquals(std::string_view raw, std::string_view value) noexcept {
  for (size_t at = 0; at < raw.size();) {
    const size_t backslash = FindBackslash(raw, at);
    const std::string_view plain = raw.substr(at, backslash - at);
    if (!value.starts_with(plain)) return false;
    value.remove_prefix(plain.size());
    if (backslash == raw.size()) break;
    const Escape escape = ReadEscape(raw, backslash);
    if (escape.raw_length == 0 || !value.starts_with(escape.text())) return false;
    value.remove_prefix(escape.utf8_length);
    at = backslash + escape.raw_length;
  }
  return value.empty();
}

}  // namespace kt::json
