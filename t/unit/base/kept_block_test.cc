#include "core/base/kept_block.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace kt {
namespace {

struct Large final : InKeptBlock<Large> {
  explicit Large(int n) : number(n) {}
  int number;
  std::string text = "a text that is too long to lie within its object";
  char rest[4000] = {};
};

TEST(KeptBlock, TheNextObjectTakesTheBlockOfTheLast) {
  if (!kKeepsBlocks) GTEST_SKIP() << "address sanitizer";
  auto first = std::make_unique<Large>(1);
  const void* const block = first.get();
  first.reset();
  const auto second = std::make_unique<Large>(2);
  EXPECT_EQ(second.get(), block);
  EXPECT_EQ(second->number, 2);
}

TEST(KeptBlock, ObjectsThatLiveAtOnceShareNothing) {
  auto first = std::make_unique<Large>(1), second = std::make_unique<Large>(2);
  EXPECT_NE(first.get(), second.get());
  first.reset();
  second.reset();  // one block is kept already
  first = std::make_unique<Large>(3);
  second = std::make_unique<Large>(4);
  EXPECT_NE(first.get(), second.get());
  EXPECT_EQ(first->number, 3);
  EXPECT_EQ(second->number, 4);
}

}  // namespace
}  // namespace kt
