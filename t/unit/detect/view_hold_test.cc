// Where encodings may stand, by any processor's vectors, and what a stream holds of them.
#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base64.h"
#include "core/detect/decode_views.h"
#include "core/detect/views_internal.h"

namespace kt::detect {
namespace {

TEST(ViewScan, VectorsFindWhatThePortableScanFinds) {
  static constexpr std::string_view kPieces[] = {
      "the ",  "a ",      "i.g.n.o.r.e ", "0x",       "41",      "%2e",
      "&amp;", "\\u0041", "1gn0r3 ",      "eht dna",  "vtaber ", "QWxhZGRpbjpvcGVu",
      "_-+/",  "@$",      "\n",           "\xc3\xa9", "zzzz",    "x",
      "EDNYR", "`{[@"};
  std::mt19937_64 random(3);
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (size_t pieces = random() % 60; pieces > 0; --pieces) {
      if (random() % 3 == 0) text.push_back(static_cast<char>(random()));
      text += kPieces[random() % std::size(kPieces)];
    }
    for (const unsigned wanted : {~0u, views::kToken | views::kEscape, views::kReversed + 0u}) {
      std::vector<uint64_t> portable;
      const unsigned found =
          views::FindCandidates(text, wanted, &portable, views::ViewScan::kPortable);
      for (const auto kind : {views::ViewScan::kAvx2, views::ViewScan::kBest}) {
        std::vector<uint64_t> fast;
        EXPECT_EQ(found, views::FindCandidates(text, wanted, &fast, kind));
        EXPECT_EQ(fast, portable) << round;
      }
    }
  }
}

TEST(ViewHold, ProseIsNotHeldBeyondTheLastWord) {
  EXPECT_EQ(ViewHoldFrom("Hello, nice ", 0), 12u);
  EXPECT_EQ(ViewHoldFrom("Hello, nice wor", 0), 12u);
  EXPECT_EQ(ViewHoldFrom("see internationalization_of_every", 0), 33u - 5u);
}

TEST(ViewHold, EncodedTokenIsHeldFromItsBegin) {
  const std::string text = "key: " + Base64("my mail is joe@example.com, and");
  EXPECT_EQ(ViewHoldFrom(text, 0), 5u);
  EXPECT_EQ(ViewHoldFrom("to=joe%4", 0), 0u);
  EXPECT_EQ(ViewHoldFrom("mail joe&#6", 0), 5u);
  EXPECT_EQ(ViewHoldFrom("mail joe&#6", 7), 7u);
}

TEST(ViewHold, EncodedLinesAreHeldTogether) {
  std::string text = Base64("my mail is joe@example.com, and hers is jane@example.com, as it was");
  text.insert(76, "\r\n");
  for (const std::string before : {"", "to\n", "data:text/plain;base64,", "x/"}) {
    for (size_t size = 16; size <= text.size(); ++size) {
      EXPECT_EQ(ViewHoldFrom(before + text.substr(0, size), 0), before.size()) << before << size;
    }
  }
  EXPECT_EQ(ViewHoldFrom(text + "\n", 0), text.size() + 1);  // the last line was a short one
  EXPECT_EQ(ViewHoldFrom(text + "\nBye. ", 0), text.size() + 6);
  EXPECT_EQ(ViewHoldFrom(std::string(76, 'a') + "\nBye", 0), 77u);  // says nothing
}

TEST(ViewHold, ARowOfBytesIsOpenToTheNext) {
  const auto open = [](std::string_view text) {
    const OpenHexByte at = FindOpenHexByte(text);
    return std::pair(at.begin, at.gap);
  };
  EXPECT_EQ(open(""), std::pair(0ul, 0ul));
  EXPECT_EQ(open("see 0x"), std::pair(4ul, 4ul));
  EXPECT_EQ(open("see 10"), std::pair(5ul, 5ul));
  EXPECT_EQ(open("0x41, 0x4"), std::pair(6ul, 4ul));
  EXPECT_EQ(open("0x41, 0x42"), std::pair(6ul, 4ul));
  EXPECT_EQ(open("0x41, "), std::pair(6ul, 4ul));
  EXPECT_EQ(open("0x41    "), std::pair(8ul, 8ul));  // too far
  EXPECT_EQ(open("0x412"), std::pair(5ul, 5ul));
  EXPECT_EQ(open("0x4g"), std::pair(4ul, 4ul));
}

}  // namespace
}  // namespace kt::detect
