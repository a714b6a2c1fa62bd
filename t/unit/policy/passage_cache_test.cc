#include "core/policy/passage_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>

#include "fake_policy.h"

namespace kt::policy {
namespace {

std::unique_ptr<PassageCache> Cache(size_t passages = 1024) {
  return std::move(PassageCache::Make(passages)).value();
}

std::string Prose(unsigned seed, size_t bytes) {
  std::mt19937 random(seed);
  std::string text(bytes, ' ');
  for (char& c : text) c = "abcdefghijklmnopqrstuvwxyz ,."[random() % 29];
  return text;
}

size_t Known(const detect::Passages& passages) {
  size_t known = 0;
  for (const auto& passage : passages.list()) known += passage.known;
  return known;
}

// All that is known of a text, once it was looked through and nothing was found.
size_t KnownOf(PassageCache* cache, std::string_view text,
               PassageCache::Circumstances circumstances = {}) {
  detect::Passages* const passages = cache->Begin(circumstances, text);
  if (passages == nullptr) return 0;
  const size_t known = Known(*passages);
  cache->Keep();
  return known;
}

TEST(PassageCache, KnowsATextAndItsPassagesBehindAnotherBegin) {
  const auto cache = Cache();
  const std::string text = Prose(1, 50000);
  EXPECT_EQ(KnownOf(cache.get(), text), 0u);
  detect::Passages passages;
  passages.Cut(text);
  const size_t all = passages.list().size();
  EXPECT_GT(all, 20u);
  EXPECT_EQ(KnownOf(cache.get(), text), all);
  EXPECT_GT(KnownOf(cache.get(), Prose(2, 300) + text), all * 2 / 3);
  EXPECT_GT(KnownOf(cache.get(), text + Prose(3, 300)), all - 3);
}

TEST(PassageCache, KnowsNoPassageBesideAnotherOne) {
  const auto cache = Cache();
  const std::string text = Prose(1, 50000);
  KnownOf(cache.get(), text);
  detect::Passages passages;
  passages.Cut(text);
  const auto list = passages.list();
  std::string other = text;
  char& middle = other[(list[5].begin + list[5].end) / 2 - 400];
  middle = middle == 'a' ? 'b' : 'a';
  detect::Passages* const found = cache->Begin({}, other);
  ASSERT_NE(found, nullptr);
  size_t unknown = 0;
  for (const auto& passage : found->list()) {
    unknown += !passage.known;
    const bool near = passage.begin < list[6].end && passage.end > list[4].begin;
    EXPECT_FALSE(near && passage.known) << passage.begin;
  }
  EXPECT_GE(unknown, 3u);
  EXPECT_LT(unknown, list.size());
}

TEST(PassageCache, EveryByteCounts) {
  const auto cache = Cache();
  const std::string text = Prose(1, 4200);
  KnownOf(cache.get(), text);
  const size_t all = cache->Begin({}, text)->list().size();
  EXPECT_EQ(KnownOf(cache.get(), text), all);
  for (size_t i = 0; i < text.size(); i += 7) {
    std::string other = text;
    other[i] ^= 1;
    EXPECT_LT(Known(*cache->Begin({}, other)), all) << i;
  }
  EXPECT_LT(Known(*cache->Begin({}, text + '\0')), all);
}

TEST(PassageCache, WhoAsksAndWhoseRulesLookCounts) {
  const auto cache = Cache();
  const std::string text = Prose(1, 9000);
  KnownOf(cache.get(), text, {1, "one"});
  EXPECT_EQ(Known(*cache->Begin({1, "two"}, text)), 0u);
  EXPECT_EQ(Known(*cache->Begin({2, "one"}, text)), 0u);
  EXPECT_EQ(Known(*cache->Begin({}, text)), 0u);
  EXPECT_GT(Known(*cache->Begin({1, "one"}, text)), 3u);
}

TEST(PassageCache, ShortTextsAreNotCut) {
  const auto cache = Cache();
  EXPECT_EQ(cache->Begin({}, std::string(detect::Passages::kLeastText - 1, 'a')), nullptr);
  EXPECT_NE(cache->Begin({}, std::string(detect::Passages::kLeastText, 'a')), nullptr);
}

TEST(PassageCache, WhatWasNotCleanIsNotKept) {
  const auto cache = Cache();
  const std::string text = Prose(1, 20000);
  detect::Passages* const passages = cache->Begin({}, text);
  passages->Spoil(3000, 3001);
  size_t spoiled = 0;
  for (const auto& passage : passages->list()) spoiled += !passage.clean;
  EXPECT_GT(spoiled, 0u);
  const size_t all = passages->list().size();
  cache->Keep();
  EXPECT_EQ(Known(*cache->Begin({}, text)), all - spoiled);
}

// What a chain says of texts that share passages, with the cache and without.
TEST(PassageCache, ChangesNoVerdict) {
  auto fake =
      Fake("p", {{.pattern = R"(\bsecret: \d{4}\b)"}, {.pattern = R"((?s)\bopen.*\bclose)"}});
  const auto chain = MakeChain(List(std::move(fake)));
  const auto cache = std::move(VerdictCache::Make(4096)).value();
  std::mt19937 random(1);
  const char* const values[] = {" secret: 1234 ", " secret ", " open ", " close ", " 1234 "};
  size_t found = 0;
  for (unsigned turn = 0; turn < 200; ++turn) {
    std::string text = Prose(turn, random() % 200);
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      text += Prose(static_cast<unsigned>(random() % 4), 6000);
      if (random() % 2 == 0) text += values[random() % std::size(values)];
    }
    std::string said[2];
    for (VerdictCache* const used : {static_cast<VerdictCache*>(nullptr), cache.get()}) {
      ChainRun run(*chain, {.cache = used, .caller = "one"});
      ChainRun::Text unit;
      unit.unit.text = text;
      std::vector<std::vector<TextEdit>> edits;
      EXPECT_FALSE(run.Judge(Phase::kInput, {&unit, 1}, &edits));
      said[used == nullptr ? 0 : 1] = Applied(text, edits[0]);
    }
    ASSERT_EQ(said[1], said[0]) << turn;
    found += said[0] != text;
  }
  EXPECT_GT(found, 20u);
  EXPECT_GT(Known(*cache->passages().Begin({chain->id(), "one"}, Prose(0, 6000) + Prose(1, 6000))),
            2u);
}

}  // namespace
}  // namespace kt::policy
