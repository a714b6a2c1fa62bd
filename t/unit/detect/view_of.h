// What one view of a text says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/base/text.h"
#include "core/detect/decode_views.h"

namespace kt::detect {

// In lower case; empty: there is none of that kind.
inline std::string ViewOf(std::string_view raw, ViewKind kind) {
  NormalizedText text;
  DecodedViews views;
  EXPECT_TRUE(Normalize(raw, {}, &text).ok());
  EXPECT_TRUE(BuildViews(text, kAllViews, &views).ok());
  for (const View& view : views.views()) {
    if (view.kind == kind) return ToLower(view.text);
  }
  return "";
}

}  // namespace kt::detect
