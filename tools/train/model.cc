#include "model.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/detect/features.h"

namespace kt::train {
namespace {

struct Sample {
  const Window* window;
  int label;
  double weight;
};

std::vector<Sample> Samples(const std::vector<const Row*>& rows, Head head, double share) {
  std::vector<Sample> samples;
  double total[2] = {0, 0};
  for (const Row* row : rows) {
    if (row->label[head] < 0 || row->weight <= 0 || row->windows.empty()) continue;
    // A long text is several windows, but not worth as many short ones.
    const double weight = row->weight / std::sqrt(static_cast<double>(row->windows.size()));
    for (const Window& window : row->windows) {
      samples.push_back({&window, row->label[head], weight});
      total[row->label[head]] += weight;
    }
  }
  const double n = static_cast<double>(samples.size());
  for (Sample& s : samples)
    s.weight *= n * (s.label != 0 ? share / total[1] : (1 - share) / total[0]);
  return samples;
}

// How rare each feature is: the logarithm of windows by windows with it, around 1.
std::vector<float> Rarity(const std::vector<Sample>& samples) {
  constexpr double kUsual = 6;
  std::vector<uint32_t> seen(detect::kFeatureCount, 0), last(detect::kFeatureCount, 0);
  uint32_t number = 0;
  for (const Sample& s : samples) {
    ++number;
    for (const auto* features : {&s.window->features, &s.window->grams})
      for (const uint32_t f : *features)
        if (last[f] != number) last[f] = number, ++seen[f];
  }
  std::vector<float> rarity;
  for (const uint32_t count : seen)
    rarity.push_back(static_cast<float>(std::log1p(number / (count + 1.0)) / kUsual));
  return rarity;
}

constexpr float kGramShare = 0.5f;  // as in Classifier

double Sum(const std::vector<float>& weights, const Window& window) {
  double words = 0, grams = 0;
  for (const uint32_t f : window.features) words += weights[f];
  for (const uint32_t f : window.grams) grams += weights[f];
  return words + kGramShare * grams;
}

double Length(const Window& window, double prior) {
  return std::pow(std::max(1.0, window.words + prior), 0.75);
}

}  // namespace

double Model::Raw(const Window& window) const {
  return bias + Sum(weights, window) / Length(window, prior);
}

double Model::Raw(const Row& row) const {
  double best = -1e9;
  for (const Window& window : row.windows) best = std::max(best, Raw(window));
  return best;
}

Model Fit(const std::vector<const Row*>& rows, Head head, const Settings& settings) {
  std::vector<Sample> samples = Samples(rows, head, settings.positive_share);
  Model model{std::vector<float>(detect::kFeatureCount, 0), 0, settings.prior};
  const std::vector<float> rarity = Rarity(samples);
  std::mt19937_64 random(settings.seed);
  // weights = scale * model.weights: the penalty then costs one multiplication a step.
  double scale = 1;
  uint64_t step = 0;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    for (size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[random() % i]);
    for (const Sample& s : samples) {
      const double rate =
          settings.rate / (1 + settings.rate * settings.lambda * static_cast<double>(step++));
      const double length = Length(*s.window, settings.prior);
      const double raw = model.bias + scale * Sum(model.weights, *s.window) / length;
      const double y = s.label != 0 ? 1 : -1;
      const double gradient = s.weight * -y / (1 + std::exp(y * raw));
      scale *= 1 - rate * settings.lambda;
      const double change = std::clamp(-rate * gradient, -4.0, 4.0);
      const auto delta = static_cast<float>(change / (length * scale));
      for (const uint32_t f : s.window->features) model.weights[f] += delta * rarity[f];
      for (const uint32_t f : s.window->grams) model.weights[f] += kGramShare * delta * rarity[f];
      model.bias += 0.1 * change;
    }
    for (float& w : model.weights) w = static_cast<float>(w * scale);
    scale = 1;
  }
  return model;
}

}  // namespace kt::train
