#include "core/policies/evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "core/policies/score_mix.h"

namespace kt::policies {
namespace {

RuleHit At(size_t begin, size_t rule, double weight, bool common = false) {
  return {begin, begin + 10, rule, weight, common};
}

TEST(Evidence, DifferentRulesAddUpAndTheSameRuleDoesNot) {
  const RuleHit different[] = {At(0, 0, 0.5), At(100, 1, 0.6)};
  EXPECT_DOUBLE_EQ(FindClues(different, 2).best.together, 0.8);
  EXPECT_DOUBLE_EQ(FindClues(different, 2).best.strongest, 0.6);
  const RuleHit same[] = {At(0, 0, 0.5), At(100, 0, 0.6)};
  EXPECT_DOUBLE_EQ(FindClues(same, 1).best.together, 0.6);
}

TEST(Evidence, WhatIsFarApartDoesNotAddUp) {
  const RuleHit hits[] = {At(0, 0, 0.5), At(kEvidenceWindowBytes, 1, 0.6)};
  const Clues clues = FindClues(hits, 2);
  EXPECT_DOUBLE_EQ(clues.best.together, 0.6);
  EXPECT_EQ(clues.best.begin, kEvidenceWindowBytes);
}

TEST(Evidence, OneCommonRuleAloneIsNotRare) {
  const RuleHit alone[] = {At(0, 0, 0.62, true)};
  EXPECT_DOUBLE_EQ(FindClues(alone, 1).best.together, 0.62);
  EXPECT_NEAR(FindClues(alone, 1).rare.rare, 0, 1e-9);
  const RuleHit repeated[] = {At(0, 0, 0.62, true), At(50, 0, 0.62, true)};
  EXPECT_NEAR(FindClues(repeated, 1).rare.rare, 0, 1e-9);
}

TEST(Evidence, CommonRulesTogetherAreRareButForTheStrongest) {
  const RuleHit hits[] = {At(0, 0, 0.5, true), At(100, 1, 0.62, true), At(200, 2, 0.3)};
  EXPECT_NEAR(FindClues(hits, 3).rare.rare, 1 - 0.5 * 0.7, 1e-9);
}

TEST(Evidence, CommonRulesThatHitTheSameWordsAreOne) {
  const RuleHit hits[] = {At(0, 0, 0.5, true), At(5, 1, 0.55, true)};
  EXPECT_NEAR(FindClues(hits, 2).rare.rare, 0, 1e-9);
  EXPECT_NEAR(FindClues(hits, 2).best.together, 0.55, 1e-9);
  // Beside them, or rare ones, add up.
  const RuleHit beside[] = {At(0, 0, 0.5, true), At(10, 1, 0.55, true)};
  EXPECT_NEAR(FindClues(beside, 2).best.together, 1 - 0.5 * 0.45, 1e-9);
  const RuleHit rare[] = {At(0, 0, 0.5, true), At(5, 1, 0.55)};
  EXPECT_NEAR(FindClues(rare, 2).best.together, 1 - 0.5 * 0.45, 1e-9);
}

TEST(Evidence, TheRareWindowIsFoundBesideAStrongerCommonOne) {
  const RuleHit hits[] = {At(0, 0, 0.7, true), At(50, 1, 0.4, true), At(5000, 2, 0.6)};
  const Clues clues = FindClues(hits, 3);
  EXPECT_EQ(clues.best.begin, 0u);
  EXPECT_EQ(clues.rare.begin, 5000u);
  EXPECT_DOUBLE_EQ(clues.rare.rare, 0.6);
  EXPECT_FALSE(IsRare(clues.best));
  EXPECT_TRUE(IsRare(clues.rare));
}

TEST(Evidence, NoHitsAreNoEvidence) {
  const Clues clues = FindClues({}, 3);
  EXPECT_EQ(clues.best.together, 0);
  EXPECT_FALSE(IsRare(clues.rare));
}

TEST(Evidence, OnlyRareEvidenceHasFewRivals) {
  EXPECT_EQ(RivalWindows(false, 400), 400u);
  EXPECT_EQ(RivalWindows(true, 400), 0u);
  EXPECT_EQ(RivalWindows(true, 4000), 4u);
}

TEST(Evidence, ItsLineIsCutOutOfWhatStandsAround) {
  const std::string before(2000, 'a'), after(2000, 'b');
  const std::string text = before + "\nsome words of it\n" + after;
  const Evidence evidence{0.5, 0.5, 0.5, before.size() + 6, before.size() + 11};
  EXPECT_EQ(LineOf(text, evidence), "some words of it");
  EXPECT_LE(Around(text, evidence).size(), 512u);
  EXPECT_NE(Around(text, evidence).find("some words of it"), std::string::npos);
}

TEST(Evidence, ALineWithoutEndsIsNoLongerThanWhatStandsAround) {
  const std::string text(5000, 'a');
  for (const size_t begin : {size_t{0}, size_t{100}, size_t{2500}, size_t{4990}}) {
    const Evidence evidence{0.5, 0.5, 0.5, begin, begin + 10};
    EXPECT_EQ(LineOf(text, evidence), Around(text, evidence)) << begin;
  }
}

TEST(Evidence, HitsThatReachFurtherThanAPartAreCut) {
  std::string text(5000, 'a');
  text[3000] = '\n';
  const Evidence evidence{0.5, 0.5, 0.5, 1000, 4000};
  EXPECT_EQ(Around(text, evidence).data(), text.data() + 1000);
  EXPECT_EQ(LineOf(text, evidence), Around(text, evidence));
}

}  // namespace
}  // namespace kt::policies
