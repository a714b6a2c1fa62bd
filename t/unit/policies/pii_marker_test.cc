#include "core/policies/pii_marker.h"

#include <gtest/gtest.h>

namespace kt::policies {
namespace {

config::PiiDetector With(config::MarkerFormat format, bool preserve_length = false) {
  config::PiiDetector config;
  config.marker_format = format;
  config.preserve_length = preserve_length;
  return config;
}

std::string Mark(const config::PiiDetector& config, std::string_view value, std::string key = "k") {
  return MarkerWriter(config, std::move(key)).Write("EMAIL_ADDRESS", "EMAIL", value);
}

TEST(PiiMarker, LabelsByDefault) {
  EXPECT_EQ(Mark({}, "a@b.com"), "[EMAIL]");
}

TEST(PiiMarker, AsterisksMayKeepTheLengthInCharacters) {
  EXPECT_EQ(Mark(With(config::MarkerFormat::kAsterisk), "a@b.com"), "****");
  EXPECT_EQ(Mark(With(config::MarkerFormat::kAsterisk, true), "é@b.com"), "*******");
}

TEST(PiiMarker, PartialShowsTheLastFourUnlessThatSaysTooMuch) {
  EXPECT_EQ(Mark(With(config::MarkerFormat::kPartial), "4111111111111111"), "****1111");
  EXPECT_EQ(Mark(With(config::MarkerFormat::kPartial, true), "4111111111111111"),
            "************1111");
  EXPECT_EQ(Mark(With(config::MarkerFormat::kPartial), "8.8.8.8"), "****");
}

TEST(PiiMarker, HashesAreKeyedAndEqualForEqualValues) {
  const config::PiiDetector config = With(config::MarkerFormat::kHash);
  const std::string mark = Mark(config, "a@b.com");
  EXPECT_EQ(mark.size(), std::string("[EMAIL:]").size() + 12);
  EXPECT_EQ(mark, Mark(config, "a@b.com"));
  EXPECT_NE(mark, Mark(config, "c@b.com"));
  EXPECT_NE(mark, Mark(config, "a@b.com", "other"));
}

TEST(PiiMarker, AHashStandsBehindALabelOnly) {
  const auto is_hash = [](std::string_view before, std::string_view value) {
    const std::string text = std::string(before).append(value) + "]";
    return IsHashOfMark(text, before.size(), before.size() + value.size());
  };
  EXPECT_TRUE(is_hash("key [API_KEY:", "728b738a62a1"));
  EXPECT_TRUE(is_hash("[EMAIL:", "123456789012"));
  for (const char* before : {"", ":", "[:", "API_KEY:", "[api_key:", "[API KEY:", "[API_KEY: ",
                             "[API_KEY=", "(API_KEY:"}) {
    EXPECT_FALSE(is_hash(before, "728b738a62a1")) << before;
  }
  for (const char* value : {"728b738a62a", "728b738a62a1f", "728B738A62A1", "728b738a62g1"}) {
    EXPECT_FALSE(is_hash("[API_KEY:", value)) << value;
  }
}

TEST(PiiMarker, WithoutAKeyAHashWouldBeGuessableSoALabelStands) {
  EXPECT_EQ(Mark(With(config::MarkerFormat::kHash), "a@b.com", ""), "[EMAIL]");
}

TEST(PiiMarker, CustomMarkersGoByTypeOrLabel) {
  config::PiiDetector config;
  config.custom_markers = {{"EMAIL", "<mail>"}};
  EXPECT_EQ(Mark(config, "a@b.com"), "<mail>");
  config.custom_markers = {{"EMAIL_ADDRESS", "<address>"}, {"EMAIL", "<mail>"}};
  EXPECT_EQ(Mark(config, "a@b.com"), "<address>");
}

}  // namespace
}  // namespace kt::policies
