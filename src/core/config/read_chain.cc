#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/text.h"
#include "core/config/header_rules.h"
#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr size_t kMaxEntries = 100;
constexpr size_t kMaxConditions = 64;
constexpr std::string_view kAuditLogger = "audit-logger";

constexpr std::array<std::string_view, 5> kKinds = {
    "prompt-injection", "pii-detector", "safety-filter", "dlp-filter", kAuditLogger,
};

constexpr std::string_view kLaterKinds[] = {
    "agent-firewall",      "rbac",
    "tool-validation",     "tool-budget",
    "data-routing-policy", "external-moderation",
    "language-validator",  "entity-list-filter",
    "quality-scorer",      "human-oversight",
    "citation-verifier",   "flagged-review",
    "bot-detector",        "hipaa-phi-detector",
    "student-privacy",     "case-privacy",
    "itar-ear-filter",     "dual-use-filter",
    "embedding-detector",  "cjis-mode",
};

enum class StageName { kInput, kOutput, kBoth, kLater };
constexpr Choice<StageName> kStages[] = {
    {"input", StageName::kInput},         {"output", StageName::kOutput},
    {"both", StageName::kBoth},           {"pre-request", StageName::kInput},
    {"pre-response", StageName::kOutput}, {"post-request", StageName::kLater},
    {"post-response", StageName::kLater},
};

constexpr Choice<bool> kStreamingModes[] = {{"incremental", false}, {"buffered", true}};

void ReadWhenHeaders(const Value& value, When* when) {
  value.Map([when](MapReader& map) {
    map.Each([when](const YamlNode& key, const Value& header) {
      std::string text;
      if (!IsHeaderName(key.scalar)) return header.Fail("is not a header name");
      if (!header.Text(&text, {.max_bytes = 1024})) return;
      if (when->headers.size() == kMaxConditions) return header.Fail("more than 64 headers");
      std::string name = ToLower(key.scalar);
      for (const auto& [known, ignored] : when->headers) {
        if (known == name) return header.Fail("is given twice (header names ignore case)");
      }
      when->headers.emplace_back(std::move(name), std::move(text));
    });
  });
}

void ReadWhenModels(const Value& value, When* when) {
  if (!value.present()) return;
  if (value.node().kind == YamlNode::Kind::kList) {
    if (value.Texts(&when->models, kMaxConditions, {.max_bytes = 512}) && when->models.empty()) {
      value.Fail("must not be empty");
    }
    return;
  }
  std::string model;
  if (value.Text(&model, {.max_bytes = 512})) when->models = {std::move(model)};
}

// How `when` sees the endpoints that policies run on, whatever the location and the client's URI.
constexpr std::string_view kPaths[] = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings",
                                       "/v1/responses"};

bool BeginsAPath(std::string_view prefix) {
  return std::any_of(std::begin(kPaths), std::end(kPaths),
                     [prefix](std::string_view path) { return path.starts_with(prefix); });
}

void ReadWhenPath(const Value& value, std::string* path) {
  if (!value.Text(path, {.max_bytes = 1024})) return;
  if (path->front() != '/') return value.Fail("a path prefix begins with \"/\"");
  if (BeginsAPath(*path)) return;
  const std::string longer = "/v1" + *path;
  value.Warn(
      "holds for no request: paths read /v1/chat/completions, /v1/completions, "
      "/v1/embeddings or /v1/responses, whatever the location",
      BeginsAPath(longer) ? "write \"" + Printable(longer) + "\"" : "");
}

void ReadWhen(const Value& value, When* when) {
  value.Map([when](MapReader& map) {
    ReadWhenPath(map.Get("path"), &when->path);
    ReadWhenHeaders(map.Get("header"), when);
    ReadWhenModels(map.Get("model"), when);
  });
}

void ReadStage(const Value& value, ChainEntry* entry) {
  StageName stage = StageName::kBoth;
  if (!value.OneOf(kStages, &stage)) return;
  if (stage == StageName::kLater) {
    return value.FailNotYet("use pre-request or pre-response, or leave it out for both");
  }
  entry->stage = stage == StageName::kInput    ? Stage::kInput
                 : stage == StageName::kOutput ? Stage::kOutput
                                               : Stage::kBoth;
  if (entry->kind == "prompt-injection" && entry->stage == Stage::kOutput) {
    value.Fail("prompt-injection judges requests only, so it would never run");
  } else if (entry->kind == "prompt-injection" && stage == StageName::kBoth) {
    value.Warn("prompt-injection judges requests only: answers pass without it");
  }
}

void RefuseForAuditLogger(const Value& value) {
  if (value.present()) {
    value.Fail("audit-logger takes no conditions: it records every request, after all policies",
               "remove it");
  }
}

void ReadEntryOptions(const Value& value, ChainEntry* entry) {
  value.Map([entry](MapReader& map) {
    const Value when = map.Get("when");
    const Value stage = map.Get("stage");
    const Value streaming_mode = map.Get("streaming_mode");
    bool parallel = false;
    const Value parallel_value = map.Get("parallel");
    if (parallel_value.Bool(&parallel) && parallel) {
      parallel_value.Warn("has no effect: policies run in chain order");
    }
    if (entry->kind == kAuditLogger) {
      RefuseForAuditLogger(when);
      RefuseForAuditLogger(stage);
      RefuseForAuditLogger(streaming_mode);
      return;
    }
    ReadWhen(when, &entry->when);
    ReadStage(stage, entry);
    streaming_mode.OneOf(kStreamingModes, &entry->buffered);
    if (entry->buffered && (entry->kind == "prompt-injection" || entry->stage == Stage::kInput)) {
      streaming_mode.Warn("has no effect: the policy does not judge answers");
    }
  });
}

bool CheckKind(const Value& at, std::string_view kind) {
  if (IsPolicyKind(kind)) return true;
  if (IsLaterPolicyKind(kind)) {
    at.Fail("the policy kind \"" + std::string(kind) + "\" is not supported yet");
  } else {
    at.Fail("unknown policy kind \"" + Printable(kind) + "\"",
            std::string(NearestPolicyKind(kind)));
  }
  return false;
}

constexpr std::string_view kEntryKeys[] = {"when", "stage", "streaming_mode"};

// Of an entry that has not one key.
std::string HowToWrite(const YamlNode& node) {
  // "- kind:" with its keys on the column of "kind".
  const bool beside =
      node.members.size() > 1 && node.members[0].value.kind == YamlNode::Kind::kNull &&
      std::find(std::begin(kEntryKeys), std::end(kEntryKeys), node.members[1].key.scalar) !=
          std::end(kEntryKeys);
  if (beside) {
    return "indent \"" + Printable(node.members[1].key.scalar) +
           "\" and what follows it by two more";
  }
  return "a kind, or {kind: {when, stage, streaming_mode}}";
}

// False: not an entry that can run.
bool ReadEntry(const Value& item, ChainEntry* entry) {
  entry->mark = item.mark();
  const YamlNode& node = item.node();
  if (node.kind == YamlNode::Kind::kMap) {
    if (node.members.size() != 1) {
      item.Fail("expected one policy kind", HowToWrite(node));
      return false;
    }
    entry->kind = node.members[0].key.scalar;
    if (!CheckKind(item, entry->kind)) return false;
    item.Map([entry](MapReader& map) {
      map.Each(
          [entry](const YamlNode&, const Value& options) { ReadEntryOptions(options, entry); });
    });
    return true;
  }
  return item.Text(&entry->kind, {.max_bytes = 128}) && CheckKind(item, entry->kind);
}

void ReadEntries(const Value& value, std::vector<ChainEntry>* chain) {
  value.List(kMaxEntries, [chain](const Value& item) {
    ChainEntry entry;
    if (!ReadEntry(item, &entry)) return;
    const bool twice = std::any_of(chain->begin(), chain->end(),
                                   [&entry](const ChainEntry& e) { return e.kind == entry.kind; });
    if (twice) return item.Fail("the policy kind \"" + entry.kind + "\" is in the chain twice");
    chain->push_back(std::move(entry));
  });
}

}  // namespace

bool IsPolicyKind(std::string_view kind) {
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool IsLaterPolicyKind(std::string_view kind) {
  return std::find(std::begin(kLaterKinds), std::end(kLaterKinds), kind) != std::end(kLaterKinds);
}

std::string_view NearestPolicyKind(std::string_view word) {
  return Nearest(word, kKinds);
}

void ReadChain(const Value& value, std::vector<ChainEntry>* chain, AuditLogger* audit) {
  value.Map([&](MapReader& map) {
    const Value list = map.Require("chain");
    if (!list.present()) return;
    ReadEntries(list, chain);
    if (list.node().kind != YamlNode::Kind::kList) return;
    if (list.node().items.empty())
      return list.Fail("must not be empty", "name at least one policy");
    // Records what all the others decided, so it comes after them wherever it is written.
    const auto others_end = std::stable_partition(
        chain->begin(), chain->end(), [](const ChainEntry& e) { return e.kind != kAuditLogger; });
    audit->present = others_end != chain->end();
    if (!audit->present) {
      list.Warn("without audit-logger there are no audit records", "add audit-logger to the chain");
    }
  });
}

}  // namespace kt::config
