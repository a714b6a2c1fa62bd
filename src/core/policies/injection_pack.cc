#include "core/policies/injection_pack.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/config/yaml_tree.h"
#include "core/detect/regex_tree.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

using config::YamlNode;
using WordLists = std::vector<std::pair<std::string, std::string>>;

using Names = std::set<std::string, std::less<>>;

struct Language {
  std::string name;
  bool spaced = true;   // blanks stand between words
  bool commas = false;  // or commas
  WordLists words;
  std::vector<std::string> places;  // file and line of each list
  Names used;                       // lists that a rule or another list takes in
};

std::string PlaceOf(const YamlNode& node) {
  return node.file + ":" + std::to_string(node.line) + ": ";
}

const std::string* FindWords(const WordLists& words, std::string_view name) {
  const auto list =
      std::find_if(words.begin(), words.end(), [&](const auto& e) { return e.first == name; });
  return list == words.end() ? nullptr : &list->second;
}

// Calls `text` for what stands between the words of a pattern, and `word` for each "{{name}}" until
// that says false. False also where braces are left open.
template <typename Text, typename Word>
bool ForEachWord(std::string_view pattern, Text text, Word word) {
  for (;;) {
    const size_t open = pattern.find("{{");
    text(pattern.substr(0, open));
    if (open == pattern.npos) return true;
    pattern.remove_prefix(open + 2);
    const size_t close = pattern.find("}}");
    if (close == pattern.npos || !word(pattern.substr(0, close))) return false;
    pattern.remove_prefix(close + 2);
  }
}

// "{{name}}" becomes the expression of that name. False: there is none; *unknown, if any, says
// which.
bool PutWords(std::string_view pattern, const WordLists& words, std::string* out,
              std::string* unknown = nullptr) {
  out->clear();
  if (unknown != nullptr) *unknown = "\"{{\" is not closed";
  return ForEachWord(
      pattern, [&](std::string_view text) { out->append(text); },
      [&](std::string_view name) {
        const std::string* list = FindWords(words, name);
        if (list == nullptr && unknown != nullptr) {
          *unknown = "unknown word list \"" + std::string(name) + "\"";
        }
        if (list != nullptr) out->append("(?:").append(*list).append(")");
        return list != nullptr;
      });
}

// The names in a pattern.
Names WordsOf(std::string_view pattern) {
  Names names;
  ForEachWord(
      pattern, [](std::string_view) {},
      [&](std::string_view name) {
        names.emplace(name);
        return true;
      });
  return names;
}

// The lists of a map, each of which may use those before it. `check`: a mistake is named here,
// where it is written, and not in all rules that take the list in.
Status ReadWords(const YamlNode& node, bool check, WordLists* words) {
  PackMap map(node);
  for (const auto& [name, value] : node.members) {
    std::string list, why;
    if (!PutWords(map.String(name.scalar), *words, &list, &why)) {
      map.Fail(why + " in \"" + name.scalar + "\"");
    }
    const Status own = check ? detect::ParseRegex(list, true).status() : Status::Ok();
    if (!own.ok()) {
      return Status::InvalidArgument(PlaceOf(name) + "\"" + name.scalar +
                                     "\" is no expression by itself: " + own.message());
    }
    words->emplace_back(name.scalar, std::move(list));
  }
  return map.Finish();
}

// In families a blank stands for one or two, or for none in languages that are written without:
// with more of them in every gap automata grow, and so does what is searched before a literal.
// Where it may be a comma, literals end with the words (detect/prefilter_factors.h): pairs of words
// that begin with a short one would be looked for at many words of an English text.
std::string WithBlanks(std::string_view pattern, const Language& language) {
  std::string out = ExpandBlanks(pattern);
  constexpr std::string_view kBlanks = "\\s{1,5}";
  const std::string_view gap = !language.spaced  ? "\\s{0,2}"
                               : language.commas ? "[\\s,]{1,2}"
                                                 : "\\s{1,2}";
  for (size_t at = 0; (at = out.find(kBlanks, at)) != out.npos; at += gap.size()) {
    out.replace(at, kBlanks.size(), gap);
  }
  return out;
}

PhraseKind KindOf(const std::string& name, PackMap* map) {
  if (name == "phrase") return PhraseKind::kPhrase;
  if (name == "boundary") return PhraseKind::kBoundary;
  if (name == "delimiter") return PhraseKind::kDelimiter;
  if (name == "hidden") return PhraseKind::kHidden;
  if (name == "mention") return PhraseKind::kMention;
  map->Fail("unknown kind \"" + name + "\": phrase, boundary, delimiter, hidden or mention");
  return PhraseKind::kPhrase;
}

// All of a rule but its expression, which is left as it is written. `ids`: those before it.
PhraseRule ReadRule(PackMap* map, std::set<std::string>* ids) {
  PhraseRule rule;
  rule.id = map->String("id");
  if (!ids->insert(rule.id).second) map->Fail("another rule is called \"" + rule.id + "\", too");
  rule.pattern = map->String("pattern");
  rule.kind = KindOf(map->String("kind", "phrase"), map);
  rule.weight =
      rule.kind == PhraseKind::kMention ? map->Number("weight", 0) : map->Number("weight");
  if (rule.weight < 0 || rule.weight > 0.99) map->Fail("\"weight\" must be in [0, 0.99]");
  rule.common = map->Bool("common", false);
  return rule;
}

// The list "rules", whose patterns may use `words`.
Status ReadRules(PackMap* pack, const WordLists& words, std::set<std::string>* ids,
                 std::vector<PhraseRule>* out) {
  for (const YamlNode& node : pack->List("rules")) {
    PackMap map(node);
    PhraseRule& rule = out->emplace_back(ReadRule(&map, ids));
    std::string pattern, why;
    if (!PutWords(rule.pattern, words, &pattern, &why)) map.Fail(why + " in \"pattern\"");
    rule.pattern = ExpandBlanks(pattern);
    map.String("lang", "");
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  return Status::Ok();
}

Status ReadMoreRules(const PackReader& packs, std::string_view name, const WordLists& words,
                     std::set<std::string>* ids, std::vector<PhraseRule>* out) {
  Result<YamlNode> root = ReadPack(packs, name);
  if (!root.ok()) return root.status();
  PackMap pack(root.value());
  if (Status status = ReadRules(&pack, words, ids, out); !status.ok()) return status;
  return pack.Finish();
}

Status ReadLanguages(const PackReader& packs, std::string_view name, std::vector<Language>* out) {
  Result<YamlNode> root = ReadPack(packs, name);
  if (!root.ok()) return root.status();
  PackMap pack(root.value());
  for (const YamlNode& node : pack.List("languages")) {
    PackMap map(node);
    Language& language = out->emplace_back();
    language.name = map.String("lang");
    language.spaced = map.Bool("spaced", true);
    language.commas = map.Bool("commas", false);
    if (const YamlNode* words = map.Map("words")) {
      const bool check = !AreShipped(packs);
      if (Status status = ReadWords(*words, check, &language.words); !status.ok()) return status;
      for (const auto& [name, value] : words->members) {
        language.places.push_back(PlaceOf(name));
        language.used.merge(WordsOf(value.scalar));
      }
    }
    if (std::any_of(out->begin(), out->end() - 1,
                    [&](const Language& other) { return other.name == language.name; })) {
      map.Fail("\"" + language.name + "\" has an entry already: put the words there");
    }
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  return pack.Finish();
}

// The family's rule in each language that has its words.
void AddFamily(const PhraseRule& family, std::vector<Language>* languages, PackMap* map,
               std::vector<PhraseRule>* out) {
  const Names names = WordsOf(family.pattern);
  for (const std::string& name : names) {
    if (std::none_of(languages->begin(), languages->end(),
                     [&](const Language& l) { return FindWords(l.words, name) != nullptr; })) {
      map->Fail("no language has the words \"" + name + "\"");
    }
  }
  for (Language& language : *languages) {
    std::string pattern;
    if (!PutWords(family.pattern, language.words, &pattern)) continue;
    language.used.insert(names.begin(), names.end());
    PhraseRule& rule = out->emplace_back(family);
    rule.id += "." + language.name;
    rule.of_family = true;
    rule.pattern = WithBlanks(pattern, language);
  }
}

// Why no rule has the list `name` of the language.
std::string WhyUnused(const Language& language, const std::string& name,
                      const std::vector<PhraseRule>& families) {
  for (const PhraseRule& family : families) {
    Names missing = WordsOf(family.pattern);
    if (!missing.contains(name)) continue;
    std::erase_if(missing, [&](const auto& w) { return FindWords(language.words, w) != nullptr; });
    if (missing.empty()) continue;
    return "the words \"" + name + "\" of \"" + language.name + "\" would never act: family \"" +
           family.id + "\" needs \"" + *missing.begin() + "\", too";
  }
  return "no family uses the words \"" + name + "\" of \"" + language.name + "\"";
}

Status CheckUsed(const std::vector<Language>& languages, const std::vector<PhraseRule>& families) {
  for (const Language& language : languages) {
    for (size_t i = 0; i < language.words.size(); ++i) {
      const std::string& name = language.words[i].first;
      if (language.used.contains(name) || name.starts_with('_')) continue;
      return Status::InvalidArgument(language.places[i] + WhyUnused(language, name, families));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<PhraseRule>> ReadInjectionPack(const PackReader& packs, std::string_view name) {
  Result<YamlNode> root = ReadPack(packs, name);
  if (!root.ok()) return root.status();
  PackMap pack(root.value());
  WordLists words;
  if (const YamlNode* lists = pack.Map("words")) {
    if (Status status = ReadWords(*lists, !AreShipped(packs), &words); !status.ok()) return status;
  }
  std::vector<PhraseRule> rules;
  std::set<std::string> ids;
  if (Status status = ReadRules(&pack, words, &ids, &rules); !status.ok()) return status;
  for (const std::string& file : pack.Strings("more_rules")) {
    Status status = ReadMoreRules(packs, file, words, &ids, &rules);
    if (!status.ok()) return status;
  }
  std::vector<Language> languages;
  for (const std::string& file : pack.Strings("languages")) {
    if (Status status = ReadLanguages(packs, file, &languages); !status.ok()) return status;
  }
  std::vector<PhraseRule> families;
  ids.clear();  // a family may be called as a rule is: its rules have a language behind that
  for (const YamlNode& node : pack.List("families")) {
    PackMap map(node);
    const PhraseRule& family = families.emplace_back(ReadRule(&map, &ids));
    AddFamily(family, &languages, &map, &rules);
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  if (Status status = pack.Finish(); !status.ok()) return status;
  if (Status status = CheckUsed(languages, families); !status.ok()) return status;
  return rules;
}

}  // namespace kt::policies
