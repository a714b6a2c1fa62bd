#include "core/config/testing.h"

#include <gtest/gtest.h>

#include "load_helper.h"

namespace kt::config {
namespace {

TEST(Testing, ReadsTestSuites) {
  const LoadResult result = LoadText(
      WithProviders("testing: {suites: [{name: s, target: pii-detector, assertions: [], cases: [{"
                    "name: c, input: {messages: [{role: user, content: hi}], headers: {X-Team: 7}},"
                    " expected: {verdict: block, reason_code: a.b}}]}]}\n"));
  EXPECT_EQ(Lines(result.errors), Messages());
  ASSERT_EQ(result.tests.size(), 1u);
  const TestCase& test = result.tests[0];
  EXPECT_EQ(test.suite + "/" + test.name, "s/c");
  EXPECT_EQ(test.headers, (std::vector<std::pair<std::string, std::string>>{{"x-team", "7"}}));
  EXPECT_EQ(test.verdict, "blocked");
  EXPECT_EQ(test.reason_code, "a.b");
  EXPECT_TRUE(test.messages && !test.request && !test.upstream_response);
}

TEST(Testing, WarnsOfTestSuitesThatSayNothingOrSayItTwice) {
  const LoadResult result =
      LoadText(WithProviders("testing:\n  suites:\n  - name: s\n    cases:\n"
                             "    - {name: a, input: {}, expected: {verdict: blokced}}\n"
                             "    - {input: {message: []}}\n"
                             "    - {name: c, input: {messages: [], request: {messages: []}}, "
                             "expectd: {}}\n"));
  EXPECT_NE(result.config, nullptr);
  EXPECT_EQ(
      Lines(result.warnings),
      (Messages{"f.yaml:8:24: testing.suites[0].cases[0].input: needs messages or a request",
                "f.yaml:8:48: testing.suites[0].cases[0].expected.verdict: \"blokced\" is not one "
                "of allowed, redacted, blocked, escalated, error, allow, redact, block, escalate; "
                "did you mean \"blocked\"?",
                "f.yaml:9:7: testing.suites[0].cases[1].name: is required",
                "f.yaml:9:7: testing.suites[0].cases[1].expected: is required",
                "f.yaml:9:15: testing.suites[0].cases[1].input: needs messages or a request",
                "f.yaml:9:16: testing.suites[0].cases[1].input.message: unknown key; did you mean "
                "\"messages\"?",
                "f.yaml:10:7: testing.suites[0].cases[2].expected: is required",
                "f.yaml:10:48: testing.suites[0].cases[2].input.request: has the messages already; "
                "leave input.messages out",
                "f.yaml:10:65: testing.suites[0].cases[2].expectd: unknown key; did you mean "
                "\"expected\"?"}));
}

TEST(Testing, WarnsOfKeysOfTestSuitesThatHaveNoEffect) {
  const LoadResult result = LoadText(WithProviders("testing: {default_threshold: 0.8}\n"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(Lines(result.warnings),
            (Messages{"f.yaml:4:30: testing.default_threshold: has no effect"}));
}

}  // namespace
}  // namespace kt::config
