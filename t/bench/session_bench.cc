// What one request's life costs in the core, from its head to its record, without nginx: with the
// default chain, and with the audit logger alone, where everything that is not detection shows.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <stdexcept>

#include "core/config/loader.h"
#include "core/json/edits.h"
#include "core/session/session.h"
#include "texts.h"

namespace kt::bench {
namespace {

using session::Session;
using session::Step;

constexpr size_t kPadding = 64;

std::unique_ptr<const session::Gateway> MakeGateway(const std::string& chain) {
  const std::string yaml =
      "pack: {name: bench, version: 1.0.0, enabled: true}\npolicies: {chain: " + chain +
      "}\nproviders:\n  targets:\n    - {id: one, provider: openai-compatible,"
      " base_url: \"http://127.0.0.1:1/v1\", secret_key_ref: {env: KEY}}\n";
  const config::LoadResult loaded = config::Load({{"bench.yaml", yaml}});
  if (!loaded.ok()) throw std::invalid_argument(loaded.errors.front().ToString());
  session::GatewayOptions options;
  options.secrets.env = [](const std::string&) { return std::optional<std::string>("sk-key"); };
  auto gateway = session::Gateway::Build(loaded.config, options, nullptr);
  if (!gateway.ok()) throw std::invalid_argument(gateway.status().message());
  return std::move(gateway).value();
}

const session::Gateway& Gateway(bool full) {
  if (!full) {
    static const auto audit_only = MakeGateway("[audit-logger]");
    return *audit_only;
  }
  static const auto whole =
      MakeGateway("[prompt-injection, pii-detector, safety-filter, audit-logger]");
  return *whole;
}

std::string Request(size_t bytes, bool stream) {
  return R"({"model":"gpt-4o-mini","temperature":0.2,"messages":[{"role":"system","content":"You are)"
         R"( a helpful assistant."},{"role":"user","content":)" +
         json::Quote(Clean(bytes)) + "}]" + (stream ? ",\"stream\":true}" : "}");
}

std::string Answer(size_t bytes) {
  return R"({"id":"chatcmpl-9x","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini")"
         R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)" +
         json::Quote(Clean(bytes)) +
         R"(},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":412,)"
         R"("completion_tokens":98,"total_tokens":510}})";
}

std::string Chunk(const std::string& delta, const char* finish) {
  return R"(data: {"id":"chatcmpl-9x","object":"chat.completion.chunk","created":1700000000,)"
         R"("model":"gpt-4o-mini","choices":[{"index":0,"delta":)" +
         delta + R"(,"logprobs":null,"finish_reason":)" + finish + "}]}\n\n";
}

// A role, words one by one, the finish, [DONE].
std::vector<std::string> Events(size_t words) {
  std::vector<std::string> events = {Chunk(R"({"role":"assistant","content":""})", "null")};
  const std::string text = Clean(16 * words + 64);
  size_t at = 0;
  for (size_t i = 0; i < words; ++i) {
    const size_t end = text.find(' ', at + 1);
    events.push_back(Chunk("{\"content\":" + json::Quote(text.substr(at, end - at)) + "}", "null"));
    at = end;
  }
  events.push_back(Chunk("{}", "\"stop\""));
  events.push_back("data: [DONE]\n\n");
  return events;
}

session::RequestHead Head() {
  session::RequestHead head;
  head.method = "POST";
  head.path = "/v1/chat/completions";
  head.content_type = "application/json";
  head.request_id = "00112233445566778899aabbccddeeff";
  head.client = "127.0.0.1";
  head.header = [](std::string_view) { return std::optional<std::string_view>(); };
  return head;
}

// `reads`: what comes from upstream, one call each.
[[gnu::noinline]] size_t LiveOnce(const session::Gateway& gateway, const std::string& request,
                                  std::string_view type, const std::vector<std::string>& reads) {
  Session life(gateway, {}, Head(), 1000, 1'700'000'000'000'000);
  life.OnHead();
  life.OnRequest({request.data(), request.size() - kPadding}, kPadding, 1000);
  const auto target = life.NextTarget(1000);
  if (!target) throw std::logic_error("no target");
  size_t bytes = life.BuildRequest(*target).head.size();
  session::UpstreamHead head;
  head.status = 200;
  head.content_type = type;
  head.headers = {{"content-type", type}, {"date", "Sat, 21 Nov 2026 12:00:00 GMT"}};
  Step step = life.OnUpstreamHeader(head, 1001);
  for (const std::string& read : reads) {
    if (step != Step::kContinue) break;
    step = life.OnUpstreamBody(read, 1002);
    bytes += life.TakeOutput().size();
  }
  if (step == Step::kContinue) life.OnUpstreamEnd(session::UpstreamEnd::kClean, 1003);
  bytes += life.TakeOutput().size();
  return bytes + audit::ToJson(life.Finish(200, 1003)).size();
}

// A profile collects from here on.
[[gnu::noinline]] size_t Live(const session::Gateway& gateway, const std::string& request,
                              std::string_view type, const std::vector<std::string>& reads) {
  return LiveOnce(gateway, request, type, reads);
}

// One request, answered by a few hundred bytes of JSON.
void Json(benchmark::State& state) {
  const auto& gateway = Gateway(state.range(1) != 0);
  const std::string request =
      Request(static_cast<size_t>(state.range(0)), false) + std::string(kPadding, '\0');
  const std::vector<std::string> reads = {Answer(400)};
  // Expressions compile where they first hit.
  benchmark::DoNotOptimize(LiveOnce(gateway, request, "application/json", reads));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Live(gateway, request, "application/json", reads));
  }
}
BENCHMARK(Json)->ArgNames({"bytes", "full"})->ArgsProduct({{2048, 102400, 1 << 20}, {0, 1}});

// A stream of `events` words, `per_read` of them in one read.
void Stream(benchmark::State& state) {
  const auto& gateway = Gateway(state.range(2) != 0);
  const std::string request = Request(100, true) + std::string(kPadding, '\0');
  const auto per_read = static_cast<size_t>(state.range(1));
  std::vector<std::string> reads;
  size_t count = 0;
  for (const std::string& event : Events(static_cast<size_t>(state.range(0)))) {
    if (count++ % per_read == 0) reads.emplace_back();
    reads.back() += event;
  }
  benchmark::DoNotOptimize(LiveOnce(gateway, request, "text/event-stream", reads));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Live(gateway, request, "text/event-stream", reads));
  }
}
BENCHMARK(Stream)
    ->ArgNames({"events", "per_read", "full"})
    ->ArgsProduct({{32, 1024}, {1, 1 << 20}, {0, 1}});

// How many events of prose and code, a word each, come in after an event until it goes out; in
// milliseconds at `ms` for each event.
void HoldBack(benchmark::State& state) {
  const std::string request = Request(100, true) + std::string(kPadding, '\0');
  const std::vector<std::string> events = Events(2000);
  std::vector<size_t> waited;
  for (auto _ : state) {
    Session life(Gateway(true), {}, Head(), 1000, 1'700'000'000'000'000);
    life.OnHead();
    life.OnRequest({request.data(), request.size() - kPadding}, kPadding, 1000);
    life.BuildRequest(life.NextTarget(1000).value());
    session::UpstreamHead head;
    head.status = 200;
    head.content_type = "text/event-stream";
    life.OnUpstreamHeader(head, 1001);
    waited.clear();
    // What nobody touches goes out as it came.
    size_t out = 0, end = 0;
    for (size_t now = 0; now < events.size(); ++now) {
      life.OnUpstreamBody(events[now], 1002);
      for (out += life.TakeOutput().size();
           waited.size() <= now && out >= end + events[waited.size()].size();) {
        end += events[waited.size()].size();
        waited.push_back(now - waited.size());
      }
    }
  }
  if (waited.size() + 2 < events.size()) throw std::logic_error("a stream is held to its end");
  std::sort(waited.begin(), waited.end());
  const auto at = [&](double share) {
    return static_cast<double>(
        waited[static_cast<size_t>(share * static_cast<double>(waited.size() - 1))]);
  };
  const auto ms = static_cast<double>(state.range(0));
  state.counters["median"] = at(0.5);
  state.counters["p99"] = at(0.99);
  state.counters["most"] = at(1);
  state.counters["p99_ms"] = at(0.99) * ms;
  state.counters["most_ms"] = at(1) * ms;
}
BENCHMARK(HoldBack)->ArgName("ms")->Arg(20);

}  // namespace
}  // namespace kt::bench
