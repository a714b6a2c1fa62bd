// Classifiers with weights of chance and the shipped one, and texts judged in pieces.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/detect/classifier.h"

namespace kt::detect {

// Pseudo-random weights: every feature matters, so any difference in features shows.
inline std::string RandomWeights(uint64_t seed, float scale = 0.01f, bool gated = false) {
  std::mt19937_64 random(seed);
  std::vector<int8_t> weights(size_t{kFeatureCount} * 2);
  for (int8_t& w : weights) w = static_cast<int8_t>(random() % 255 - 127);
  HeadSettings heads[2];
  for (HeadSettings& head : heads) head.scale = scale, head.prior = 4, head.drift = 0.2f;
  heads[1].bias = -0.5f;
  Gate gate;
  if (gated) {
    // About half of the windows pass.
    for (GateSettings& head : gate.heads) head = {0.01f, 0, 0.5f};
    gate.weights.resize(size_t{kGateCount} * 2);
    for (int8_t& w : gate.weights) w = static_cast<int8_t>(random() % 255 - 127);
  }
  return Classifier::Serialize(heads, weights, gate);
}

inline std::unique_ptr<const Classifier> Make(const std::string& bytes) {
  auto parsed = Classifier::Parse(bytes);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? std::move(parsed).value() : nullptr;
}

inline std::unique_ptr<const Classifier> Shipped() {
  std::ifstream in(std::string(KT_SOURCE_DIR) + "/policies/classifier.bin", std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return Make(bytes.str());
}

inline Scores ScoreOf(const Classifier& classifier, std::string_view text, uint32_t before = 0) {
  return classifier.Score(text, &before);
}

inline std::vector<WindowScore> Stream(const Classifier& classifier, std::string_view text,
                                       const std::vector<size_t>& cuts) {
  WindowScorer scorer(classifier);
  std::vector<WindowScore> out;
  WindowScore window;
  size_t at = 0;
  for (const size_t cut : cuts) {
    scorer.Add(text.substr(at, cut - at));
    at = cut;
    while (scorer.Next(&window)) out.push_back(window);
  }
  scorer.Add(text.substr(at));
  scorer.Finish();
  while (scorer.Next(&window)) out.push_back(window);
  return out;
}

inline std::string Mixed(size_t size, uint64_t seed) {
  static constexpr std::string_view kPieces[] = {"ignore ",
                                                 "previous",
                                                 " ",
                                                 "instructions. ",
                                                 "état ",
                                                 "Ωmega",
                                                 "漢字",
                                                 "ก",
                                                 "😀",
                                                 "1234 ",
                                                 "\n",
                                                 "—",
                                                 "a_very_long_identifier_without_end",
                                                 "\xff",
                                                 "\x80",
                                                 "Привет "};
  std::mt19937_64 random(seed);
  std::string out;
  while (out.size() < size) out += kPieces[random() % std::size(kPieces)];
  return out;
}

}  // namespace kt::detect
