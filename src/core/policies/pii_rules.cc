#include "core/policies/pii_rules.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/base/text.h"
#include "core/policies/context_words.h"
#include "core/policies/number_family.h"
#include "core/policies/number_forms.h"
#include "core/policies/pii_checks.h"
#include "core/policies/rule_pack.h"
#include "core/policies/value_begins.h"

namespace kt::policies {
namespace {

constexpr std::string_view kPacks[] = {"pii-detector.yaml", "pii-numbers.yaml",
                                       "pii-identifiers.yaml", "pii-health.yaml", "secrets.yaml"};
constexpr size_t kMaxHoldBytes = 4096;
constexpr std::string_view kCustomType = "CUSTOM";  // what detect_patterns find

struct Type {
  std::string label;
  bool on = false;
};
using Types = std::map<std::string, Type>;

// Others would be no marks: not in identifiers, nor where `reversible` looks for them again.
bool IsTypeName(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// When a type is looked for without being named in `entities`.
bool IsDefault(const std::string& when, const config::PiiDetector& config, PackMap* map) {
  if (when == "always") return true;
  if (when == "healthcare") return config.healthcare_mode;
  if (when == "pci") return config.pci_mode;
  if (when != "never") map->Fail("\"default\" is always, never, healthcare or pci");
  return false;
}

Status ReadTypes(PackMap* pack, const config::PiiDetector& config, Types* types) {
  for (const config::YamlNode& node : pack->List("types")) {
    PackMap map(node);
    const std::string name = map.String("name");
    if (types->contains(name)) map.Fail("another type is called \"" + name + "\", too");
    Type& type = (*types)[name];
    type.label = map.String("label");
    if (!IsTypeName(name) || !IsTypeName(type.label)) {
      map.Fail("\"name\" and \"label\" are capital letters, digits and underscores");
    }
    const std::string when = map.String("default", "always");
    const bool is_default = IsDefault(when, config, &map);
    // A mode adds its types to those that are named.
    type.on = is_default && (config.entities.empty() || when == "healthcare");
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  return Status::Ok();
}

// `entities` names types or their labels.
Status SelectTypes(const config::PiiDetector& config, Types* types) {
  for (size_t i = 0; i < config.entities.size(); ++i) {
    bool known = false;
    for (auto& [name, type] : *types) {
      const bool named = config.entities[i] == name || config.entities[i] == type.label;
      if (named || ToLower(config.entities[i]) == "all") type.on = known = true;
    }
    if (!known) {
      return Status::InvalidArgument("policy.pii-detector.entities[" + std::to_string(i) +
                                     "]: unknown type \"" + config.entities[i] + "\"");
    }
  }
  return Status::Ok();
}

Status CheckMarkers(const config::PiiDetector& config, const Types& types) {
  for (const auto& [name, ignored] : config.custom_markers) {
    const bool known = name == kCustomType ||
                       std::any_of(types.begin(), types.end(), [&name = name](const auto& entry) {
                         return entry.first == name || entry.second.label == name;
                       });
    if (known) continue;
    return Status::InvalidArgument("policy.pii-detector.redaction.custom_markers." + name +
                                   ": unknown type \"" + name + "\"");
  }
  return Status::Ok();
}

const Type* FindType(const Types& types, PackMap* map, const std::string& name) {
  const auto type = types.find(name);
  if (type != types.end()) return &type->second;
  map->Fail("unknown type \"" + name + "\": add it to a list of types");
  return nullptr;
}

using WordLists = std::vector<std::vector<std::string>>;
struct Words {
  std::vector<std::string> needs, unless, names, or_needs;
};

// The named check, and the words that must or must not stand before the candidate. A name, or a
// word that it needs, outweighs an `unless` where it stands nearer: "ref 12, card 4111 …",
// "id 7, phone 2125550147".
Check Combine(Check check, const Words& words) {
  if (!words.or_needs.empty()) {
    const auto context = std::make_shared<const ContextWords>(WordLists{words.or_needs});
    return [check = std::move(check), context](const detect::Candidate& c) {
      const size_t bytes = check(c);
      return bytes != 0 || !context->AnyBefore(c) ? bytes : c.match().size();
    };
  }
  if (words.needs.empty() && words.unless.empty()) return check;
  const bool needs = !words.needs.empty();
  const auto context =
      std::make_shared<const ContextWords>(WordLists{words.needs, words.unless, words.names});
  return [check = std::move(check), context, needs](const detect::Candidate& c) -> size_t {
    const size_t bytes = check ? check(c) : c.match().size();
    if (bytes == 0) return 0;
    uint16_t last[3] = {};
    if (!context->Find(c, last)) return needs ? 0 : bytes;
    const auto [needed, unless, name] = last;
    if (needs && needed == 0) return 0;
    return unless == 0 || std::max(needed, name) > unless ? bytes : 0;
  };
}

// `pattern`, or `patterns`: formats that share a type and a check.
std::vector<std::string> ReadPatterns(PackMap* map) {
  std::vector<std::string> patterns = map->Strings("patterns");
  const std::string pattern = map->String("pattern", "");
  if (patterns.empty() == pattern.empty()) map->Fail("needs either \"pattern\" or \"patterns\"");
  if (!pattern.empty()) patterns.push_back(pattern);
  return patterns;
}

// `ids`: those of the rules before it.
Status ReadRule(const config::YamlNode& node, const config::PiiDetector& config, const Types& types,
                std::set<std::string>* ids, std::vector<PiiRule>* out) {
  PackMap map(node);
  PiiRule rule;
  const std::string own_id = map.String("id");
  if (!ids->insert(own_id).second) map.Fail("another rule is called \"" + own_id + "\", too");
  rule.rule.id = "pii." + own_id;
  const std::string type_name = map.String("type");
  const Type* type = FindType(types, &map, type_name);
  const std::vector<std::string> patterns = ReadPatterns(&map);
  rule.rule.ignore_case = map.Bool("ignore_case", false);
  rule.rule.group = map.Count("group", 0);
  const bool weak = map.Bool("weak", false);
  if (map.Bool("long", false)) rule.rule.max_match_bytes = kMaxHoldBytes;
  const bool private_only = map.Bool("private", false);
  std::string name = map.String("check", "");
  if (config.include_private_ips && name.starts_with("public_")) name.erase(0, 7);
  Check check = FindCheck(name);
  if (!name.empty() && !check) {
    map.Fail("unknown check \"" + name + "\": src/core/policies/pii_checks.h lists them");
  }
  rule.rule.spelled = map.Bool("spelled", false);
  rule.rule.min_digits = map.Count("digits", 0);
  rule.rule.needs = ContextWords::Prepared(map.Strings("needs"));
  const Words words{rule.rule.needs, map.Strings("unless"), map.Strings("names"),
                    map.Strings("or_needs")};
  rule.rule.validate = Combine(std::move(check), words);
  if (words.or_needs.empty()) {
    const FirstLook look = FindFirstLook(name);
    if (look.may_begin != nullptr) rule.rule.may_begin = look.may_begin;
    rule.rule.min_kinds = look.min_kinds;
  }
  if (rule.rule.spelled && !words.names.empty()) {
    const auto names = std::make_shared<const ContextWords>(WordLists{words.names});
    rule.rule.named = [names](const detect::Candidate& c) { return names->AnyBefore(c); };
  }
  if (Status status = map.Finish(); !status.ok()) return status;
  if (!type->on || (private_only && !config.include_private_ips)) return Status::Ok();
  rule.kinds.push_back({type_name, type->label, weak});
  // A rule of its own for each: a worker compiles the format that it meets, not all that share a
  // check.
  const std::string id = std::move(rule.rule.id);
  for (size_t i = 0; i < patterns.size(); ++i) {
    rule.rule.id = id + (patterns.size() > 1 ? "[" + std::to_string(i) + "]" : "");
    rule.rule.pattern = patterns[i];
    out->push_back(rule);
  }
  return Status::Ok();
}

// What is wrong in them would never act, and nobody would be told.
void CheckForms(const NumberRule& rule, PackMap* map) {
  for (const std::string& form : rule.forms) {
    const size_t digits = DigitsOf(form);
    if (std::find(rule.lengths.begin(), rule.lengths.end(), digits) != rule.lengths.end()) continue;
    map->Fail(digits == 0
                  ? "\"" + form + "\" in \"forms\" is not like \"3-2-4\": groups of digits, " +
                        "and `_`, a blank or one of ./- between them"
                  : "\"" + form + "\" in \"forms\" has " + std::to_string(digits) +
                        " digits, which \"digits\" does not list");
  }
  if (rule.forms.empty() && rule.names.empty() && !rule.bare) {
    map->Fail("would never act: give it \"names\", \"forms\" or \"bare\"");
  }
}

Status ReadNumber(const config::YamlNode& node, const Types& types, PiiRule* family,
                  std::vector<NumberRule>* rules) {
  PackMap map(node);
  NumberRule rule;
  const std::string type_name = map.String("type");
  const Type* type = FindType(types, &map, type_name);
  for (const std::string& length : map.Strings("digits")) {
    rule.lengths.push_back(static_cast<size_t>(CountOf(length).value_or(0)));
    if (rule.lengths.back() < 7 || rule.lengths.back() > 20) map.Fail("\"digits\" are 7 to 20");
  }
  if (rule.lengths.empty()) map.Fail("\"digits\" is missing");
  const std::string check = map.String("check");
  rule.check = FindDigitCheck(check);
  if (rule.check == nullptr) {
    map.Fail("unknown check \"" + check + "\": src/core/policies/id_checks.cc lists them");
  }
  rule.forms = map.Strings("forms");
  rule.names = map.Strings("names");
  rule.unless = map.Strings("unless");
  rule.bare = map.Bool("bare", false);
  CheckForms(rule, &map);
  rule.phone_first = map.Bool("phone_first", false);
  if (Status status = map.Finish(); !status.ok()) return status;
  if (!type->on) return Status::Ok();
  family->kinds.push_back({type_name, type->label, false});
  rules->push_back(std::move(rule));
  return Status::Ok();
}

Status ReadNumbers(PackMap* pack, const Types& types, std::vector<PiiRule>* out) {
  const std::vector<config::YamlNode>& nodes = pack->List("numbers");
  if (nodes.empty()) return Status::Ok();
  PiiRule family;
  family.rule.id = "pii.numbers";
  family.rule.pattern = pack->String("number_pattern");
  family.rule.spelled = true;
  std::vector<NumberRule> rules;
  for (const config::YamlNode& node : nodes) {
    if (Status status = ReadNumber(node, types, &family, &rules); !status.ok()) return status;
  }
  if (rules.empty()) return Status::Ok();
  if (rules.size() > NumberFamily::kMostRules) {
    pack->Fail("more than " + std::to_string(NumberFamily::kMostRules) + " numbers");
    return Status::Ok();
  }
  const auto numbers = std::make_shared<const NumberFamily>(std::move(rules));
  family.rule.validate = [numbers](const detect::Candidate& c) { return (*numbers)(c); };
  family.rule.may_begin = [numbers](std::string_view text, size_t begin) {
    return numbers->MayBegin(text, begin);
  };
  out->push_back(std::move(family));
  return Status::Ok();
}

Result<std::vector<config::YamlNode>> ReadRoots(const PackReader& packs) {
  std::vector<config::YamlNode> roots;
  for (const std::string_view name : kPacks) {
    Result<config::YamlNode> root = ReadPack(packs, name);
    if (!root.ok()) return root.status();
    roots.push_back(std::move(root).value());
  }
  return roots;
}

}  // namespace

Result<PiiNames> PiiNames::Read(const PackReader& packs) {
  const Result<std::vector<config::YamlNode>> roots = ReadRoots(packs);
  if (!roots.ok()) return roots.status();
  Types types;
  for (const config::YamlNode& root : roots.value()) {
    PackMap pack(root);
    if (Status status = ReadTypes(&pack, {}, &types); !status.ok()) return status;
  }
  PiiNames names;
  for (const auto& [name, type] : types) {
    names.entities.push_back(name);
    names.entities.push_back(type.label);
  }
  names.markers = names.entities;
  names.markers.emplace_back(kCustomType);
  return names;
}

Result<std::vector<PiiRule>> ReadPiiRules(const config::PiiDetector& config,
                                          const PackReader& packs) {
  const Result<std::vector<config::YamlNode>> roots = ReadRoots(packs);
  if (!roots.ok()) return roots.status();
  std::vector<PackMap> maps(roots->begin(), roots->end());
  Types types;
  for (PackMap& pack : maps) {
    if (Status status = ReadTypes(&pack, config, &types); !status.ok()) return status;
  }
  if (Status status = SelectTypes(config, &types); !status.ok()) return status;
  if (Status status = CheckMarkers(config, types); !status.ok()) return status;
  std::vector<PiiRule> rules;
  std::set<std::string> ids;
  for (PackMap& pack : maps) {
    if (Status status = ReadNumbers(&pack, types, &rules); !status.ok()) return status;
    for (const config::YamlNode& node : pack.List("rules")) {
      if (Status status = ReadRule(node, config, types, &ids, &rules); !status.ok()) return status;
    }
    if (Status status = pack.Finish(); !status.ok()) return status;
  }
  for (PiiRule& rule : rules) rule.rule.trusted = AreShipped(packs);
  return rules;
}

}  // namespace kt::policies
