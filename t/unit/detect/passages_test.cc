// What is known of passages changes no match, wherever they come again.
#include "core/detect/passages.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "known_passages.h"
#include "unfiltered.h"

namespace kt::detect {
namespace {

std::string RandomText(std::mt19937* random, size_t bytes, std::string_view alphabet) {
  std::string text(bytes, ' ');
  for (char& c : text) c = alphabet[(*random)() % alphabet.size()];
  return text;
}

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz ,.\n";

// As passages.cc says it, a place at a time.
bool EndsBehind(const char* bytes) {
  uint16_t halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  return static_cast<uint16_t>(halves[0] * 0x9E37u + halves[1] * 0x79B9u) < 128;
}

TEST(Passages, AreTheWholeTextAndEndAtTheFirstPlaceThatSaysSo) {
  std::mt19937 random(1);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1023}, size_t{1024}, size_t{1025},
                             size_t{1043}, size_t{4096}, size_t{4097}, size_t{60000}}) {
    for (int round = 0; round < 20; ++round) {
      const std::string text = RandomText(&random, bytes, round % 4 == 0 ? "a" : kLetters);
      Passages passages;
      passages.Cut(text);
      size_t begin = 0;
      for (const Passages::Passage& passage : passages.list()) {
        ASSERT_EQ(passage.begin, begin);
        const size_t most = std::min(begin + Passages::kMostBytes, text.size());
        size_t end = std::min(begin + Passages::kLeastBytes, most);
        while (end < most && !EndsBehind(&text[end - 4])) ++end;
        ASSERT_EQ(passage.end, end);
        ASSERT_TRUE(passage.clean && !passage.known);
        begin = end;
      }
      ASSERT_EQ(begin, text.size());
    }
  }
}

TEST(Passages, AreCutAlikeBehindAnotherBegin) {
  std::mt19937 random(2);
  size_t alike = 0, all = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string text = RandomText(&random, 100000, kLetters);
    const std::string before = RandomText(&random, 1 + random() % 3000, kLetters);
    Passages one, other;
    one.Cut(text);
    other.Cut(before + text);
    std::set<size_t> ends;
    for (const Passages::Passage& passage : one.list()) ends.insert(passage.end + before.size());
    for (const Passages::Passage& passage : other.list()) alike += ends.count(passage.end);
    all += other.list().size();
  }
  EXPECT_GT(alike, all * 9 / 10);
}

TEST(Passages, ThatAMatchTouchesOrMayBeginBeforeAreNotClean) {
  std::mt19937 random(3);
  const std::string text = RandomText(&random, 20000, kLetters);
  Passages passages;
  passages.Cut(text);
  ASSERT_GT(passages.list().size(), 8u);
  const auto clean = [&] {
    std::vector<bool> out;
    for (const Passages::Passage& passage : passages.list()) out.push_back(passage.clean);
    out.resize(6);
    return out;
  };
  const size_t second = passages.list()[1].begin, third = passages.list()[2].begin;
  passages.Spoil(second, second + 1);
  EXPECT_EQ(clean(), (std::vector<bool>{true, false, true, true, true, true}));
  passages.Cut(text);
  passages.Spoil(third - 600, third - 512);
  EXPECT_EQ(clean(), (std::vector<bool>{true, false, true, true, true, true}));
  passages.Spoil(third - 600, third - 511);
  EXPECT_EQ(clean(), (std::vector<bool>{true, false, false, true, true, true}));
  passages.Cut(text);
  passages.Spoil(third - 1, third + 1);
  EXPECT_EQ(clean(), (std::vector<bool>{true, false, false, true, true, true}));
}

// Rules of all kinds: bounded and not, with a gap, with a witness, with a validator that looks at
// what is before; most of what they look for stands at a border sooner or later.
std::unique_ptr<const Matcher> SomeRules() {
  return RulesOf(
      {R"((?i)\bkey[ =:]{1,3}\d{4,12}\b)", R"(\bcard\b.{0,480}\b\d{9}\b)",
       R"((?s)\bopen\b[^<]{0,700}\bclose\b)", R"((?s)\bfirst\b.*\bsecond\b)",
       R"((?s)\btell\b.*\bsecret\b.*\bnow\b)", R"(\b\d{3}-\d{2}-\d{4}\b)", R"([A-Z0-9]{20,40})"},
      "no ");
}

// Words, of which some begin matches and few make one.
std::string Prose(std::mt19937* random, size_t bytes) {
  static const char* const kRare[] = {"key",    "key: 12345", "card",     "123456789",
                                      "open",   "close",      "first",    "tell",
                                      "secret", "now",        "second",   "123-45-6789",
                                      "no ",    "123-45",     "AB1234CD", "ABCDEFGHIJ0123456789X",
                                      "ſecond"};
  std::string text;
  while (text.size() < bytes) {
    const bool rare = (*random)() % 1000 == 0;
    text += rare ? kRare[(*random)() % std::size(kRare)]
                 : RandomText(random, 2 + (*random)() % 7, kLetters.substr(0, 26));
    text += (*random)() % 12 == 0 ? ".\n" : " ";
  }
  return text;
}

TEST(Passages, ThatAreKnownChangeNoMatch) {
  const auto matcher = SomeRules();
  const Unfiltered unfiltered(*matcher);
  std::mt19937 random(4);
  size_t found = 0, known = 0, all = 0;
  for (int round = 0; round < 12; ++round) {
    KnownPassages memory;
    std::vector<std::string> parts;
    for (int i = 0; i < 6; ++i) parts.push_back(Prose(&random, 5000 + random() % 8000));
    for (int turn = 0; turn < 30; ++turn) {
      std::string text = Prose(&random, random() % 900);
      for (size_t n = 1 + random() % 4; n > 0; --n) {
        text += parts[random() % parts.size()];
        if (random() % 3 == 0) text += Prose(&random, random() % 200);
      }
      for (size_t changes = random() % 3; changes > 0; --changes) {
        text[random() % text.size()] = "4a \n"[random() % 4];
      }
      if (random() % 4 == 0) text.resize(text.size() - random() % 100);
      Passages passages;
      known += memory.Begin(text, &passages);
      all += passages.list().size();
      std::vector<Match> matches;
      ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches, &passages).ok());
      ASSERT_EQ(Spans(matches), unfiltered.Find(text, 0, Scope::kInput)) << text;
      memory.Keep(text, passages);
      found += matches.size();
    }
  }
  EXPECT_GT(found, 300u);
  EXPECT_GT(known, all / 8) << all;
}

TEST(Passages, ThatAreKnownAreNotLookedInto) {
  const auto matcher = SomeRules();
  std::mt19937 random(5);
  std::string text = RandomText(&random, 10000, kLetters);
  text.replace(5000, 11, "123-45-6789");
  Passages passages;
  passages.Cut(text);
  for (Passages::Passage& passage : passages.list()) passage.known = true;
  std::vector<Match> matches;
  ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches, &passages).ok());
  EXPECT_TRUE(matches.empty());
}

// "first" and "second" each stand in a passage of their own, known from a text without the other.
TEST(Passages, TellWhereMatchesWithoutABoundMayBegin) {
  const auto matcher = SomeRules();
  std::mt19937 random(6);
  const auto around = [&](std::string_view word) {
    return RandomText(&random, 5000, kLetters).append(word) + RandomText(&random, 5000, kLetters);
  };
  const std::string left = around(" first "), right = around(" second ");
  KnownPassages memory;
  Passages passages;
  std::vector<Match> matches;
  for (const std::string& text : {left, right}) {
    memory.Begin(text, &passages);
    ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches, &passages).ok());
    EXPECT_TRUE(matches.empty());
    memory.Keep(text, passages);
  }
  EXPECT_GT(memory.Begin(left + right, &passages), passages.list().size() / 2);
  ASSERT_TRUE(matcher->FindAll(left + right, 0, Scope::kInput, &matches, &passages).ok());
  EXPECT_EQ(matches.size(), 2u);
}

// A letter that folds to an ASCII one is no part of what a walk over ASCII finds.
TEST(Passages, OfATextWithFoldingLettersAreNotClean) {
  const auto matcher = SomeRules();
  std::mt19937 random(7);
  std::string text = RandomText(&random, 9000, kLetters);
  Passages passages;
  passages.Cut(text);
  std::vector<Match> matches;
  ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches, &passages).ok());
  EXPECT_TRUE(passages.list()[0].clean);
  text.replace(8000, 2, "ſ");
  passages.Cut(text);
  ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches, &passages).ok());
  for (const Passages::Passage& passage : passages.list()) EXPECT_FALSE(passage.clean);
}

}  // namespace
}  // namespace kt::detect
