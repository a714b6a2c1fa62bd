#include "gate_model.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/detect/gate.h"

namespace kt::train {
namespace {

// Short windows are never gated.
constexpr uint32_t kLongWindowWords = 40;
// Share of the windows from the operating point on that may be lost: further windows of a long text
// have to show more than that.
constexpr double kMayBeLost = 0.002;

struct Sample {
  const Window* window;
  double raw;
  bool harmless;
  double norm;  // sum of squares of its entries' counts
};

double NormOf(std::vector<uint32_t> entries) {
  std::sort(entries.begin(), entries.end());
  double norm = 0;
  for (auto at = entries.begin(); at != entries.end();) {
    const auto end = std::upper_bound(at, entries.end(), *at);
    norm += static_cast<double>((end - at) * (end - at));
    at = end;
  }
  return norm;
}

double Estimate(const GateModel& gate, const Window& window, double prior) {
  double sum = 0;
  for (const uint32_t entry : window.gate) sum += gate.weights[entry];
  const double length = std::max(1.0, static_cast<double>(window.gate.size()) + prior);
  return gate.bias + sum / std::pow(length, 0.75);
}

void SetLimit(const std::vector<Sample>& samples, const Model& model, double operating_point,
              GateModel* gate) {
  std::vector<double> wanted, harmless;
  for (const Sample& s : samples) {
    if (s.window->gate.size() < kLongWindowWords) continue;
    const double estimate = Estimate(*gate, *s.window, model.prior);
    if (s.raw >= operating_point) wanted.push_back(estimate);
    if (s.harmless) harmless.push_back(estimate);
  }
  std::sort(wanted.begin(), wanted.end());
  gate->limit = -1e5;
  if (wanted.empty() || harmless.empty()) return;
  gate->limit = wanted[static_cast<size_t>(kMayBeLost * static_cast<double>(wanted.size()))] - 1e-4;
  const auto share = [&](const std::vector<double>& values, bool above) {
    const auto count = std::count_if(values.begin(), values.end(),
                                     [&](double v) { return (v >= gate->limit) == above; });
    return static_cast<double>(count) / static_cast<double>(values.size());
  };
  gate->lost = share(wanted, false);
  gate->passed = share(harmless, true);
}

}  // namespace

GateModel FitGate(const std::vector<const Row*>& rows, Head head, const Model& model,
                  const Calibration& calibration, uint64_t seed) {
  constexpr int kEpochs = 6;
  constexpr double kRate = 0.3, kDecay = 2e-5, kFloor = 0.05, kEmphasis = 3, kNear = 0.7;
  GateModel gate{std::vector<float>(detect::kGateCount, 0), 0, 0, 0, 0};
  std::vector<Sample> samples;
  for (const Row* row : rows)
    for (const Window& window : row->windows)
      if (!window.gate.empty())
        samples.push_back({&window, model.Raw(window), row->label[head] == 0, NormOf(window.gate)});
  std::mt19937_64 random(seed);
  uint64_t step = 0;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    for (size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[random() % i]);
    for (const Sample& s : samples) {
      const double rate = kRate / (1 + kDecay * static_cast<double>(step++));
      double error = s.raw - Estimate(gate, *s.window, model.prior);
      // What is missed costs most where it would have counted.
      if (error > 0 && s.raw > calibration.operating_point - kNear) error *= kEmphasis;
      const double length =
          std::pow(static_cast<double>(s.window->gate.size()) + model.prior, 0.75);
      const double power = s.norm / (length * length) + kFloor;
      const auto delta = static_cast<float>(rate * std::clamp(error, -4.0, 4.0) / (power * length));
      for (const uint32_t entry : s.window->gate) gate.weights[entry] += delta;
      gate.bias += 0.002 * error;
    }
  }
  SetLimit(samples, model, calibration.operating_point, &gate);
  return gate;
}

}  // namespace kt::train
