// kt_train ROWS.tsv GRAMMAR_DIR SEED WEIGHTS.bin FIGURES.md: trains both heads, calibrates them on
// unseen families, writes weights and figures. Started by scripts/train.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/detect/classifier.h"
#include "evaluate.h"
#include "generate.h"
#include "model.h"
#include "rows.h"

namespace kt::train {
namespace {

// Rounds to int8. Returns what one step is worth.
float Quantize(const Model& model, Head head, std::vector<int8_t>* out) {
  float top = 1e-6f;
  for (const float w : model.weights) top = std::max(top, std::abs(w));
  const float scale = top / 127;
  for (size_t i = 0; i < model.weights.size(); ++i)
    (*out)[i * kHeads + head] =
        static_cast<int8_t>(std::clamp(std::lround(model.weights[i] / scale), -127L, 127L));
  return scale;
}

std::string DataTable(const std::vector<Row>& rows) {
  std::map<std::string, std::array<int, 4>> counts;
  for (const Row& row : rows)
    for (const Head head : {kInjection, kSafety})
      if (row.label[head] >= 0) ++counts[row.source][head * 2 + (row.label[head] != 0 ? 1 : 0)];
  std::string out =
      "| source | injection: harmless | attacks | safety: harmless | harmful |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const auto& [source, n] : counts) {
    out += "| " + source;
    for (const int count : n) out += " | " + std::to_string(count);
    out += " |\n";
  }
  return out + "\n";
}

int Run(char** arguments) {
  const uint64_t seed = std::strtoull(arguments[3], nullptr, 10);
  std::vector<std::string> grammars;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[2]))
    grammars.push_back(entry.path().string());
  std::sort(grammars.begin(), grammars.end());
  auto rows = ReadRows(arguments[1]);
  auto generated = GenerateRows(grammars, seed);
  for (const Status& status : {rows.status(), generated.status()}) {
    if (status.ok()) continue;
    std::fprintf(stderr, "kt_train: %s\n", status.message().c_str());
    return 1;
  }
  std::vector<Row> all = std::move(rows).value();
  for (Row& row : generated.value()) all.push_back(std::move(row));
  for (Row& row : all) CutWindows(&row);

  detect::HeadSettings heads[kHeads];
  std::vector<int8_t> weights(size_t{detect::kFeatureCount} * kHeads);
  std::string figures = DataTable(all);
  for (const Head head : {kInjection, kSafety}) {
    Settings settings;
    settings.seed = seed;
    // Toxic prose and weak labels want a smoother model than attacks do.
    if (head == kSafety) settings.lambda = 3e-4, settings.prior = 10;
    const std::vector<Judged> judged = JudgeUnseen(all, head, settings);
    const Calibration calibration = Calibrate(judged, head, seed);
    std::vector<const Row*> training;
    std::vector<Judged> probes;
    for (const Row& row : all)
      if (!row.probe) training.push_back(&row);
    const Model model = Fit(training, head, settings);
    for (const Row& row : all)
      if (row.probe) probes.push_back(Judge(model, row));
    figures += Report(judged, probes, head, calibration, seed);
    const auto to_float = [](double value) { return static_cast<float>(value); };
    heads[head] = {Quantize(model, head, &weights), to_float(model.bias),
                   to_float(model.prior),           to_float(calibration.operating_point),
                   to_float(calibration.slope),     to_float(calibration.drift)};
    std::fprintf(stderr, "head %u: point %.3f drift %.3f slope %.3f\n", head,
                 calibration.operating_point, calibration.drift, calibration.slope);
  }
  std::ofstream(arguments[4], std::ios::binary) << detect::Classifier::Serialize(heads, weights);
  std::ofstream(arguments[5]) << figures;
  return 0;
}

}  // namespace
}  // namespace kt::train

int main(int count, char** arguments) {
  if (count != 6) {
    std::fprintf(stderr, "usage: kt_train ROWS.tsv GRAMMAR_DIR SEED WEIGHTS.bin FIGURES.md\n");
    return 2;
  }
  return kt::train::Run(arguments);
}
