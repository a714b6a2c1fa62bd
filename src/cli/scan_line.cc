#include "cli/scan_line.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "core/json/edits.h"

namespace kt::cli {
namespace {

using json::Quote;

constexpr size_t kMaxLineBytes = 32u << 20;

struct Entity {
  std::string_view type;
  size_t begin, end;
};

// Byte offsets to code points, for offsets that do not decrease.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) : text_(text) {}
  size_t At(size_t byte) {
    for (; byte_ < byte; ++byte_) count_ += (text_[byte_] & 0xC0) != 0x80;
    return count_;
  }

 private:
  std::string_view text_;
  size_t byte_ = 0, count_ = 0;
};

// What several rules or policies found alike is listed once.
std::string EntityList(std::string_view text, std::vector<Entity> entities) {
  const auto key = [](const Entity& e) { return std::tie(e.begin, e.end, e.type); };
  std::sort(entities.begin(), entities.end(),
            [&](const Entity& a, const Entity& b) { return key(a) < key(b); });
  const auto same = [&](const Entity& a, const Entity& b) { return key(a) == key(b); };
  entities.erase(std::unique(entities.begin(), entities.end(), same), entities.end());
  CodePoints begins(text);
  std::string out;
  for (const Entity& entity : entities) {
    const size_t begin = begins.At(entity.begin);
    CodePoints inside(text.substr(entity.begin));
    const size_t end = begin + inside.At(entity.end - entity.begin);
    out += (out.empty() ? "{\"type\":" : ",{\"type\":") + Quote(entity.type) +
           ",\"start\":" + std::to_string(begin) + ",\"end\":" + std::to_string(end) + "}";
  }
  return out;
}

std::string ScoreMember(std::string_view kind, double score) {
  char number[32];
  std::snprintf(number, sizeof number, "%.4f", score);
  return Quote(kind) + ":" + number;
}

std::span<const detect::Match> MatchesOf(const policy::ChainEntry& entry,
                                         std::span<const detect::Match> all,
                                         std::vector<detect::Match>* own) {
  own->clear();
  std::copy_if(all.begin(), all.end(), std::back_inserter(*own), [&](const detect::Match& m) {
    return m.rule >= entry.first_rule && m.rule < entry.end_rule;
  });
  return *own;
}

// The strongest thing that a policy said; escalation counts as a verdict of its own.
std::string_view Verdict(const policy::ChainRun& run, const std::optional<policy::Block>& block) {
  using policy::Verdict;
  if (block) return VerdictName(block->escalate ? Verdict::kEscalated : Verdict::kBlocked);
  Verdict strongest = Verdict::kAllowed;
  for (const policy::PolicyOutcome& outcome : run.outcomes()) {
    strongest = std::max(strongest, outcome.verdict);
  }
  return VerdictName(strongest);
}

Status NotValid(const Status& parsed) {
  return parsed.ok() ? parsed : Status(parsed.code(), "not valid JSON: " + parsed.message());
}

}  // namespace

struct LineScanner::Answer {
  std::vector<double> scores;                // the highest, by the chain's entries; below 0: none
  std::string entities;                      // of the last text
  std::set<std::string, std::less<>> rules;  // their ids, where they are asked for
};

bool LineScanner::Scan(std::string_view line, std::string* out) {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  Status status = line.size() <= kMaxLineBytes
                      ? NotValid(view_.Parse(line, 0, limits))
                      : Status::ResourceExhausted("the line is longer than 32 MiB");
  const json::NodeIndex id = status.ok() ? view_.Find(0, "id") : json::kNoNode;
  *out += "{\"id\":";
  if (id == json::kNoNode) {
    *out += "null";
  } else {
    out->append(line.substr(view_.node(id).begin, view_.node(id).end - view_.node(id).begin));
  }
  std::string members;
  std::vector<std::string> texts;
  if (status.ok()) status = ReadTexts(&texts);
  if (status.ok()) status = Judge(texts, &members);
  *out += status.ok() ? members : ",\"error\":" + Quote(status.message());
  *out += "}\n";
  return status.ok();
}

Status LineScanner::ReadTexts(std::vector<std::string>* texts) const {
  const auto is = [&](json::NodeIndex i, json::Kind kind) {
    return i != json::kNoNode && view_.node(i).kind == kind;
  };
  const json::NodeIndex text = view_.Find(0, "text"), list = view_.Find(0, "texts");
  bool usable = is(text, json::Kind::kString) != is(list, json::Kind::kArray);
  if (text != json::kNoNode && list != json::kNoNode) usable = false;
  if (usable && list != json::kNoNode) {
    for (json::NodeIndex i = list + 1; usable && i < view_.node(list).after;
         i = view_.node(i).after) {
      usable = is(i, json::Kind::kString);
      if (usable) texts->push_back(view_.String(i));
    }
  } else if (usable) {
    texts->push_back(view_.String(text));
  }
  if (usable) return Status::Ok();
  return Status::InvalidArgument(
      "the line is no object with a string \"text\" or a list of strings \"texts\"");
}

// `entities` are told of a single text only: spans of a list would need its index.
Status LineScanner::Judge(std::span<const std::string> texts, std::string* out) const {
  Answer answer;
  std::vector<policy::ChainRun::Text> request;
  uint32_t windows = 0;
  for (const std::string& text : texts) {
    policy::TextUnit& unit = request.emplace_back().unit;
    unit.text = text;
    unit.phase = phase_;
    unit.role = phase_ == policy::Phase::kInput ? openai::Role::kUser : openai::Role::kAssistant;
    if (Status status = Evaluate(unit, &windows, &answer); !status.ok()) return status;
  }
  std::string scores;
  for (size_t i = 0; i < answer.scores.size(); ++i) {
    if (answer.scores[i] < 0) continue;
    const std::string_view kind = chain_.entries()[i].policy->kind();
    scores += (scores.empty() ? "" : ",") + ScoreMember(kind, answer.scores[i]);
  }
  policy::ChainRun run(chain_, {});
  std::vector<std::vector<policy::TextEdit>> edits;
  const std::optional<policy::Block> block = run.Judge(phase_, request, &edits);
  *out += ",\"scores\":{" + scores + "}";
  if (view_.Find(0, "text") != json::kNoNode) *out += ",\"entities\":[" + answer.entities + "]";
  if (explain_) {
    std::string rules;
    for (const std::string& id : answer.rules) rules += (rules.empty() ? "" : ",") + Quote(id);
    *out += ",\"rules\":[" + rules + "]";
  }
  *out += ",\"verdict\":" + Quote(Verdict(run, block));
  return Status::Ok();
}

void LineScanner::NameRules(const policy::Reading& reading, Answer* answer) const {
  const auto name = [&](std::span<const detect::Match> matches) {
    for (const detect::Match& match : matches) {
      answer->rules.insert(chain_.matcher().rule(match.rule).id);
    }
  };
  name(reading.matches());
  for (const policy::ViewReading& view : reading.views()) name(view.matches);
}

Status LineScanner::Evaluate(policy::TextUnit unit, uint32_t* windows, Answer* answer) const {
  const bool input = phase_ == policy::Phase::kInput;
  policy::Reader::Options options;
  options.scope = input ? detect::Scope::kInput : detect::Scope::kOutput;
  if (input) {
    options.views = detect::kAllViews;
    options.classifier = chain_.classifier();
    options.windows = windows;
  }
  policy::Reading reading;
  policy::Reader reader(chain_.matcher());
  if (Status read = reader.Read(unit.text, options, &reading); !read.ok()) return read;
  unit.reading = &reading;
  std::vector<detect::Match> own;
  std::vector<Entity> found;
  answer->scores.resize(chain_.entries().size(), -1);
  for (size_t i = 0; i < chain_.entries().size(); ++i) {
    const policy::ChainEntry& entry = chain_.entries()[i];
    if (input ? !entry.input : !entry.output) continue;
    policy::Evaluation evaluation;
    const Status status =
        entry.policy->Evaluate(unit, MatchesOf(entry, reading.matches(), &own), &evaluation);
    if (!status.ok()) return status;
    answer->scores[i] = std::max(answer->scores[i], evaluation.score);
    for (const policy::Finding& finding : evaluation.findings) {
      if (finding.begin < finding.end) found.push_back({finding.type, finding.begin, finding.end});
    }
  }
  if (explain_) NameRules(reading, answer);
  answer->entities = EntityList(unit.text, std::move(found));
  return Status::Ok();
}

}  // namespace kt::cli
