// base64 and hex tokens, and invisible tag characters.
#include <algorithm>
#include <array>
#include <optional>

#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"
#include "core/detect/views_wrapped.h"

namespace kt::detect::views {
namespace {

// Bytes of a token that decide whether the rest is decoded at all; of most words in code the first
// ones do.
constexpr size_t kProbeBytes = 24, kFirstProbeBytes = 8;

constexpr std::array<int8_t, 256> MakeBase64Digits() {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (size_t i = 0; i < kDigits.size(); ++i) {
    digits[static_cast<uint8_t>(kDigits[i])] = static_cast<int8_t>(i);
  }
  digits['-'] = 62;
  digits['_'] = 63;
  return digits;
}
constexpr auto kBase64Digits = MakeBase64Digits();

int Base64Digit(char c) noexcept {
  return kBase64Digits[static_cast<uint8_t>(c)];
}

// Both write at most as many bytes as the token has, and return how many.
size_t DecodeBase64(std::string_view token, char* out) noexcept {
  uint32_t bits = 0;
  int have = 0;
  char* to = out;
  for (const char c : token) {
    const int digit = Base64Digit(c);
    if (digit < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    *to++ = static_cast<char>(bits >> have & 0xFF);
  }
  return static_cast<size_t>(to - out);
}

// 0 when a digit is missing or wrong.
size_t DecodeHex(std::string_view token, char* out) noexcept {
  if (token.size() % 2 != 0) return 0;
  for (size_t i = 0; i < token.size(); i += 2) {
    const int high = HexDigit(token[i]), low = HexDigit(token[i + 1]);
    if (high < 0 || low < 0) return 0;
    out[i / 2] = static_cast<char>(high << 4 | low);
  }
  return token.size() / 2;
}

// UTF-8, the last code point of which may be incomplete.
bool BeginsAsUtf8(std::string_view bytes) noexcept {
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = DecodeUtf8(bytes, at).size;
    if (size == 0) return bytes.size() - at < kMaxUtf8Bytes;
    at += size;
  }
  return true;
}

// Long decimal numbers are hex too: only what is made of words and values counts.
bool IsWordy(std::string_view bytes) noexcept {
  const auto signs = std::count_if(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80 && c != ' ' && c != '@' &&
           (c == '+' || c == '/' || !IsTokenChar(c));
  });
  return static_cast<size_t>(signs) * 4 <= bytes.size();
}

bool IsTokenSign(char c) noexcept {
  return c == '-' || c == '/' || c == '_' || c == '+';
}

class Tokens {
 public:
  Tokens(std::string_view text, Sink* base64, Sink* hex)
      : base64_(base64), hex_(hex), text_(text), wrapped_(text) {}

  // The token around `at`; returns where it ends.
  size_t Around(size_t at, size_t floor) {
    size_t begin = at, end = at;
    while (begin > floor && IsTokenChar(text_[begin - 1])) --begin;
    while (end < text_.size() && IsTokenChar(text_[end])) ++end;
    if (end - begin < kMinTokenBytes) return end;
    if (Try(begin, &end)) return end;
    // A prefix such as a path moves the digits out of step: each part by itself.
    for (size_t part = begin; part < end;) {
      size_t stop = part;
      while (stop < end && !IsTokenSign(text_[stop])) ++stop;
      const size_t next = stop + 1;
      if (stop - part >= kMinTokenBytes && (part != begin || stop != end)) Try(part, &stop);
      part = std::max(next, stop);
    }
    return end;
  }

 private:
  bool Try(size_t begin, size_t* end) {
    std::string_view token = text_.substr(begin, *end - begin);
    if (!MayDecode(token)) return false;
    if (token.starts_with("0x")) token.remove_prefix(2);
    decoded_.resize(token.size());
    decoded_.resize(hex_ != nullptr ? DecodeHex(token, decoded_.data()) : 0);
    if (!decoded_.empty() && IsReadable(decoded_, false) && IsWordy(decoded_)) {
      Emit(hex_, begin, *end, decoded_);
      return true;
    }
    if (base64_ == nullptr) return false;
    const std::optional<std::string_view> said = wrapped_.Decode(begin, end);
    if (!said) return false;
    for (int pad = 0; pad < 2 && *end < text_.size() && text_[*end] == '='; ++pad) ++*end;
    Emit(base64_, begin, *end, *said);
    return true;
  }
  // As the normaliser would have left it, since expressions are written for that form. Letters of
  // other alphabets stay, as behind escapes.
  void Emit(Sink* sink, size_t begin, size_t end, std::string_view said) {
    NormalizeOptions options;
    options.look_alikes = false;
    const bool usable = Normalize(said, options, &plain_).ok();
    sink->Divide();
    sink->Add(PartOrigin::kWhole, begin, end, usable ? plain_.text() : said);
  }

  Sink* const base64_;
  Sink* const hex_;
  const std::string_view text_;
  WrappedBase64 wrapped_;
  std::string decoded_;
  NormalizedText plain_;
};

}  // namespace

bool IsTokenChar(char c) noexcept {
  return Base64Digit(c) >= 0;
}

void DecodeBase64(std::string_view token, std::string* out) {
  out->resize(token.size());
  out->resize(DecodeBase64(token, out->data()));
}

bool IsReadable(std::string_view bytes, bool cut) noexcept {
  size_t odd = 0;
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint cp = DecodeUtf8(bytes, at);
    if (cp.size == 0) {
      if (!cut || bytes.size() - at >= kMaxUtf8Bytes) return false;
      break;
    }
    odd += IsOdd(cp.value) ? 1 : 0;
    at += cp.size;
  }
  return IsFew(odd, bytes.size());
}

int HexDigit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool MayDecode(std::string_view token) noexcept {
  if (token.size() < kMinTokenBytes) return true;
  if (token.starts_with("0x")) token.remove_prefix(2);
  token = token.substr(0, kProbeBytes);
  char bytes[kProbeBytes];
  const size_t first = DecodeBase64(token.substr(0, kFirstProbeBytes), bytes);
  if (BeginsAsUtf8({bytes, first}) && IsReadable({bytes, DecodeBase64(token, bytes)}, true)) {
    return true;
  }
  const size_t size = DecodeHex(token.substr(0, token.size() & ~size_t{1}), bytes);
  return size > 0 && IsReadable({bytes, size}, true);
}

void DecodeTokens(std::string_view text, const Candidates& candidates, Sink* base64, Sink* hex) {
  Tokens tokens(text, base64, hex);
  size_t done = 0;
  for (const uint64_t candidate : candidates) {
    if ((Flags(candidate) & kToken) == 0) continue;
    // The run may have begun in the block before; every long one holds a multiple of 16.
    const size_t block = BlockBegin(candidate);
    const size_t stop = std::min(block + kBlockBytes, text.size());
    for (size_t at = block - std::min(block, kMinTokenBytes); at < stop; at += kMinTokenBytes) {
      if (at < done || !IsTokenChar(text[at])) continue;
      done = tokens.Around(at, done);
    }
  }
}

void DecodeTags(std::string_view raw, Sink* out) {
  constexpr std::string_view kLead = "\xF3\xA0";  // U+E0000..E0FFF
  size_t last = raw.npos;
  for (size_t at = raw.find(kLead); at != raw.npos; at = raw.find(kLead, at)) {
    const CodePoint cp = DecodeUtf8(raw, at);
    if (cp.size == 4 && cp.value >= 0xE0020 && cp.value <= 0xE007E) {
      if (at != last) out->Divide();
      const char c = static_cast<char>(cp.value - 0xE0000);
      out->Add(PartOrigin::kWholeRaw, at, at + 4, {&c, 1});
      last = at + 4;
    }
    at += cp.size > 0 ? cp.size : kLead.size();
  }
}

}  // namespace kt::detect::views
