// kt_train ROWS.tsv GRAMMAR_DIR SEED WEIGHTS.bin FIGURES.md [UNSEEN_DIR]: trains both heads,
// calibrates them on unseen families, writes weights and figures. UNSEEN_DIR gets, for each family
// of sources, weights that have not seen it (FAMILY/classifier.bin, ':' as '_'), and sources.tsv
// (source, family): what scripts/evaluate judges with. Started by scripts/train.
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
#include "gate_model.h"
#include "generate.h"
#include "model.h"
#include "rows.h"

namespace kt::train {
namespace {

// Figures of single draws differ by 0.01 of AUC and more; means over five by a third of that.
constexpr int kDraws = 5;

bool InFirstDraw(const Row& row) {
  return row.draw == kAllDraws || row.draw == 0;
}

// Rounds to int8. Returns what one step is worth.
float Quantize(const std::vector<float>& weights, Head head, std::vector<int8_t>* out) {
  float top = 1e-6f;
  for (const float w : weights) top = std::max(top, std::abs(w));
  const float scale = top / 127;
  for (size_t i = 0; i < weights.size(); ++i)
    (*out)[i * kHeads + head] =
        static_cast<int8_t>(std::clamp(std::lround(weights[i] / scale), -127L, 127L));
  return scale;
}

std::string GateReport(const GateModel& gate) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer,
                "Gate, on windows of training: %.1f %% of harmless ones pass; %.2f %% of those "
                "from the operating point on are lost.\n\n",
                100 * gate.passed, 100 * gate.lost);
  return buffer;
}

std::string DataTable(const std::vector<Row>& rows) {
  std::map<std::string, std::array<int, 4>> counts;
  for (const Row& row : rows)
    for (const Head head : {kInjection, kSafety})
      if ((!row.generated || row.family.starts_with("generated:")) && row.label[head] >= 0 &&
          InFirstDraw(row))
        ++counts[row.source][head * 2 + (row.label[head] != 0 ? 1 : 0)];
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

using Models = std::map<std::string, Model>;

void WriteUnseen(const std::filesystem::path& folder, const std::vector<Row>& rows,
                 detect::HeadSettings (&heads)[kHeads], const Model (&shipped)[kHeads],
                 const Models (&unseen)[kHeads], const detect::Gate& gate) {
  std::map<std::string, std::string> sources;
  for (const Row& row : rows)
    if (!row.generated) sources[row.source] = row.family;
  std::filesystem::create_directories(folder);
  std::ofstream table(folder / "sources.tsv");
  for (auto& [source, family] : sources) {
    std::replace(family.begin(), family.end(), ':', '_');
    table << source << '\t' << family << '\n';
  }
  for (const auto& [source, name] : sources) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.source == source; });
    std::vector<int8_t> weights(size_t{detect::kFeatureCount} * kHeads);
    for (const Head head : {kInjection, kSafety}) {
      const auto found = unseen[head].find(row->family);
      const Model& model = found == unseen[head].end() ? shipped[head] : found->second;
      heads[head].scale = Quantize(model.weights, head, &weights);
      heads[head].bias = static_cast<float>(model.bias);
    }
    std::filesystem::create_directories(folder / name);
    std::ofstream(folder / name / "classifier.bin", std::ios::binary)
        << detect::Classifier::Serialize(heads, weights, gate);
  }
}

// Compared on held-out sources; policies/classifier.md says how far to trust that.
Settings SettingsOf(Head head, uint64_t seed) {
  Settings settings;
  settings.seed = seed;
  settings.draws = kDraws;
  if (head == kInjection) {
    settings.lambda = 1.6e-4;
    settings.prior = 15;
    settings.balance = 0.7;
    settings.dropout = 0.3;
    settings.averaged_epochs = 2;
  } else {
    // Toxic prose and weak labels want a smoother model than attacks do.
    settings.lambda = 3e-4;
    settings.prior = 10;
    settings.generated_weight = 3;
    settings.dropout = 0.5;
    settings.averaged_epochs = 3;
  }
  return settings;
}

int Run(int count, char** arguments) {
  const uint64_t seed = std::strtoull(arguments[3], nullptr, 10);
  std::vector<std::string> grammars;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[2]))
    grammars.push_back(entry.path().string());
  std::sort(grammars.begin(), grammars.end());
  auto rows = ReadRows(arguments[1]);
  auto generated = GenerateRows(grammars, seed, kDraws);
  for (const Status& status : {rows.status(), generated.status()}) {
    if (status.ok()) continue;
    std::fprintf(stderr, "kt_train: %s\n", status.message().c_str());
    return 1;
  }
  std::vector<Row> all = std::move(rows).value();
  AddDisguised(&all, seed, kDraws);
  for (Row& row : generated.value()) all.push_back(std::move(row));
  for (Row& row : all) CutWindows(&row);
  if (Status status = FindEvidence(&all); !status.ok()) {
    std::fprintf(stderr, "kt_train: %s\n", status.message().c_str());
    return 1;
  }

  detect::HeadSettings heads[kHeads];
  Model shipped[kHeads];
  Models unseen[kHeads];
  std::vector<int8_t> weights(size_t{detect::kFeatureCount} * kHeads);
  detect::Gate gate;
  gate.weights.resize(size_t{detect::kGateCount} * kHeads);
  std::string figures = DataTable(all);
  for (const Head head : {kInjection, kSafety}) {
    const Settings settings = SettingsOf(head, seed);
    std::vector<Judged> judged = JudgeUnseen(all, head, settings, &unseen[head]);
    const Calibration calibration = Calibrate(&judged, head, seed);
    std::vector<const Row*> training;
    std::vector<Judged> probes;
    for (const Row& row : all)
      if (!row.probe) training.push_back(&row);
    const Model& model = shipped[head] = Fit(training, head, settings);
    for (const Row& row : all)
      if (row.probe) probes.push_back(Judge(model, row));
    figures += Report(judged, probes, head, calibration, seed);
    const auto to_float = [](double value) { return static_cast<float>(value); };
    // The gate follows one model: one draw is enough to fit it.
    std::erase_if(training, [](const Row* row) { return !InFirstDraw(*row); });
    const GateModel fitted = FitGate(training, head, model, calibration, seed);
    gate.heads[head] = {Quantize(fitted.weights, head, &gate.weights), to_float(fitted.bias),
                        to_float(fitted.limit)};
    figures += GateReport(fitted);
    heads[head] = {Quantize(model.weights, head, &weights),
                   to_float(model.bias),
                   to_float(model.prior),
                   to_float(calibration.operating_point),
                   to_float(calibration.slope),
                   to_float(calibration.drift)};
    std::fprintf(stderr, "head %u: point %.3f drift %.3f slope %.3f\n", head,
                 calibration.operating_point, calibration.drift, calibration.slope);
  }
  std::ofstream(arguments[4], std::ios::binary)
      << detect::Classifier::Serialize(heads, weights, gate);
  std::ofstream(arguments[5]) << figures;
  if (count == 7) WriteUnseen(arguments[6], all, heads, shipped, unseen, gate);
  return 0;
}

}  // namespace
}  // namespace kt::train

int main(int count, char** arguments) {
  if (count != 6 && count != 7) {
    std::fprintf(stderr, "usage: kt_train ROWS.tsv GRAMMARS SEED WEIGHTS FIGURES [UNSEEN_DIR]\n");
    return 2;
  }
  return kt::train::Run(count, arguments);
}
