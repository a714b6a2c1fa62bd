#include <algorithm>
#include <charconv>
#include <set>

#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr double kMaxSeconds = 86400;
constexpr uint32_t kMaxBackoffMs = 600'000;

constexpr Choice<bool Fallback::*> kTriggers[] = {
    {"rate_limit", &Fallback::rate_limit},
    {"server_error", &Fallback::server_error},
    {"timeout", &Fallback::timeout},
    {"connect_error", &Fallback::connect_error},
    {"auth_error", &Fallback::auth_error},
    {"model_error", &Fallback::model_error},
    {"rate_limit_exceeded", &Fallback::rate_limit},
    {"service_unavailable", &Fallback::server_error},
    {"5xx", &Fallback::server_error},
};

constexpr std::string_view kRetryReasons[] = {"connect_error", "rate_limit", "server_error",
                                              "timeout", "reset"};
constexpr Choice<std::string_view> kRetrySynonyms[] = {{"rate_limit_exceeded", "rate_limit"},
                                                       {"service_unavailable", "server_error"},
                                                       {"5xx", "server_error"}};

void ReadTriggers(const Value& value, Fallback* fallback) {
  std::vector<bool Fallback::*> on;
  const bool is_list = value.List(std::size(kTriggers) * 2, [&on](const Value& item) {
    bool Fallback::*trigger = nullptr;
    if (item.OneOf(kTriggers, &trigger)) on.push_back(trigger);
  });
  if (!is_list) return;
  if (value.node().items.empty()) {
    return value.Fail("must not be empty", "set enabled: false to switch failover off");
  }
  for (const auto& choice : kTriggers) fallback->*choice.value = false;
  for (const auto trigger : on) fallback->*trigger = true;
}

bool IsErrorStatus(std::string_view text) {
  unsigned status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  return error == std::errc() && end == text.data() + text.size() && status >= 400 && status <= 599;
}

void ReadRetryOn(const Value& value, std::vector<std::string>* retry_on) {
  std::vector<std::string> reasons;
  bool valid = true;
  const bool is_list = value.List(64, [&](const Value& item) {
    std::string text;
    if (!item.Text(&text, {.max_bytes = 64})) {
      valid = false;
      return;
    }
    for (const auto& synonym : kRetrySynonyms) {
      if (text == synonym.name) text = synonym.value;
    }
    const bool known = IsErrorStatus(text) ||
                       std::find(std::begin(kRetryReasons), std::end(kRetryReasons), text) !=
                           std::end(kRetryReasons);
    if (!known) {
      item.Fail(
          "is neither an error status (400 to 599) nor one of connect_error, rate_limit, "
          "server_error, timeout, reset",
          std::string(Nearest(text, kRetryReasons)));
      valid = false;
    }
    reasons.push_back(std::move(text));
  });
  if (is_list && valid) *retry_on = std::move(reasons);
}

// "200-299", "200"
bool ParseStatusRange(std::string_view text, uint32_t* min, uint32_t* max) {
  const auto status = [](std::string_view part, uint32_t* out) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), *out);
    return error == std::errc() && end == part.data() + part.size() && *out >= 100 && *out <= 599;
  };
  const size_t dash = text.find('-');
  if (!status(text.substr(0, dash), min)) return false;
  if (dash == std::string_view::npos) {
    *max = *min;
    return true;
  }
  return status(text.substr(dash + 1), max) && *min <= *max;
}

void ReadExpectedStatus(const Value& value, HealthProbe* probe) {
  std::string text;
  if (!value.Text(&text, {.max_bytes = 16})) return;
  uint32_t min = 0, max = 0;
  if (!ParseStatusRange(text, &min, &max)) {
    return value.Fail("expected a status or a range of them", "for example 200-299");
  }
  probe->expected_status_min = min;
  probe->expected_status_max = max;
}

bool IsProbePath(std::string_view path) {
  return path[0] == '/' && std::all_of(path.begin(), path.end(), [](char c) {
           return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F &&
                  c != '#';
         });
}

}  // namespace

void ReadFallback(const Value& value, Fallback* fallback) {
  value.Map([fallback](MapReader& map) {
    map.Get("enabled").Bool(&fallback->enabled);
    ReadTriggers(map.Get("triggers"), fallback);
    map.Get("max_fallback_attempts").Whole(1u, 100u, &fallback->max_fallback_attempts);
    double seconds = 0;
    if (map.Get("total_timeout_seconds").Number(0.001, kMaxSeconds, &seconds)) {
      fallback->total_timeout_seconds = seconds;
    }
    map.NotYet("content_policy");
    map.NotYet("context_window");
    map.Misplaced("strategy", "it belongs to providers.strategy");
    map.Misplaced("max_retries", "it belongs to providers.retry");
    map.Misplaced("retry_on", "it belongs to providers.retry");
  });
}

void ReadRetry(const Value& value, Retry* retry) {
  value.Map([retry](MapReader& map) {
    map.Get("max_retries").Whole(0u, 10u, &retry->max_retries);
    const Value initial = map.Get("initial_backoff_ms");
    const Value max = map.Get("max_backoff_ms");
    const bool initial_given = initial.Whole(0u, kMaxBackoffMs, &retry->initial_backoff_ms);
    const bool max_given = max.Whole(0u, kMaxBackoffMs, &retry->max_backoff_ms);
    if (retry->initial_backoff_ms > retry->max_backoff_ms && (initial_given || max_given)) {
      (max_given ? max : initial).Fail("max_backoff_ms is less than initial_backoff_ms");
    }
    map.Get("multiplier").Number(1, 10, &retry->multiplier);
    map.Get("jitter").Bool(&retry->jitter);
    ReadRetryOn(map.Get("retry_on"), &retry->retry_on);
  });
}

void ReadCircuitBreaker(const Value& value, CircuitBreaker* breaker) {
  value.Map([breaker](MapReader& map) {
    map.Get("enabled").Bool(&breaker->enabled);
    map.Get("failure_threshold").Whole(1u, 1000u, &breaker->failure_threshold);
    map.Get("cooldown_seconds").Whole(1u, 86400u, &breaker->cooldown_seconds);
    map.Get("half_open_max_requests").Whole(1u, 100u, &breaker->half_open_max_requests);
  });
}

void ReadHealthProbe(const Value& value, std::optional<HealthProbe>* probe) {
  HealthProbe read;
  const bool given = value.Map([&read](MapReader& map) {
    map.Get("enabled").Bool(&read.enabled);
    const Value path = map.Get("path");
    if (path.Text(&read.path, {.max_bytes = 512}) && !IsProbePath(read.path)) {
      path.Fail("must begin with \"/\" and hold no blanks");
    }
    map.Get("interval_seconds").Whole(1u, 86400u, &read.interval_seconds);
    map.Get("timeout_seconds").Whole(1u, 3600u, &read.timeout_seconds);
    map.Get("healthy_threshold").Whole(1u, 100u, &read.healthy_threshold);
    map.Get("unhealthy_threshold").Whole(1u, 100u, &read.unhealthy_threshold);
    ReadExpectedStatus(map.Get("expected_status"), &read);
  });
  if (given) *probe = read;
}

}  // namespace kt::config
