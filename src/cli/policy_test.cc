#include "cli/policy_test.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/json_tree.h"
#include "cli/pack_check.h"
#include "cli/pack_runner.h"
#include "core/json/edits.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;
using json::Quote;

struct TestedCase {
  const config::TestCase* test;
  CaseOutcome actual;
  bool passed;
};

// The *.json of the pack's tests directory, by name; none where there is no such directory.
std::vector<std::string> TestFiles(const fs::path& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void ReadFileOfTests(const std::string& file, std::vector<config::TestCase>* cases,
                     std::vector<config::Diagnostic>* errors) {
  std::error_code error;
  std::ifstream in;
  if (fs::is_regular_file(file, error)) in.open(file, std::ios::binary);
  if (!in.is_open()) {
    errors->push_back({file, 0, 0, "", "cannot be read", ""});
    return;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  config::YamlNode root;
  if (!ParseJsonTree(text, file, &root, errors)) return;
  const std::string suite = "tests/" + fs::path(file).filename().string();
  config::ReadTestFile(root, suite, cases, errors);
}

// The pack's configuration and all its cases, or all that is wrong with them.
PackCheck ReadPack(const std::string& directory, const std::string& rules) {
  const fs::path base = directory == "." ? fs::path() : fs::path(directory);
  const std::string file = (base / "policy-config.yaml").string();
  PackCheck check = CheckPack({file}, rules);
  // A case that checks less than it says must not pass.
  const auto harmless = std::stable_partition(
      check.warnings.begin(), check.warnings.end(),
      [](const config::Diagnostic& warning) { return !config::IsOfTesting(warning); });
  check.errors.insert(check.errors.end(), harmless, check.warnings.end());
  check.warnings.erase(harmless, check.warnings.end());
  for (const std::string& tests : TestFiles(base / "tests")) {
    ReadFileOfTests(tests, &check.tests, &check.errors);
  }
  if (check.errors.empty() && check.tests.empty()) {
    check.errors.push_back(
        {file, 0, 0, "testing.suites", "no test case here, and none in tests/*.json", ""});
  }
  return check;
}

std::string Said(const std::string& verdict, const std::string& reason_code) {
  return verdict + (reason_code.empty() ? "" : " (" + reason_code + ")");
}

std::string Line(const TestedCase& tested) {
  const config::TestCase& test = *tested.test;
  return (tested.passed ? "ok    " : "FAIL  ") + test.suite + " / " + test.name + ": expected " +
         Said(test.verdict, test.reason_code.value_or("")) + ", got " +
         Said(tested.actual.verdict, tested.actual.reason_code) + "\n";
}

std::string Facts(const std::string& verdict, const std::string* reason_code) {
  return "{\"verdict\":" + Quote(verdict) +
         ",\"reason_code\":" + (reason_code == nullptr ? "null" : Quote(*reason_code)) + "}";
}

std::string Json(const TestedCase& tested) {
  const config::TestCase& test = *tested.test;
  const std::string& came = tested.actual.reason_code;
  return "{\"suite\":" + Quote(test.suite) + ",\"name\":" + Quote(test.name) +
         ",\"passed\":" + (tested.passed ? "true" : "false") +
         ",\"expected\":" + Facts(test.verdict, test.reason_code ? &*test.reason_code : nullptr) +
         ",\"actual\":" + Facts(tested.actual.verdict, came.empty() ? nullptr : &came) + "}";
}

std::string Report(const std::vector<TestedCase>& cases, bool json) {
  const auto passed = static_cast<size_t>(std::count_if(
      cases.begin(), cases.end(), [](const TestedCase& tested) { return tested.passed; }));
  const std::string failed = std::to_string(cases.size() - passed);
  std::string out;
  if (!json) {
    for (const TestedCase& tested : cases) out += Line(tested);
    return out + std::to_string(passed) + " passed, " + failed + " failed\n";
  }
  for (const TestedCase& tested : cases) out += (out.empty() ? "" : ",") + Json(tested);
  return "{\"passed\":" + std::to_string(passed) + ",\"failed\":" + failed + ",\"cases\":[" + out +
         "]}\n";
}

int Invalid(const PackCheck& check, bool json) {
  if (json) {
    const std::string out =
        "{\"passed\":0,\"failed\":0,\"cases\":[],\"errors\":" + DiagnosticsJson(check.errors) +
        "}\n";
    std::fwrite(out.data(), 1, out.size(), stdout);
  } else {
    std::fputs(DiagnosticLines(check).c_str(), stderr);
  }
  return 2;
}

}  // namespace

int PolicyTest(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"json", OptionKind::kFlag}, {"pack-dir", OptionKind::kValue}, {"rules", OptionKind::kValue}};
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("policy test", args.status());
  if (args.value().Has("help")) return PrintHelp("policy test");
  const bool json = args.value().Has("json");
  const std::string rules = args.value().Get("rules");
  const PackCheck check = ReadPack(args.value().Get("pack-dir", "."), rules);
  if (!check.errors.empty()) return Invalid(check, json);
  if (!json) std::fputs(DiagnosticLines(check).c_str(), stderr);
  const Result<PackRunner> runner = PackRunner::Make(*check.config, rules);
  if (!runner.ok()) return UsageError("policy test", runner.status());

  std::vector<TestedCase> cases;
  bool all_pass = true;
  for (const config::TestCase& test : check.tests) {
    CaseOutcome actual = runner.value().Run(test);
    const bool passed = actual.verdict == test.verdict &&
                        (!test.reason_code || actual.reason_code == *test.reason_code);
    all_pass &= passed;
    cases.push_back({&test, std::move(actual), passed});
  }
  const std::string out = Report(cases, json);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return all_pass ? 0 : 1;
}

}  // namespace kt::cli
