// Values in an encoding, with text around them in it, behind what puts it out of step: what a
// stream lets through is what the whole answer would have held.
#include <iterator>
#include <random>

#include "../detect/base64.h"
#include "core/base/text.h"
#include "stream_against_whole.h"

namespace kt::session {
namespace {

class StreamEncoded : public StreamAgainstWhole {
 protected:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  template <size_t kSize>
  std::string OneOf(const char* const (&texts)[kSize]) {
    return texts[Below(kSize)];
  }

  // Behind an escape, in bytes that tokens are made of, seldom with another one.
  std::string LongValue() {
    static const char* const kEscapes[] = {"\\n", "\\u0022", "%3D", "&#34;", "x\\\\n", "%20 ", ""};
    std::string value = OneOf(kEscapes);
    value += Below(2) == 0 ? "eyJhbGciOiJIUzI1NiJ9.eyJ" : "key: ";
    for (size_t i = Below(900); i > 0; --i) {
      value += Below(200) == 0 ? "=. /\"-"[Below(6)] : "abcDEF0123456789xyzTUVw_"[Below(24)];
    }
    return value + ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
  }
  // Words and values, and now and then an address whose parts are long.
  std::string Said() {
    static const char* const kWords[] = {
        "It is ", "mail ", "and so on, ", "é ",   "\n", "card: ", "all of what was said, ",
        "x",      "(",     "key=",        "\x01", "中"};
    std::string said;
    for (size_t i = 0, n = 1 + Below(5); i < n; ++i) {
      for (size_t k = Below(4); k > 0; --k) said += OneOf(kWords);
      if (Below(4) == 0) {
        said += std::string(1 + Below(60), 'q') + "@" + std::string(1 + Below(60), 'n') + ".com";
      } else {
        said += policies::kSampleValues[Below(std::size(policies::kSampleValues))];
      }
      if (Below(2) == 0) said += " ";
    }
    return said;
  }

  std::string Encoded(const std::string& said) {
    static constexpr size_t kWidths[] = {59, 60, 61, 64, 76};
    switch (Below(7)) {
      case 0:
        return detect::Base64(said, Below(2) == 0, Below(2) == 0);
      case 1:
        return detect::WrappedBase64Of(said, kWidths[Below(5)], Below(2) == 0 ? "\n" : "\r\n");
      case 2:
        return HexEncode(said);
      default:
        break;
    }
    // Each byte by itself, of some or of all.
    static const char* const kForms[] = {"%%%02X",  "&#%u;",   "&#x%x;",
                                         "\\x%02x", "\\u%04x", "0x%02x "};
    const char* const form = kForms[Below(std::size(kForms))];
    const bool all = Below(2) == 0;
    std::string out;
    char buffer[16];
    for (const char c : said) {
      if (static_cast<unsigned char>(c) >= 0x80 || (!all && Below(3) > 0)) {
        out += c;
        continue;
      }
      std::snprintf(buffer, sizeof buffer, form, static_cast<unsigned>(c));
      out += buffer;
    }
    return out;
  }

  std::mt19937 random_{Setting("KT_SEED", 3)};
};

// Twice encoded, several in a row, in pieces of any size.
TEST_F(StreamEncoded, RandomEncodingsInPiecesOfAnySize) {
  static const char* const kBefore[] = {
      "",  " ",  "é",  "Well: ", "x",  "/",    "to/",          "data:", "=",
      "%", "0x", "\\", "&",      "\n", "AAAA", "\xE2\x80\x8B", "a-b_",  "'"};
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 500); round < rounds; ++round) {
    std::string text;
    for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
      std::string said = Encoded(Said());
      if (Below(6) == 0) said = Encoded(said);
      if (Below(6) == 0) said += LongValue();
      text += OneOf(kBefore) + said + OneOf(kBefore);
    }
    const Place& place = Places()[Below(3) == 0 ? Below(Places().size()) : 0];
    text = Wrapped(place, text);
    const size_t units = Units(text, 0).size();
    std::vector<size_t> cuts;
    const size_t longest = 1 + Below(Below(3) == 0 ? 4 : 400);
    for (size_t at = 1 + Below(longest); at < units; at += 1 + Below(longest)) cuts.push_back(at);
    ExpectAsWhole(place, text, 0, cuts, 0, SIZE_MAX / 2);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(StreamEncoded, WrappedBase64AtEveryCut) {
  // From the first line into the last: an address that ends in one of the next is decoded with it.
  const std::string local(40, 'q'), domain = "acme-mail-of-a-long-name.example.com";
  const std::string said = "It is S3274011, they said, and my mail is " + local + "@" + domain +
                           ", or ask at bob@acme-mail.com about all that is left to say of it";
  const Place& place = Places()[0];
  int redacted = 0;
  for (const size_t width : {60u, 64u, 76u}) {
    const std::string lines = detect::WrappedBase64Of(said, width, width == 64 ? "\r\n" : "\n");
    for (const std::string before : {"", "é", "Mail: é", "x", "to/", "data:"}) {
      const std::string text = before + lines + " there.";
      if (Whole(place, text) != place.whole(json::Quote(text))) ++redacted;
      const size_t units = Units(text, 0).size();
      for (size_t cut = 1; cut < units; ++cut) {
        ExpectAsWhole(place, text, 0, {cut}, 0, SIZE_MAX / 2);
        if (HasFatalFailure()) FAIL() << "cut " << cut << " of " << text;
      }
    }
  }
  EXPECT_EQ(redacted, 18);
}

}  // namespace
}  // namespace kt::session
