#include "core/json/edits.h"

#include <gtest/gtest.h>

#include "core/json/view.h"

namespace kt::json {
namespace {

std::string Applied(Edits edits, std::string_view text) {
  std::string out = "<";
  edits.Apply(text, &out);
  return out + ">";
}

TEST(Edits, LeavesEverythingElseAsItWas) {
  Edits edits;
  EXPECT_EQ(Applied(edits, "0123456789"), "<0123456789>");
  edits.Replace(8, 9, "B");
  edits.Replace(2, 4, "aaa");
  EXPECT_EQ(Applied(edits, "0123456789"), "<01aaa4567B9>");
}

TEST(Edits, InsertsAndDeletes) {
  Edits edits;
  edits.Replace(0, 0, "x");
  edits.Replace(10, 10, "y");
  edits.Replace(4, 6, "");
  EXPECT_EQ(Applied(edits, "0123456789"), "<x01236789y>");
}

TEST(Edits, FirstBeginningWinsAndTakesInOverlaps) {
  Edits edits;
  edits.Replace(4, 8, "second");
  edits.Replace(2, 5, "first");
  edits.Replace(7, 9, "third");
  EXPECT_EQ(Applied(edits, "0123456789"), "<01first9>");
}

TEST(Edits, TouchingEditsDoNotOverlap) {
  Edits edits;
  edits.Replace(4, 6, "b");
  edits.Replace(2, 4, "a");
  edits.Replace(6, 6, "c");
  EXPECT_EQ(Applied(edits, "0123456789"), "<01abc6789>");
}

TEST(Edits, InsertionBeforeAReplacementIsKept) {
  Edits edits;
  edits.Replace(2, 4, "r");
  edits.Replace(2, 2, "i");
  EXPECT_EQ(Applied(edits, "01234"), "<01ir4>");
}

TEST(Edits, EscapedTextReadsBackAsItWas) {
  std::string text;
  for (int c = 0; c < 128; ++c) text.push_back(static_cast<char>(c));
  text += "\xC3\xA9\xF0\x9F\x98\x80";
  const std::string quoted = Quote(text);
  View view;
  ASSERT_TRUE(view.Parse(quoted, 0, {}).ok());
  EXPECT_EQ(view.String(0), text);
}

TEST(Edits, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(Quote("a/\xC3\xA9\x7F"), "\"a/\xC3\xA9\x7F\"");
  EXPECT_EQ(Quote("\"\\\n\r\t\x01"), R"("\"\\\n\r\t\u0001")");
}

}  // namespace
}  // namespace kt::json
