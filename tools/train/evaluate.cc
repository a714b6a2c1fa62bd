#include "evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "core/detect/classifier.h"
#include "core/policies/score_mix.h"

namespace kt::train {
namespace {

// Share of unseen harmless texts above the operating point: less than half of what the goal of 1 %
// allows, the rest is for further windows of a request and for texts that are not among these and
// come closer to it: source code, licences and questions about attacks for injection, what people
// write of themselves and of others for safety.
constexpr double kFalsePositives[kHeads] = {0.0025, 0.004};
constexpr double kConversationFalsePositives = 0.01;
constexpr size_t kConversations = 1000;
constexpr double kMaxDrift = 2;
constexpr size_t kWindowsOf20Kb = 100, kWindowsOf100Kb = 500;  // about those of 20 KB and of 100 KB
constexpr size_t kConversationBytes[] = {20 * 1024, 100 * 1024};

// Of a row's window, so many windows of the request having been judged before.
double Growth(bool rare, size_t windows) {
  return detect::Classifier::LengthGrowth(
      policies::RivalWindows(rare, static_cast<uint32_t>(windows)));
}

// The harmless rows of which conversations are drawn. Encoded and disguised rows of a corpus are
// no conversation; every other one may be a message.
std::vector<const Judged*> Messages(const std::vector<Judged>& judged, Head head,
                                    const std::string& family) {
  std::vector<const Judged*> out;
  for (const Judged& j : judged)
    if (j.row->label[head] == 0 && (family.empty() || j.row->family == family)) out.push_back(&j);
  return out;
}

// For each of many random conversations: the highest raw value minus drift * growth must stay
// below the operating point. Returns the share that does not. `rare`: rare evidence counts as such,
// as the policy has it; the drift is fitted without, to be on the safe side.
double ConversationsFlagged(const std::vector<const Judged*>& messages, size_t bytes, double point,
                            double drift, bool rare, uint64_t seed) {
  if (messages.empty()) return 0;
  std::mt19937_64 random(seed);
  size_t flagged = 0;
  for (size_t c = 0; c < kConversations; ++c) {
    size_t size = 0, window = 0;
    bool hit = false;
    while (size < bytes) {
      const Judged& message = *messages[random() % messages.size()];
      size += message.row->text.size() + 1;
      for (const double raw : message.raws)
        hit |= raw - drift * Growth(rare && message.row->rare, window++) >= point;
    }
    flagged += hit ? 1 : 0;
  }
  return static_cast<double>(flagged) / kConversations;
}

bool Hit(const Judged& j, const Calibration& c, size_t windows_before) {
  for (size_t i = 0; i < j.raws.size(); ++i)
    if (j.raws[i] - c.drift * Growth(j.row->rare, windows_before + i) >= c.operating_point)
      return true;
  return false;
}

double Quantile(std::vector<double> values, double share_above) {
  std::sort(values.begin(), values.end(), std::greater<>());
  const auto at = static_cast<size_t>(share_above * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)] + 1e-6;
}

// Slope of the logistic curve through 0.8 at the operating point: maximum likelihood, both classes
// weighing the same.
double FitSlope(const std::vector<Judged>& judged, Head head, double point) {
  double total[2] = {0, 0};
  for (const Judged& j : judged) total[j.row->label[head]] += 1;
  double best = 1, best_loss = 1e300;
  for (double slope = 0.25; slope < 12; slope *= 1.05) {
    double loss = 0;
    for (const Judged& j : judged) {
      const double x = slope * (j.best - point) + std::log(4.0);
      const int label = j.row->label[head];
      loss += std::log1p(std::exp(label != 0 ? -x : x)) / total[label];
    }
    if (loss < best_loss) best = slope, best_loss = loss;
  }
  return best;
}

std::string Format(const char* format, double a, double b = 0, double c = 0, double d = 0) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, a, b, c, d);
  return buffer;
}

double Share(const std::vector<const Judged*>& rows, const Calibration& c, size_t before) {
  size_t hits = 0;
  for (const Judged* j : rows) hits += Hit(*j, c, before) ? 1 : 0;
  return rows.empty() ? 0 : static_cast<double>(hits) / static_cast<double>(rows.size());
}

}  // namespace

Judged Judge(const Model& model, const Row& row) {
  Judged judged{&row, {}, -1e9};
  for (const Window& window : row.windows) {
    judged.raws.push_back(model.Raw(window));
    judged.best = std::max(judged.best, judged.raws.back());
  }
  return judged;
}

double Auc(std::vector<double> positives, std::vector<double> negatives) {
  if (positives.empty() || negatives.empty()) return 0;
  std::sort(negatives.begin(), negatives.end());
  double sum = 0;
  for (const double p : positives) {
    const auto [low, high] = std::equal_range(negatives.begin(), negatives.end(), p);
    sum += static_cast<double>(low - negatives.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return sum / (static_cast<double>(positives.size()) * static_cast<double>(negatives.size()));
}

std::vector<Judged> JudgeUnseen(const std::vector<Row>& rows, Head head, const Settings& settings,
                                std::map<std::string, Model>* models) {
  std::set<std::string> families;
  for (const Row& row : rows)
    if (!row.generated && row.label[head] >= 0) families.insert(row.family);
  std::vector<Judged> judged;
  for (const std::string& family : families) {
    std::vector<const Row*> rest;
    for (const Row& row : rows)
      if (row.family != family && !row.probe) rest.push_back(&row);
    const Model& model = (*models)[family] = Fit(rest, head, settings);
    for (const Row& row : rows)
      if (row.family == family && !row.generated && row.label[head] >= 0 && !row.windows.empty())
        judged.push_back(Judge(model, row));
  }
  return judged;
}

double OperatingPoint(const std::vector<Judged>& judged, Head head) {
  std::vector<double> harmless;
  for (const Judged& j : judged)
    if (j.row->label[head] == 0) harmless.push_back(j.best);
  return Quantile(harmless, kFalsePositives[head]);
}

Calibration Calibrate(std::vector<Judged>* all, Head head, uint64_t seed) {
  std::vector<Judged>& judged = *all;
  Calibration c;
  c.slope = FitSlope(judged, head, OperatingPoint(judged, head));
  if (head == kInjection) {
    for (Judged& j : judged) {
      for (double& raw : j.raws) raw += j.row->evidence / c.slope;
      j.best += j.row->evidence / c.slope;
    }
  }
  c.operating_point = OperatingPoint(judged, head);
  const auto messages = Messages(judged, head, "");
  const auto flagged = [&](size_t size, double drift) {
    return ConversationsFlagged(messages, kConversationBytes[size], c.operating_point, drift, false,
                                seed);
  };
  // What no drift takes away, a message at the begin of a conversation, is no reason for more of
  // it.
  double allowed[std::size(kConversationBytes)];
  for (size_t size = 0; size < std::size(allowed); ++size) {
    allowed[size] = std::max(kConversationFalsePositives, flagged(size, kMaxDrift));
  }
  const auto holds = [&](double drift) {
    for (size_t size = 0; size < std::size(allowed); ++size) {
      if (flagged(size, drift) > allowed[size]) return false;
    }
    return true;
  };
  while (!holds(c.drift) && c.drift < kMaxDrift) c.drift += 0.02;
  return c;
}

std::string Report(const std::vector<Judged>& judged, const std::vector<Judged>& probes, Head head,
                   const Calibration& c, uint64_t seed) {
  std::vector<double> positive, negative;
  std::map<std::string, std::vector<const Judged*>> sources[2];
  std::vector<const Judged*> all[2];
  for (const Judged& j : judged) {
    const int label = j.row->label[head];
    (label != 0 ? positive : negative).push_back(j.best);
    sources[label][j.row->source].push_back(&j);
    all[label].push_back(&j);
  }
  std::string out = head == kInjection ? "### Injection\n\n" : "### Safety\n\n";
  out += Format("AUC %.3f; recall at 0.8: %.3f; false positives at 0.8: %.2f %%.\n\n",
                Auc(positive, negative), Share(all[1], c, 0), 100 * Share(all[0], c, 0));
  out +=
      Format("Recall for the same texts after 20 KB of conversation %.3f, after 100 KB %.3f.\n\n",
             Share(all[1], c, kWindowsOf20Kb), Share(all[1], c, kWindowsOf100Kb));
  out += "| unseen source, attacks | rows | AUC against all harmless | recall at 0.8 |\n";
  out += "| --- | --- | --- | --- |\n";
  for (const auto& [source, rows] : sources[1]) {
    std::vector<double> best;
    for (const Judged* j : rows) best.push_back(j->best);
    out += "| " + source +
           Format(" | %.0f | %.3f | %.3f |\n", static_cast<double>(rows.size()),
                  Auc(best, negative), Share(rows, c, 0));
  }
  out += "\n| unseen source, harmless | rows | false positives at 0.8 |\n| --- | --- | --- |\n";
  for (const auto& [source, rows] : sources[0])
    out +=
        "| " + source +
        Format(" | %.0f | %.2f %% |\n", static_cast<double>(rows.size()), 100 * Share(rows, c, 0));
  out += "\n| harmless conversations of messages from | 20 KB | 100 KB |\n| --- | --- | --- |\n";
  std::set<std::string> families{""};
  for (const Judged& j : judged)
    if (j.row->label[head] == 0) families.insert(j.row->family);
  for (const std::string& family : families) {
    const auto messages = Messages(judged, head, family);
    double share[2];
    for (size_t i = 0; i < 2; ++i)
      share[i] = 100 * ConversationsFlagged(messages, kConversationBytes[i], c.operating_point,
                                            c.drift, true, seed + 1);
    out += "| " + (family.empty() ? std::string("all sources mixed") : family) +
           Format(" | %.1f %% | %.1f %% |\n", share[0], share[1]);
  }
  size_t count = 0, passed = 0;
  for (const Judged& j : probes) {
    if (j.row->label[head] != 0) continue;
    ++count;
    passed += Hit(j, c, 0) ? 0 : 1;
    if (Hit(j, c, 0)) std::fprintf(stderr, "probe hit: %s\n", j.row->text.c_str());
  }
  out += Format("\nOver-defence: %.0f of %.0f harmless probes full of trigger words pass.\n\n",
                static_cast<double>(passed), static_cast<double>(count));
  return out;
}

}  // namespace kt::train
