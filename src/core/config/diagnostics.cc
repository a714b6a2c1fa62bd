#include "core/config/diagnostics.h"

#include <algorithm>
#include <tuple>

#include "core/base/text.h"

namespace kt::config {

namespace {

constexpr size_t kMaxDiagnostics = 100;
constexpr size_t kMaxPrintedBytes = 64;

std::string Folded(std::string_view word) {
  std::string folded = ToLower(word);
  std::replace(folded.begin(), folded.end(), '-', '_');
  return folded;
}

// The only candidate that begins with the word: "retention" for retention_days.
std::string_view Longer(std::string_view folded_word,
                        std::span<const std::string_view> candidates) {
  constexpr size_t kLeast = 4;
  std::string_view only;
  if (folded_word.size() < kLeast) return only;
  for (const std::string_view candidate : candidates) {
    if (!Folded(candidate).starts_with(folded_word) || candidate == only) continue;
    if (!only.empty()) return {};
    only = candidate;
  }
  return only;
}

void Keep(std::vector<Diagnostic>* list, Diagnostic diagnostic) {
  if (list->size() < kMaxDiagnostics) list->push_back(std::move(diagnostic));
}

}  // namespace

void SortByPosition(const std::vector<std::string>& files, std::vector<Diagnostic>* diagnostics) {
  const auto key = [&files](const Diagnostic& d) {
    const auto file = std::find(files.begin(), files.end(), d.file);
    return std::tuple(file - files.begin(), d.line, d.column);
  };
  std::stable_sort(diagnostics->begin(), diagnostics->end(),
                   [&key](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
}

Diagnostic Located(const PolicyConfig& config, std::string_view message) {
  Diagnostic diagnostic;
  const size_t colon = message.find(": ");
  const auto place =
      colon == message.npos ? config.places.end() : config.places.find(message.substr(0, colon));
  if (place == config.places.end()) {
    diagnostic.reason = message;
    return diagnostic;
  }
  const Mark& mark = place->second.mark;
  return {
      mark.file, mark.line, mark.column, place->second.path, std::string(message.substr(colon + 2)),
      ""};
}

std::string Diagnostic::ToString() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (line > 0 && column > 0) out += ":" + std::to_string(column);
  if (!path.empty()) out += (out.empty() ? "" : ": ") + path;
  out += (out.empty() ? "" : ": ") + reason;
  if (suggestion.empty()) return out;
  if (suggestion.find(' ') != std::string::npos) return out + "; " + suggestion;
  return out + "; did you mean \"" + suggestion + "\"?";
}

std::string Printable(std::string_view untrusted_text) {
  const std::string_view cut = CutUtf8(untrusted_text, kMaxPrintedBytes);
  std::string out;
  for (const char c : cut) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\x" + HexEncode(std::string_view(&c, 1));
    } else {
      out.push_back(c);
    }
  }
  if (cut.size() < untrusted_text.size()) out += "...";
  return out;
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kMaxPrintedBytes) return {};
  const std::string folded = Folded(word);
  const uint32_t limit = word.size() <= 3 ? 1 : word.size() <= 8 ? 2 : 3;
  uint32_t best_distance = limit + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const uint32_t distance = EditDistance(folded, Folded(candidate), limit);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? Longer(folded, candidates) : best;
}

void Diagnostics::Error(const YamlNode& at, std::string path, std::string reason,
                        std::string suggestion) {
  Add({at.file, at.line, at.column, std::move(path), std::move(reason), std::move(suggestion)});
}

void Diagnostics::Warn(const YamlNode& at, std::string path, std::string reason,
                       std::string suggestion) {
  Keep(&warnings_,
       {at.file, at.line, at.column, std::move(path), std::move(reason), std::move(suggestion)});
}

void Diagnostics::Add(Diagnostic error) {
  // What follows from an error at the same place (an alias reads as an empty value) says nothing.
  const auto of_values = errors_.begin() + static_cast<std::ptrdiff_t>(of_parser_);
  const bool known = std::any_of(errors_.begin(), of_values, [&error](const Diagnostic& e) {
    return e.line > 0 && e.line == error.line && e.column == error.column && e.file == error.file;
  });
  if (!known) Keep(&errors_, std::move(error));
}

void Diagnostics::AddOfParser(Diagnostic error) {
  Keep(&errors_, std::move(error));
  of_parser_ = errors_.size();
}

bool Diagnostics::full() const noexcept {
  return errors_.size() >= kMaxDiagnostics;
}

void Diagnostics::Take(const std::vector<SourceFile>& files, std::vector<Diagnostic>* errors,
                       std::vector<Diagnostic>* warnings) && {
  std::vector<std::string> names;
  for (const SourceFile& file : files) names.push_back(file.name);
  SortByPosition(names, &errors_);
  SortByPosition(names, &warnings_);
  *errors = std::move(errors_);
  *warnings = std::move(warnings_);
}

}  // namespace kt::config
