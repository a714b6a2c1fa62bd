#include "model.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "core/detect/classifier.h"
#include "core/detect/features.h"

namespace kt::train {
namespace {

struct Sample {
  const Window* window;
  int label;
  double weight;
};

bool Counts(const Row& row, Head head) {
  return row.label[head] >= 0 && row.weight > 0 && !row.windows.empty();
}

std::vector<Sample> Samples(const std::vector<const Row*>& rows, Head head,
                            const Settings& settings) {
  std::map<std::string, double> sizes;
  for (const Row* row : rows)
    if (Counts(*row, head)) sizes[row->source] += 1;
  std::vector<Sample> samples;
  double total[2] = {0, 0};
  for (const Row* row : rows) {
    if (!Counts(*row, head)) continue;
    // A long text is several windows, but not worth as many short ones.
    double weight = row->weight / std::sqrt(static_cast<double>(row->windows.size()));
    weight *= std::pow(sizes[row->source], -settings.balance);
    if (row->source.starts_with("generated:")) weight *= settings.generated_weight;
    for (const Window& window : row->windows) {
      samples.push_back({&window, row->label[head], weight});
      total[row->label[head]] += weight;
    }
  }
  const double n = static_cast<double>(samples.size()), share = settings.positive_share;
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

// Without a random share of its features; which ones goes by the feature, so that all of its
// occurrences are left out together.
Window Thin(const Window& window, double share, uint64_t salt) {
  const auto limit = static_cast<uint64_t>(share * 0x1p32);
  const auto kept = [&](uint32_t feature) {
    uint64_t hash = (feature + salt) * 0x9E3779B97F4A7C15;
    hash = (hash ^ hash >> 29) * 0xBF58476D1CE4E5B9;
    return hash >> 32 >= limit;
  };
  Window out;
  out.features.reserve(window.features.size());
  out.grams.reserve(window.grams.size());
  std::copy_if(window.features.begin(), window.features.end(), std::back_inserter(out.features),
               kept);
  std::copy_if(window.grams.begin(), window.grams.end(), std::back_inserter(out.grams), kept);
  return out;
}

// What a window's sum is divided by, as in Classifier.
double Length(const Window& window, double prior) {
  const double grams = std::max(1.0, static_cast<double>(window.grams.size()));
  const double share = std::min(1.0, grams / detect::kEnoughGrams);
  return std::pow(std::max(1.0, window.words + prior), 0.75) / share;
}

Model FitDraw(const std::vector<const Row*>& rows, Head head, const Settings& settings) {
  std::vector<Sample> samples = Samples(rows, head, settings);
  Model model{std::vector<float>(detect::kFeatureCount, 0), 0, settings.prior};
  const std::vector<float> rarity = Rarity(samples);
  std::mt19937_64 random(settings.seed);
  const double upscale = 1 / (1 - settings.dropout);
  std::vector<double> mean(detect::kFeatureCount, 0);
  double mean_bias = 0;
  // weights = scale * model.weights: the penalty then costs one multiplication a step.
  double scale = 1;
  uint64_t step = 0;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    for (size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[random() % i]);
    for (const Sample& s : samples) {
      const double rate =
          settings.rate / (1 + settings.rate * settings.lambda * static_cast<double>(step++));
      const double length = Length(*s.window, settings.prior);
      const Window kept = Thin(*s.window, settings.dropout, random());
      const double raw = model.bias + scale * upscale * Sum(model.weights, kept) / length;
      const double y = s.label != 0 ? 1 : -1;
      const double gradient = s.weight * -y / (1 + std::exp(y * raw));
      scale *= 1 - rate * settings.lambda;
      const double change = std::clamp(-rate * gradient, -4.0, 4.0);
      const auto delta = static_cast<float>(upscale * change / (length * scale));
      for (const uint32_t f : kept.features) model.weights[f] += delta * rarity[f];
      for (const uint32_t f : kept.grams) model.weights[f] += kGramShare * delta * rarity[f];
      model.bias += 0.1 * change;
    }
    for (float& w : model.weights) w = static_cast<float>(w * scale);
    scale = 1;
    if (epoch < settings.epochs - settings.averaged_epochs) continue;
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += model.weights[i];
    mean_bias += model.bias;
  }
  for (size_t i = 0; i < mean.size(); ++i)
    model.weights[i] = static_cast<float>(mean[i] / settings.averaged_epochs);
  model.bias = mean_bias / settings.averaged_epochs;
  return model;
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
  std::vector<std::future<Model>> fits;
  for (int draw = 0; draw < settings.draws; ++draw) {
    fits.push_back(std::async(std::launch::async, [&rows, head, settings, draw] {
      std::vector<const Row*> drawn;
      std::copy_if(rows.begin(), rows.end(), std::back_inserter(drawn),
                   [&](const Row* row) { return row->draw == kAllDraws || row->draw == draw; });
      Settings own = settings;
      own.seed += static_cast<uint64_t>(draw);
      return FitDraw(drawn, head, own);
    }));
  }
  Model mean{std::vector<float>(detect::kFeatureCount, 0), 0, settings.prior};
  const float share = 1 / static_cast<float>(settings.draws);
  for (std::future<Model>& fit : fits) {
    const Model model = fit.get();
    for (size_t i = 0; i < mean.weights.size(); ++i) mean.weights[i] += share * model.weights[i];
    mean.bias += share * model.bias;
  }
  return mean;
}

}  // namespace kt::train
