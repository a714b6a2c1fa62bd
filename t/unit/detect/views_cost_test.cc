// What texts made to be costly take: time that grows as they do, and bounded space.
#include <gtest/gtest.h>

#include <string>

#include "base64.h"
#include "core/detect/decode_views.h"
#include "core/detect/views_internal.h"

namespace kt::detect {
namespace {

TEST(ViewsCost, HostileTextsTakeLinearTimeAndBoundedSpace) {
  for (const char* unit :
       {"%",     "%41",      "%F0%9F%98", "&",  "&#",         "&#65;", "\\u",  "\\ud83d",
        "0x41 ", "A",        "A/",        "i ", "i.",         "1a",    "1a ",  "rug ",
        "eht ",  "gur naq ", "aWdub3Jl",  "61", "\U000E0041", "a%",    "+-/_", "|1|l"}) {
    std::string raw;
    while (raw.size() < size_t{1} << 20) raw += unit;
    NormalizedText text;
    ASSERT_TRUE(Normalize(raw, {}, &text).ok());
    DecodedViews views;
    const Status status = BuildViews(text, kAllViews, &views);
    size_t total = 0;
    for (const View& view : views.views()) total += view.text.size();
    EXPECT_LE(total, kViewTimes * raw.size() + kViewSlackBytes);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kResourceExhausted);
  }
}

// Each of these took minutes while something was looked for to the end of the text, or from its
// begin, at each place.
TEST(ViewsCost, WhatNeverEndsIsLookedForOnce) {
  const std::string bytes(3 << 20, 'q');
  const std::string no_text = Base64(std::string(60, '\xFF'));
  std::string glued, numbers;
  while (glued.size() < size_t{4} << 20) glued += "a中中";
  while (numbers.size() < size_t{4} << 20) numbers += "536-90-4399-536-90-4399\\u0041\\u0041";
  for (const std::string& raw : {WrappedBase64Of(bytes, 76) + no_text,
                                 WrappedBase64Of(bytes, 61) + no_text, glued, numbers}) {
    NormalizedText text;
    ASSERT_TRUE(Normalize(raw, {}, &text).ok());
    DecodedViews views;
    EXPECT_TRUE(BuildViews(text, kAllViews | kEveryEscape, &views).ok());
    EXPECT_TRUE(BuildViews(text, kTokenViews, &views).ok());
  }
}

TEST(ViewsCost, ATableOfBytesInCIsNotTooMuch) {
  std::string raw;
  while (raw.size() < 60'000) {
    raw +=
        "/*\n * c2pnb163v1 OBJECT IDENTIFIER ::= { c-TwoCurve 1 }\n */\n"
        "#define DER_OID_V_c2pnb163v1 DER_P_OBJECT, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01\n"
        "extern const unsigned char ossl_der_oid_c2pnb163v1[DER_OID_SZ_c2pnb163v1];\n";
  }
  NormalizedText text;
  ASSERT_TRUE(Normalize(raw, {}, &text).ok());
  DecodedViews views;
  EXPECT_TRUE(BuildViews(text, kAllViews, &views).ok());
  size_t total = 0;
  for (const View& view : views.views()) total += view.text.size();
  EXPECT_GT(total, raw.size() + kViewSlackBytes);  // else this shows nothing
}

}  // namespace
}  // namespace kt::detect
