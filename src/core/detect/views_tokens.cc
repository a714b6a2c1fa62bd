// base64 and hex tokens, and invisible tag characters.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "core/base/byte_sets.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"
#include "core/detect/views_wrapped.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

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
  for (size_t i = 0; i < token.size(); ++i) {
    while (have == 0 && i + 4 <= token.size()) {
      const int four = Base64Digit(token[i]) << 18 | Base64Digit(token[i + 1]) << 12 |
                       Base64Digit(token[i + 2]) << 6 | Base64Digit(token[i + 3]);
      if (four < 0) break;
      *to++ = static_cast<char>(four >> 16);
      *to++ = static_cast<char>(four >> 8 & 0xFF);
      *to++ = static_cast<char>(four & 0xFF);
      i += 4;
    }
    if (i == token.size()) break;
    const int digit = Base64Digit(token[i]);
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

static_assert(kFirstProbeBytes / 4 * 3 >= kMaxUtf8Bytes && kFirstProbeBytes < kMinTokenBytes - 2);
// Of the first digits of a token. What most tokens begin with tells at once that they are none.
bool MayBeBase64(std::string_view token) noexcept {
  const unsigned first = static_cast<unsigned>(Base64Digit(token[0])) << 2 |
                         static_cast<unsigned>(Base64Digit(token[1])) >> 4;
  char bytes[kProbeBytes];
  // Of fewer bytes it might be what a cut has left.
  if (first < 0x100 && BeginsNone(first) &&
      std::all_of(token.begin(), token.begin() + kFirstProbeBytes, IsTokenChar)) {
    return false;
  }
  const size_t size = DecodeBase64(token.substr(0, kFirstProbeBytes), bytes);
  if (!BeginsAsUtf8({bytes, size})) return false;
  // A control character that is one too many of what is there may not be of all that comes.
  return IsReadable({bytes, DecodeBase64(token, bytes)}, true, kProbeBytes / 4 * 3);
}

bool MayBeHex(std::string_view token) noexcept {
  static_assert(!IsFew(1, kProbeBytes / 2), "one control character is too many");
  char bytes[kProbeBytes / 2];
  const size_t size = token.size() / 2;
  bool ascii = true;
  for (size_t i = 0; i < size; ++i) {
    const int byte = HexDigit(token[2 * i]) << 4 | HexDigit(token[2 * i + 1]);
    if (byte < 0) return false;
    const auto value = static_cast<unsigned>(byte);
    if (ascii && value < 0x80 && IsOdd(value)) return false;
    if (ascii && BeginsNone(value) && size - i >= kMaxUtf8Bytes) return false;
    ascii &= value < 0x80;
    bytes[i] = static_cast<char>(byte);
  }
  return size > 0 && (ascii || IsReadable({bytes, size}, true));
}

constexpr auto kTokens = [](Lane lane) {
  return kAlnums(lane) | lane.Is('+') | lane.Is('-') | lane.Is('/') | lane.Is('_');
};
constexpr auto kSigns = [](Lane lane) {
  return lane.Is('+') | lane.Is('-') | lane.Is('/') | lane.Is('_');
};
constexpr size_t kStep = 16;

// Where the token characters around `at` begin, at or behind `floor`, and end.
size_t TokenBegin(std::string_view text, size_t at, size_t floor) noexcept {
  while (at >= kStep && at > floor) {
    const auto tokens = static_cast<uint16_t>(Mask<kStep>(text.data() + at - kStep, kTokens));
    const auto last = static_cast<size_t>(std::countl_one(tokens));
    at -= last;
    if (last < kStep) return std::max(at, floor);
  }
  while (at > floor && IsTokenChar(text[at - 1])) --at;
  return std::max(at, floor);
}
size_t TokenEnd(std::string_view text, size_t at) noexcept {
  for (;;) {
    const auto first = static_cast<size_t>(std::countr_one(MaskAt<kStep>(text, at, kTokens)));
    at += first;
    if (first < kStep) return at;
  }
}
// The first sign at or behind `at`, or `end`.
size_t NextSign(std::string_view text, size_t at, size_t end) noexcept {
  for (; at < end; at += kStep) {
    const uint64_t signs = MaskAt<kStep>(text, at, kSigns);
    if (signs != 0) return std::min(end, at + static_cast<size_t>(std::countr_zero(signs)));
  }
  return end;
}

class Tokens {
 public:
  Tokens(std::string_view text, Sink* base64, Sink* hex)
      : base64_(base64), hex_(hex), text_(text), wrapped_(text) {}

  // The token around `at`; returns where it ends.
  size_t Around(size_t at, size_t floor) {
    const size_t begin = TokenBegin(text_, at, floor);
    size_t end = TokenEnd(text_, at);
    if (end - begin < kMinTokenBytes) return end;
    if (Try(begin, &end)) return end;
    // A prefix such as a path moves the digits out of step: each part by itself.
    static_assert(kStep == kMinTokenBytes);
    for (size_t part = begin; part + kStep <= end;) {
      const auto signs = static_cast<uint16_t>(Mask<kStep>(text_.data() + part, kSigns));
      if (signs != 0) {
        part += kStep - static_cast<size_t>(std::countl_zero(signs));
        continue;
      }
      size_t stop = NextSign(text_, part + kStep, end);
      const size_t next = stop + 1;
      if (part != begin || stop != end) Try(part, &stop);
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

bool IsReadable(std::string_view bytes, bool cut, size_t of_bytes) noexcept {
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
  return IsFew(odd, std::max(bytes.size(), of_bytes));
}

bool MayDecode(std::string_view token) noexcept {
  if (token.size() < kMinTokenBytes) return true;
  if (token.starts_with("0x")) token.remove_prefix(2);
  token = token.substr(0, kProbeBytes);
  return MayBeHex(token.substr(0, token.size() & ~size_t{1})) || MayBeBase64(token);
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
