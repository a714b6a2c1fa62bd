// Labelled texts: what the trainer reads, makes, and cuts into windows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::train {

enum Head : unsigned { kInjection = 0, kSafety = 1, kHeads = 2 };

// Grammars and disguises are drawn several times, and a model is the mean over those draws.
inline constexpr int kAllDraws = -1;

// The features of one window, as a classifier's window has them.
struct Window {
  std::vector<uint32_t> features;  // of words
  std::vector<uint32_t> grams;
  std::vector<uint32_t> gate;  // entries of words for the gate
  uint32_t words = 0;
};

struct Row {
  std::string source;  // "neuralchemy"; "generated:<section>" for generated ones
  std::string family;  // what is left out together: sources of one origin
  std::string kind, sub;
  std::string text;
  int label[kHeads] = {-1, -1};  // 1, 0; -1: says nothing about this head
  float weight = 1;              // in training
  double evidence = 0;  // of the rules of prompt-injection, in log-odds (policies/score_mix.h)
  bool rare = false;    // of that evidence: hardly any harmless text has it (IsRare)
  bool generated = false;
  bool probe = false;           // generated for evaluation only
  int draw = kAllDraws;         // of generated rows: which model of Fit sees it
  std::vector<Window> windows;  // of what is judged: see CutWindows
};

// Lines of scripts/train: source, task, label, kind, sub, text, separated by tabs; \t \n
// \\ escaped.
Result<std::vector<Row>> ReadRows(const std::string& path);

// The windows of a text, exactly those that Classifier::Score judges.
std::vector<Window> WindowsOf(std::string_view text);
// Fills row->windows as the gateway judges a text: its normalised form, or its main view.
void CutWindows(Row* row);
// Sets row->evidence and row->rare of what is judged, by the rules of this tree: rows of sources.
Status FindEvidence(std::vector<Row>* rows);

}  // namespace kt::train
