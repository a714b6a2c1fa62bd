#include <string_view>

#include "core/base/text.h"
#include "core/config/sections.h"

namespace kt::config {
namespace {

constexpr size_t kMaxSuites = 1000, kMaxCases = 10'000;
constexpr std::string_view kNoEffect = "has no effect";

// The record's names, and those that other gateways' suites use for them.
constexpr Choice<std::string_view> kVerdicts[] = {
    {"allowed", "allowed"},     {"redacted", "redacted"}, {"blocked", "blocked"},
    {"escalated", "escalated"}, {"error", "error"},       {"allow", "allowed"},
    {"redact", "redacted"},     {"block", "blocked"},     {"escalate", "escalated"},
};

void WarnNoEffect(const Value& value) {
  if (!value.present()) return;
  const bool empty_list = value.node().kind == YamlNode::Kind::kList && value.node().items.empty();
  if (!empty_list) value.Warn(std::string(kNoEffect));
}

void ReadHeaders(const Value& value, TestCase* test) {
  value.Map([test](MapReader& map) {
    map.Each([test](const YamlNode& name, const Value& header) {
      std::string text;
      if (header.Text(&text, {.min_bytes = 0})) {
        test->headers.emplace_back(ToLower(name.scalar), std::move(text));
      }
    });
  });
}

void ReadRequest(const Value& messages, const Value& request, TestCase* test) {
  using Kind = YamlNode::Kind;
  if (messages.present()) {
    if (messages.node().kind != Kind::kList) messages.Fail("expected a list");
    test->messages = messages.node();
  }
  if (!request.present()) return;
  const bool map = request.node().kind == Kind::kMap;
  if (!map && request.node().kind != Kind::kScalar) {
    request.Fail("expected a map or a text: the request's whole body");
  } else if (messages.present() && (!map || request.node().Find("messages") != nullptr)) {
    request.Fail("has the messages already", "leave input.messages out");
  }
  test->request = request.node();
}

void ReadInput(const Value& value, TestCase* test) {
  value.Map([&](MapReader& map) {
    const Value messages = map.Get("messages"), request = map.Get("request");
    ReadRequest(messages, request, test);
    if (!messages.present() && !request.present()) {
      value.Fail("needs messages or a request");
    }
    ReadHeaders(map.Get("headers"), test);
    const Value path = map.Get("path");
    if (path.Text(&test->path) && !test->path.starts_with('/')) path.Fail("must begin with /");
    const Value answer = map.Get("upstream_response");
    if (answer.present() && answer.node().kind == YamlNode::Kind::kNull) {
      answer.Fail("expected a map, a list of events or a text");
    } else if (answer.present()) {
      test->upstream_response = answer.node();
    }
    WarnNoEffect(map.Get("proxy_name"));
    WarnNoEffect(map.Get("team_slugs"));
  });
}

void ReadExpected(const Value& value, TestCase* test) {
  value.Map([test](MapReader& map) {
    std::string_view verdict;
    if (map.Require("verdict").OneOf(kVerdicts, &verdict)) test->verdict = verdict;
    std::string reason;
    if (map.Get("reason_code").Text(&reason)) test->reason_code = std::move(reason);
  });
}

void ReadCase(const Value& value, const std::string& suite, std::vector<TestCase>* cases) {
  TestCase test;
  test.suite = suite;
  value.Map([&](MapReader& map) {
    map.Require("name").Text(&test.name);
    std::string description;
    map.Get("description").Text(&description, {.multiline = true});
    ReadInput(map.Require("input"), &test);
    ReadExpected(map.Require("expected"), &test);
    WarnNoEffect(map.Get("assertions"));
  });
  cases->push_back(std::move(test));
}

void ReadCases(const Value& value, const std::string& suite, std::vector<TestCase>* cases) {
  value.List(kMaxCases, [&](const Value& item) { ReadCase(item, suite, cases); });
}

void ReadSuite(const Value& value, std::vector<TestCase>* cases) {
  value.Map([cases](MapReader& map) {
    std::string name, description, target;
    map.Require("name").Text(&name);
    map.Get("description").Text(&description, {.multiline = true});
    map.Get("target").Text(&target);  // a label: every case runs through the whole chain
    WarnNoEffect(map.Get("assertions"));
    ReadCases(map.Require("cases"), name, cases);
  });
}

}  // namespace

void ReadTesting(const Value& value, std::vector<TestCase>* cases) {
  value.Map([cases](MapReader& map) {
    map.Get("suites").List(kMaxSuites, [cases](const Value& suite) { ReadSuite(suite, cases); });
    for (const std::string_view key : {"default_threshold", "plugins", "strategies"}) {
      WarnNoEffect(map.Get(key));
    }
  });
}

void ReadTestFile(const YamlNode& root, const std::string& suite, std::vector<TestCase>* cases,
                  std::vector<Diagnostic>* errors) {
  Diagnostics diagnostics;
  const Value value(&root, "", &diagnostics);
  if (root.kind == YamlNode::Kind::kList) {
    ReadCases(value, suite, cases);
  } else if (root.Find("cases") != nullptr) {
    ReadSuite(value, cases);
  } else {
    ReadCase(value, suite, cases);
  }
  std::vector<Diagnostic> found, warnings;
  std::move(diagnostics).Take({{root.file, ""}}, &found, &warnings);
  errors->insert(errors->end(), found.begin(), found.end());
  errors->insert(errors->end(), warnings.begin(), warnings.end());
}

bool IsOfTesting(const Diagnostic& diagnostic) {
  return diagnostic.path == "testing" || diagnostic.path.starts_with("testing.");
}

}  // namespace kt::config
