// Leave-one-family-out figures of one head, and the calibration that follows from them: the
// operating point and its growth with a request's length come from families that the judging model
// has not seen, never from training rows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model.h"
#include "rows.h"

namespace kt::train {

// A row judged by a model that was trained without its family.
struct Judged {
  const Row* row;
  std::vector<double> raws;  // of its windows, in order
  double best;               // the highest
};

struct Calibration {
  double operating_point = 0, drift = 0, slope = 1;
};

// *models: the judging models, by the family that each has not seen.
std::vector<Judged> JudgeUnseen(const std::vector<Row>& rows, Head head, const Settings& settings,
                                std::map<std::string, Model>* models);
// Adds to the raw values of the injection head what the rules found, as the policy does: what is
// calibrated is the score of both.
Calibration Calibrate(std::vector<Judged>* judged, Head head, uint64_t seed);
// The figures as Markdown. `probes`: judged by the final model, which never saw them.
std::string Report(const std::vector<Judged>& judged, const std::vector<Judged>& probes, Head head,
                   const Calibration& calibration, uint64_t seed);

Judged Judge(const Model& model, const Row& row);
double Auc(std::vector<double> positives, std::vector<double> negatives);

}  // namespace kt::train
