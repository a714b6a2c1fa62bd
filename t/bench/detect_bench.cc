// What each part of detection costs: matcher, hold-back of streams, normaliser, JSON view, and the
// chain as a whole. Figures and how to read them: docs/performance.md.
#include <benchmark/benchmark.h>

#include "core/detect/normalize.h"
#include "core/json/view.h"
#include "texts.h"

namespace kt::bench {
namespace {

using detect::Scope;

const policy::Chain& Chain() {
  static const auto chain = DefaultChain();
  return *chain;
}

std::string Text(const benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  return state.range(1) != 0 ? Hostile(Chain().matcher(), bytes) : Clean(bytes);
}

void Sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"bytes", "hostile"});
  for (const int64_t bytes : {int64_t{2048}, int64_t{102400}}) {
    b->Args({bytes, 0})->Args({bytes, 1});
  }
}

void Match(benchmark::State& state, Scope scope) {
  const std::string text = Text(state);
  std::vector<detect::Match> matches;
  for (auto _ : state) {
    matches.clear();
    benchmark::DoNotOptimize(Chain().matcher().FindAll(text, 0, scope, &matches).ok());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(Match, input, Scope::kInput)->Apply(Sizes);
BENCHMARK_CAPTURE(Match, output, Scope::kOutput)->Apply(Sizes);

void Normalize(benchmark::State& state) {
  const std::string text = Text(state);
  for (auto _ : state) {
    detect::NormalizedText out;
    benchmark::DoNotOptimize(detect::Normalize(text, {}, &out).ok());
  }
}
BENCHMARK(Normalize)->Apply(Sizes);

void Classify(benchmark::State& state, detect::Gating gating) {
  const std::string text = Text(state);
  for (auto _ : state) {
    uint32_t windows = 0;
    benchmark::DoNotOptimize(Chain().classifier()->Score(text, &windows, gating));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(Classify, input, detect::Gating::kLongTexts)->Apply(Sizes);
BENCHMARK_CAPTURE(Classify, output, detect::Gating::kAlways)->Apply(Sizes);

void JsonView(benchmark::State& state) {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":")";
  for (const char c : Clean(static_cast<size_t>(state.range(0)))) {
    if (c == '\n') body += "\\n";
    if (c == '"') body += "\\\"";
    if (c != '\n' && c != '"') body += c;
  }
  body += R"("}]})";
  const size_t size = body.size();
  body.resize(size + 64);
  json::View view;
  for (auto _ : state) {
    benchmark::DoNotOptimize(view.Parse({body.data(), size}, 64, {}).ok());
  }
}
BENCHMARK(JsonView)->Arg(2048)->Arg(102400);

void JudgeSaid(benchmark::State& state, const std::string& said) {
  policy::ChainRun::Text unit;
  unit.unit.text = said;
  unit.unit.phase = policy::Phase::kInput;
  for (auto _ : state) {
    policy::ChainRun run(Chain(), {});
    std::vector<std::vector<policy::TextEdit>> edits;
    benchmark::DoNotOptimize(run.Judge(unit.unit.phase, {&unit, 1}, &edits).has_value());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * said.size()));
}
void JudgeText(benchmark::State& state, std::string (*text)(size_t)) {
  JudgeSaid(state, text(static_cast<size_t>(state.range(0))));
}
BENCHMARK_CAPTURE(JudgeText, sources, Sources)->Arg(102400);
BENCHMARK_CAPTURE(JudgeText, log_lines, LogLines)->Arg(102400);
BENCHMARK_CAPTURE(JudgeText, table, Table)->Arg(102400);

void JudgeIds(benchmark::State& state, const char* shape) {
  JudgeSaid(state, Shaped(shape, static_cast<size_t>(state.range(0))));
}
BENCHMARK_CAPTURE(JudgeIds, uuids, "ffffffff-ffff-ffff-ffff-ffffffffffff ")->Arg(102400);
BENCHMARK_CAPTURE(JudgeIds, hashes, "ffffffffffffffffffffffffffffffffffffffff ")->Arg(102400);
BENCHMARK_CAPTURE(JudgeIds, tokens, "ghp_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ ")->Arg(102400);
BENCHMARK_CAPTURE(JudgeIds, numbers, "4000-0000-0000-000 ")->Arg(102400);
BENCHMARK_CAPTURE(JudgeIds, addresses, "900.000.000.00 ")->Arg(102400);
BENCHMARK_CAPTURE(JudgeIds, spaced, "t h e  t i m e  o n  0 0  ")->Arg(102400);

// `known`: the text passed before.
void Judge(benchmark::State& state, policy::Phase phase, bool known) {
  const std::string text = Text(state);
  const auto cache = std::move(policy::VerdictCache::Make(known ? 1024 : 1)).value();
  policy::ChainRun::Text unit;
  unit.unit.text = text;
  unit.unit.phase = phase;
  for (auto _ : state) {
    policy::RunOptions options;
    if (known) options.cache = cache.get();
    policy::ChainRun run(Chain(), options);
    std::vector<std::vector<policy::TextEdit>> edits;
    benchmark::DoNotOptimize(run.Judge(phase, {&unit, 1}, &edits).has_value());
  }
}
BENCHMARK_CAPTURE(Judge, input, policy::Phase::kInput, false)->Apply(Sizes);
BENCHMARK_CAPTURE(Judge, input_again, policy::Phase::kInput, true)
    ->Args({2048, 0})
    ->Args({102400, 0});
BENCHMARK_CAPTURE(Judge, output, policy::Phase::kOutput, false)->Apply(Sizes);

// An answer in pieces of four bytes, as the session keeps it: what is cleared goes but for context.
void Delta(benchmark::State& state) {
  const std::string text = Clean(4096);
  policy::ChainRun run(Chain(), {});
  size_t deltas = 0;
  for (auto _ : state) {
    size_t from = 0, begin = 0;
    for (size_t end = 4; end <= text.size(); end += 4, ++deltas) {
      std::vector<policy::TextEdit> edits;
      size_t cleared = 0;
      const auto shown = std::string_view(text).substr(begin, end - begin);
      run.JudgeDelta(shown, from - begin, false, openai::Role::kAssistant, &cleared, &edits);
      from = begin + cleared;
      begin = from - std::min(from, detect::kContextBytes);
    }
  }
  state.counters["per_delta"] = benchmark::Counter(
      static_cast<double>(deltas), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(Delta);

void BuildChain(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(DefaultChain());
}
BENCHMARK(BuildChain)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kt::bench

BENCHMARK_MAIN();
