#include "core/policy/found_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace kt::policy {
namespace {

std::vector<detect::Match> Matches(uint32_t first, size_t count) {
  std::vector<detect::Match> matches;
  for (uint32_t i = first; i < first + count; ++i) {
    matches.push_back({i, i + 10, i + 20, i + 5, i % 3});
  }
  return matches;
}

bool Same(const std::vector<detect::Match>& a, const std::vector<detect::Match>& b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) {
    same = a[i].rule == b[i].rule && a[i].begin == b[i].begin && a[i].end == b[i].end &&
           a[i].whole_begin == b[i].whole_begin && a[i].kind == b[i].kind;
  }
  return same;
}

TEST(FoundTable, GivesWhatWasFoundUntilItIsOverwritten) {
  FoundTable<int> table;
  ASSERT_TRUE(table.Make(64, 40).ok());
  std::vector<detect::Match> found;
  for (uint32_t text = 1; text <= 50; ++text) {
    const FoundTable<int>::Key key{text, text};
    EXPECT_EQ(table.Find(key, &found), nullptr);
    ASSERT_TRUE(table.Add(key, static_cast<int>(text), Matches(text, 7)));
    for (uint32_t before = 1; before <= text; ++before) {
      const int* said = table.Find({before, before}, &found);
      // Five texts of seven fit into 40 places; the sixth begins to overwrite.
      ASSERT_EQ(said != nullptr, before + 5 > text) << before << " of " << text;
      if (said == nullptr) continue;
      EXPECT_EQ(*said, static_cast<int>(before));
      EXPECT_TRUE(Same(found, Matches(before, 7)));
    }
  }
}

TEST(FoundTable, TakesNoMoreThanAQuarterAtOnce) {
  FoundTable<int> table;
  ASSERT_TRUE(table.Make(16, 40).ok());
  std::vector<detect::Match> found;
  EXPECT_FALSE(table.Add({1, 1}, 1, Matches(0, 11)));
  EXPECT_EQ(table.Find({1, 1}, &found), nullptr);
  EXPECT_TRUE(table.Add({1, 1}, 1, Matches(0, 10)));
  EXPECT_NE(table.Find({1, 1}, &found), nullptr);
  EXPECT_TRUE(table.Add({2, 2}, 2, {}));
  EXPECT_NE(table.Find({2, 2}, &found), nullptr);
  EXPECT_TRUE(found.empty());
}

TEST(FoundTable, HasNoPlaceForOffsetsBeyond32Bits) {
  FoundTable<int> table;
  ASSERT_TRUE(table.Make(16, 40).ok());
  const detect::Match far{1, 5, uint64_t{1} << 32, 5, 0};
  EXPECT_FALSE(table.Add({1, 1}, 1, {&far, 1}));
}

TEST(FoundTable, WithoutRoomKeepsNothing) {
  FoundTable<int> table;
  ASSERT_TRUE(table.Make(0, 0).ok());
  EXPECT_FALSE(table.Add({1, 1}, 1, Matches(0, 1)));
}

}  // namespace
}  // namespace kt::policy
