#include "generate.h"

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string_view>

#include "disguise.h"

namespace kt::train {
namespace {

struct Section {
  std::string name, task;
  size_t count = 0;
  int label = 0;
  bool probe = false;
  std::vector<std::string> templates;
};

struct Grammar {
  std::map<std::string, std::vector<std::string>> lists;
  std::vector<Section> sections;
};

Status Read(const std::string& path, Grammar* grammar) {
  std::ifstream in(path);
  if (!in) return Status::NotFound("cannot read " + path);
  std::vector<std::string>* into = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with("%%")) continue;
    const bool head = line.starts_with("@list ") || line.starts_with("@rows ");
    if (!head) {
      if (into == nullptr) return Status::InvalidArgument(path + ": text before the first @");
      into->push_back(line == "~" ? "" : line);
      continue;
    }
    std::istringstream words(line);
    std::string kind, name, flag;
    words >> kind >> name;
    if (kind == "@list") {
      into = &grammar->lists[name];
      continue;
    }
    Section section;
    section.name = name;
    words >> section.count >> section.task >> section.label >> flag;
    section.probe = flag == "probe";
    grammar->sections.push_back(std::move(section));
    into = &grammar->sections.back().templates;
  }
  return Status::Ok();
}

class Expander {
 public:
  Expander(const Grammar& grammar, std::mt19937_64* random) : grammar_(grammar), random_(*random) {}

  Status Expand(const std::string& from, int depth, std::string* out) {
    if (depth > 12) return Status::InvalidArgument("lists nest too deeply: " + from);
    for (size_t i = 0; i < from.size(); ++i) {
      const size_t end = from[i] == '{' ? from.find('}', i) : std::string::npos;
      if (end != std::string::npos && IsName(from.substr(i + 1, end - i - 1))) {
        const auto list = grammar_.lists.find(from.substr(i + 1, end - i - 1));
        if (list == grammar_.lists.end() || list->second.empty())
          return Status::InvalidArgument("no such list: " + from.substr(i, end - i + 1));
        const std::string& pick = list->second[random_() % list->second.size()];
        if (Status s = Expand(pick, depth + 1, out); !s.ok()) return s;
        i = end;
      } else if (from[i] == '\\' && i + 1 < from.size() && from[i + 1] == 'n') {
        out->push_back('\n');
        ++i;
      } else {
        out->push_back(from[i]);
      }
    }
    return Status::Ok();
  }

 private:
  // Braces around anything else are text (JSON, code).
  static bool IsName(const std::string& text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
  }
  const Grammar& grammar_;
  std::mt19937_64& random_;
};

Disguise PickEncoding(std::mt19937_64* random) {
  constexpr Disguise kEncoded[] = {Disguise::kBase64, Disguise::kHex,     Disguise::kRot13,
                                   Disguise::kSpaced, Disguise::kPercent, Disguise::kReversed};
  return kEncoded[(*random)() % std::size(kEncoded)];
}

// Some rows come disguised, harmless ones as often: an encoding alone says nothing.
Disguise PickDisguise(std::mt19937_64* random) {
  const uint64_t roll = (*random)() % 100;
  if (roll < 6) return Disguise::kUpper;
  if (roll < 11) return Disguise::kLeet;
  return roll < 17 ? PickEncoding(random) : Disguise::kNone;
}

uint64_t SeedOf(std::string_view name, uint64_t seed, int draw) {
  uint64_t hash = 0xcbf29ce484222325 + seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash + static_cast<uint64_t>(draw) * 0x9E3779B97F4A7C15;
}

Status AddSection(const Grammar& grammar, const Section& section, uint64_t seed, int draw,
                  std::vector<Row>* rows) {
  std::mt19937_64 random(SeedOf(section.name, seed, draw));
  Expander expander(grammar, &random);
  std::set<std::string> seen;
  // Probes are the templates themselves; others repeat until enough different ones were seen.
  const size_t tries = section.probe ? section.templates.size() : section.count * 3;
  for (size_t i = 0; i < tries && (section.probe || seen.size() < section.count); ++i) {
    std::string text;
    const size_t pick = i % section.templates.size();
    if (Status s = expander.Expand(section.templates[pick], 0, &text); !s.ok()) return s;
    if (!seen.insert(text).second) continue;
    Row row;
    row.source = row.family = "generated:" + section.name;
    row.generated = true;
    row.probe = section.probe;
    if (!section.probe) row.draw = draw;
    row.kind = section.label != 0 ? "attack" : "benign";
    if (section.task != "safety") row.label[kInjection] = section.label;
    if (section.task != "injection") row.label[kSafety] = section.label;
    row.text = section.probe ? text : Apply(PickDisguise(&random), text, &random);
    rows->push_back(std::move(row));
  }
  return Status::Ok();
}

}  // namespace

void AddDisguised(std::vector<Row>* rows, uint64_t seed, int draws) {
  const size_t count = rows->size();
  for (int draw = 0; draw < draws; ++draw) {
    for (size_t i = 0; i < count; ++i) {
      if ((*rows)[i].label[kInjection] != 0) continue;
      std::mt19937_64 random(SeedOf((*rows)[i].text, seed, draw));
      if (random() % 6 != 0) continue;
      Row row = (*rows)[i];
      row.generated = true;
      row.draw = draw;
      const Disguise disguise = random() % 2 != 0 ? Disguise::kLeet : PickEncoding(&random);
      row.text = Apply(disguise, row.text, &random);
      rows->push_back(std::move(row));
    }
  }
}

Result<std::vector<Row>> GenerateRows(const std::vector<std::string>& grammar_paths, uint64_t seed,
                                      int draws) {
  Grammar grammar;
  for (const std::string& path : grammar_paths)
    if (Status s = Read(path, &grammar); !s.ok()) return s;
  std::vector<Row> rows;
  for (const Section& section : grammar.sections) {
    for (int draw = 0; draw < (section.probe ? 1 : draws); ++draw)
      if (Status s = AddSection(grammar, section, seed, draw, &rows); !s.ok()) return s;
  }
  return rows;
}

}  // namespace kt::train
