#include "core/base/timestamp.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

TEST(Timestamp, IsRfc3339WithMicroseconds) {
  EXPECT_EQ(FormatTimestamp(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTimestamp(1'769'851'800'000'007), "2026-01-31T09:30:00.000007Z");
  EXPECT_EQ(FormatTimestamp(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, IsReadBackAsItWasWritten) {
  for (int64_t us = 951'782'399'999'999; us < 2'000'000'000'000'000; us += 86'399'123'457'891) {
    EXPECT_EQ(ParseTimestamp(FormatTimestamp(us)), us);
  }
}

TEST(Timestamp, MayHaveAShorterFractionOrBeADate) {
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:01Z"), 1'000'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(ParseTimestamp("1970-01-02"), 86'400'000'000);
}

TEST(Timestamp, OtherTextsAreRefused) {
  for (const char* text :
       {"", "1970", "1970-13-01", "1970-02-30", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00",
        "1970-01-01T00:00:00+01:00", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567Z",
        "1970-01-01T00:00:00.1x3Z", "1970-01-01 00:00:00Z", "x970-01-01", "1970-01-01T0:00:00Z",
        "1970-01-01T00:00:00ZZ"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace kt
