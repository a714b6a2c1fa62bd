#include <algorithm>

#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr size_t kMaxTypes = 256;
constexpr size_t kMaxPatterns = 1000;
constexpr size_t kMaxMarkerBytes = 128;

constexpr Choice<Action> kActions[] = {
    {"redact", Action::kRedact}, {"block", Action::kBlock}, {"log", Action::kLog}};
constexpr Choice<MarkerFormat> kMarkerFormats[] = {{"label", MarkerFormat::kLabel},
                                                   {"asterisk", MarkerFormat::kAsterisk},
                                                   {"partial", MarkerFormat::kPartial},
                                                   {"hash", MarkerFormat::kHash},
                                                   {"reversible", MarkerFormat::kReversible}};

// "credit-card" -> "CREDIT_CARD": the spelling of the entity table. Empty: not a type name.
std::string TypeName(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      name.push_back(static_cast<char>(c - ('a' - 'A')));
    } else if (c == '-' || c == '_') {
      name.push_back('_');
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      name.push_back(c);
    } else {
      return {};
    }
  }
  return name.size() <= 64 ? name : std::string();
}

void ReadEntities(const Value& value, std::vector<std::string>* entities, Places* places) {
  if (!value.present()) return;
  std::vector<std::string> names;
  const auto add = [&names, places](const Value& item) {
    std::string text;
    if (!item.Text(&text, {.max_bytes = 64})) return;
    const std::string name = TypeName(text);
    if (name.empty()) return item.Fail("is not the name of an entity type");
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    places->emplace("policy.pii-detector.entities[" + std::to_string(names.size()) + "]",
                    Place{item.path(), item.mark()});
    names.push_back(name);
  };
  if (value.node().kind == YamlNode::Kind::kScalar) {
    add(value);
    if (names != std::vector<std::string>{"ALL"}) {
      return value.Fail("expected a list of entity types, or all");
    }
  } else if (value.node().kind != YamlNode::Kind::kNull && !value.List(kMaxTypes, add)) {
    return;
  }
  if (names.empty() && value.node().items.empty()) {
    return value.Fail("must not be empty", "leave the key out for the default set");
  }
  *entities = std::move(names);
}

bool Names(const std::vector<std::string>& entities, std::initializer_list<const char*> types) {
  return std::any_of(entities.begin(), entities.end(), [types](const std::string& name) {
    return name == "ALL" || std::find(types.begin(), types.end(), name) != types.end();
  });
}

// What is asked for beside a list of types that leaves no room for it.
void WarnBesideEntities(const Value& pci, const Value& private_ips, const PiiDetector& policy) {
  if (policy.entities.empty()) return;
  if (pci.present() && policy.pci_mode && !Names(policy.entities, {"CVV", "CARD_HOLDER"})) {
    pci.Warn("has no effect beside entities, which name the types that are looked for",
             "add CVV and CARD_HOLDER to entities");
  }
  if (policy.include_private_ips && !Names(policy.entities, {"IP_ADDRESS"})) {
    private_ips.Warn("has no effect: entities do not name IP_ADDRESS");
  }
}

// However deep the JSON in which it stands, nothing of it needs an escape.
bool StandsInJson(std::string_view text) {
  return text.find_first_of("\"\\") == std::string_view::npos;
}

void ReadCustomMarkers(const Value& value, std::map<std::string, std::string>* markers,
                       Places* places) {
  value.Map([markers, places](MapReader& map) {
    map.Each([markers, places](const YamlNode& key, const Value& marker) {
      const std::string name = TypeName(key.scalar);
      places->emplace("policy.pii-detector.redaction.custom_markers." + name,
                      Place{marker.path(), {key.file, key.line, key.column}});
      std::string text;
      if (name.empty()) return marker.Fail("is not the name of an entity type");
      if (!marker.Text(&text, {.max_bytes = kMaxMarkerBytes})) return;
      if (!StandsInJson(text)) {
        return marker.Fail("holds a quote or a backslash",
                           "a marker must stand in JSON, also in JSON inside JSON");
      }
      if (markers->size() == kMaxTypes) return marker.Fail("more than 256 markers");
      if (!markers->emplace(name, std::move(text)).second) {
        marker.Fail("the entity type has a marker already (names ignore case)");
      }
    });
  });
}

void CheckMarkerFormat(const Value& format, const Value& key, PiiDetector* policy) {
  const bool hash = policy->marker_format == MarkerFormat::kHash;
  if (hash && !key.present()) {
    format.Fail("hash needs redaction.hash_key_ref",
                "add hash_key_ref: {env: NAME}; without a key, marks could be guessed");
  }
  if (!hash && key.present()) key.Warn("has no effect: marker_format is not hash");
}

void ReadRedaction(MapReader& map, PiiDetector* policy, Places* places) {
  const Value format = map.Get("marker_format");
  const Value key = map.Get("hash_key_ref");
  format.OneOf(kMarkerFormats, &policy->marker_format);
  ReadSecretRef(key, &policy->hash_key_ref);
  if (key.present()) places->emplace(key.path(), Place{key.path(), key.mark()});
  CheckMarkerFormat(format, key, policy);
  const Value preserve = map.Get("preserve_length");
  const bool can_preserve = policy->marker_format == MarkerFormat::kAsterisk ||
                            policy->marker_format == MarkerFormat::kPartial;
  if (preserve.Bool(&policy->preserve_length) && policy->preserve_length && !can_preserve) {
    preserve.Fail("works with marker_format asterisk and partial only");
  }
  map.Get("include_metadata").Bool(&policy->include_metadata);
  ReadCustomMarkers(map.Get("custom_markers"), &policy->custom_markers, places);
}

}  // namespace

void ReadPiiDetector(MapReader& map, PiiDetector* policy, Places* places) {
  map.Get("action").OneOf(kActions, &policy->action);
  ReadEntities(map.Get("entities"), &policy->entities, places);
  map.Get("healthcare_mode").Bool(&policy->healthcare_mode);
  const Value pci = map.Get("pci_mode"), private_ips = map.Get("include_private_ips");
  pci.Bool(&policy->pci_mode);
  private_ips.Bool(&policy->include_private_ips);
  WarnBesideEntities(pci, private_ips, *policy);
  const Value patterns = map.Get("detect_patterns");
  patterns.Texts(&policy->detect_patterns, kMaxPatterns, {.max_bytes = 4096});
  NotePlaces(patterns, "policy.pii-detector.detect_patterns", places);
  const Value redaction = map.Get("redaction");
  redaction.Map([policy, places](MapReader& keys) { ReadRedaction(keys, policy, places); });
  if (redaction.present() && policy->action != Action::kRedact) {
    redaction.Warn("has no effect: action is not redact");
  }
  if (policy->custom_markers.contains("CUSTOM") && policy->detect_patterns.empty()) {
    redaction.Warn("custom_markers.CUSTOM has no effect without detect_patterns");
  }
}

}  // namespace kt::config
