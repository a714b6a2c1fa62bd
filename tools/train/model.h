// Logistic regression over hashed windows, one head: stochastic gradient descent with an exact L2
// penalty, steps of a feature growing with its rarity: common words alone must decide little. The
// order of samples comes from the seed: the same input gives the same bits.
//
// A model is the mean of one fit for each draw of the generated rows: which of them a grammar
// happened to give moves the figures of a single one by more than most changes to the grammars.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "rows.h"

namespace kt::train {

struct Settings {
  double lambda = 1e-4;  // L2
  double rate = 1.0;     // first step
  int epochs = 6;
  double prior = 5;             // words added to a window's own
  double positive_share = 0.5;  // total weight of positives in the loss
  // A row weighs its source's size to the power of -balance: large sources shall not speak for all.
  double balance = 0;
  double generated_weight = 1;  // of generated rows
  // Share of a sample's features that are left out in each step, so that no few of them carry all.
  double dropout = 0;
  int averaged_epochs = 1;  // the last ones, of which the result is the mean
  int draws = 1;
  uint64_t seed = 1;
};

struct Model {
  std::vector<float> weights;
  double bias = 0, prior = 0;

  double Raw(const Window& window) const;
  // Highest raw value of a row's windows.
  double Raw(const Row& row) const;
};

Model Fit(const std::vector<const Row*>& rows, Head head, const Settings& settings);

}  // namespace kt::train
