#include "core/session/provider_metrics.h"

#include <functional>
#include <map>

#include "core/json/edits.h"
#include "core/routing/breaker.h"
#include "core/routing/latency.h"
#include "core/routing/selector.h"

namespace kt::session {
namespace {

using routing::BreakerState;
using routing::Health;
using routing::LatencyKind;
using routing::TargetState;

struct Row {
  std::string pack;
  const routing::Target* target;
  const TargetState* state;
  routing::Standing standing;
};

// A state that two gateways share stands here once; packs of one name are told apart.
std::vector<Row> RowsOf(const ProviderFacts& facts) {
  std::vector<Row> rows;
  std::map<std::string, size_t> packs;
  for (size_t g = 0; g < facts.gateways.size() && g < facts.boards.size(); ++g) {
    routing::Board* board = facts.boards[g];
    if (board == nullptr) continue;
    std::vector<Row> own;
    std::string pack = facts.gateways[g]->config().pack.name;
    for (size_t i = 0; i < board->size(); ++i) {
      const TargetState* state = &board->target(i);
      bool known = false;
      for (const Row& row : rows) known = known || row.state == state;
      if (known) continue;
      own.push_back(
          {pack, &board->configured()[i], state, routing::StandingOf(board, i, facts.now_ms)});
    }
    if (own.empty()) continue;
    const size_t number = ++packs[pack];
    if (number > 1) pack += "#" + std::to_string(number);
    for (Row& row : own) {
      row.pack = pack;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::string_view OutName(const Row& row) {
  if (!row.target->available) return "unavailable";
  constexpr std::string_view kNames[] = {"up", "breaker_open", "put_aside", "unhealthy",
                                         "unreachable"};
  return kNames[static_cast<size_t>(row.standing.out)];
}

std::string_view HealthName(const TargetState& state) {
  constexpr std::string_view kNames[] = {"unknown", "healthy", "unhealthy"};
  const uint32_t health = state.health.load();
  return kNames[health < std::size(kNames) ? health : 0];
}

std::string Member(std::string_view name, uint64_t value) {
  return ",\"" + std::string(name) + "\":" + std::to_string(value);
}

std::string Member(std::string_view name, std::string_view value) {
  return ",\"" + std::string(name) + "\":" + json::Quote(value);
}

std::string LatencyJson(const TargetState& state, LatencyKind kind) {
  const routing::Latency latency = routing::LatencyOf(state, kind);
  return "{\"average_ms\":" + std::to_string(latency.average_us / 1000) +
         Member("samples", latency.samples) + "}";
}

std::string TargetJson(const Row& row, uint64_t now_ms) {
  const TargetState& state = *row.state;
  std::string text = "{\"pack\":" + json::Quote(row.pack);
  text += Member("target", row.target->config->id);
  text += Member("provider", row.target->config->provider);
  text += Member("model", row.target->config->model);
  text += Member("state", OutName(row));
  if (row.standing.out != routing::Out::kNo && row.standing.back_ms > now_ms) {
    text += Member("back_in_ms", row.standing.back_ms - now_ms);
  }
  if (row.standing.reason != routing::AsideReason::kNone) {
    text += Member("reason", routing::AsideReasonName(row.standing.reason));
  } else if (!row.target->available) {
    text += Member("reason", row.target->unavailable_reason);
  }
  text += Member("breaker", routing::BreakerStateName(routing::StateOfBreaker(state, now_ms)));
  text += Member("breaker_opened", state.breaker_opened.load());
  text += Member("failures_in_a_row", state.failures_in_a_row.load());
  text += Member("health", HealthName(state));
  text += ",\"first_token\":{\"stream\":" + LatencyJson(state, LatencyKind::kStream) +
          ",\"whole\":" + LatencyJson(state, LatencyKind::kWhole) + "}";
  text += Member("requests", state.requests.load());
  text += Member("failures", state.failures.load());
  text += Member("retries", state.retries.load());
  text += Member("fallbacks", state.fallbacks.load());
  text += Member("prompt_tokens", state.prompt_tokens.load());
  text += Member("completion_tokens", state.completion_tokens.load());
  return text + "}";
}

// A label's value: a backslash, a quote and a line feed are escaped.
std::string Label(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

struct Family {
  const char* name;
  const char* type;
  const char* help;
  std::function<uint64_t(const Row&)> value;
};

std::vector<Family> Families(uint64_t now_ms) {
  const auto count = [](auto member) {
    return [member](const Row& row) -> uint64_t { return (row.state->*member).load(); };
  };
  return {
      {"up", "gauge", "1 when the target may be asked",
       [](const Row& row) -> uint64_t { return OutName(row) == "up" ? 1 : 0; }},
      {"breaker_open", "gauge", "1 while the breaker is open, or half open",
       [now_ms](const Row& row) -> uint64_t {
         return routing::StateOfBreaker(*row.state, now_ms) == BreakerState::kClosed ? 0 : 1;
       }},
      {"unhealthy", "gauge", "1 while health probes fail",
       [](const Row& row) -> uint64_t { return HealthName(*row.state) == "unhealthy" ? 1 : 0; }},
      {"requests_total", "counter", "tries", count(&TargetState::requests)},
      {"failures_total", "counter", "tries that failed", count(&TargetState::failures)},
      {"retries_total", "counter", "tries that repeated one of the same target",
       count(&TargetState::retries)},
      {"fallbacks_total", "counter", "tries in place of another target",
       count(&TargetState::fallbacks)},
      {"breaker_opened_total", "counter", "how often the breaker opened",
       count(&TargetState::breaker_opened)},
      {"prompt_tokens_total", "counter", "prompt tokens", count(&TargetState::prompt_tokens)},
      {"completion_tokens_total", "counter", "completion tokens",
       count(&TargetState::completion_tokens)},
      {"first_token_microseconds", "gauge", "moving average of streams' time to the first token",
       [](const Row& row) -> uint64_t {
         return routing::LatencyOf(*row.state, LatencyKind::kStream).average_us;
       }},
  };
}

}  // namespace

std::string ProvidersAsJson(const ProviderFacts& facts) {
  std::string text;
  for (const Row& row : RowsOf(facts)) {
    if (!text.empty()) text += ',';
    text += TargetJson(row, facts.now_ms);
  }
  return "{\"targets\":[" + text + "]}\n";
}

std::string ProvidersAsPrometheus(const ProviderFacts& facts) {
  const std::vector<Row> rows = RowsOf(facts);
  std::string text;
  if (rows.empty()) return text;
  for (const Family& family : Families(facts.now_ms)) {
    const std::string name = std::string("keeptrusts_target_") + family.name;
    text += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + family.type + "\n";
    for (const Row& row : rows) {
      text += name + "{pack=\"" + Label(row.pack) + "\",target=\"" + Label(row.target->config->id) +
              "\"} " + std::to_string(family.value(row)) + "\n";
    }
  }
  return text;
}

}  // namespace kt::session
