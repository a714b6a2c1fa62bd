#include "core/session/answer_headers.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/openai/shapes.h"
#include "core/routing/retry.h"
#include "core/session/reply.h"

namespace kt::session {
namespace {

constexpr size_t kMaxNameBytes = 64, kMaxValueBytes = 64;

// Takes a decimal number off the front; one in milliseconds since 1970 is the longest.
bool TakeNumber(std::string_view* text) noexcept {
  constexpr size_t kMaxDigits = 13, kMaxFraction = 9;
  const auto digits = [text] {
    const auto end = std::find_if_not(text->begin(), text->end(), IsDigit);
    const auto count = static_cast<size_t>(end - text->begin());
    text->remove_prefix(count);
    return count;
  };
  const size_t whole = digits();
  if (whole == 0 || whole > kMaxDigits) return false;
  if (!text->starts_with('.')) return true;
  text->remove_prefix(1);
  const size_t fraction = digits();
  return fraction > 0 && fraction <= kMaxFraction;
}

bool IsNumber(std::string_view text) noexcept {
  return TakeNumber(&text) && text.empty();
}

// "6m0s", "17ms", "2m59.56s"
bool IsDuration(std::string_view text) noexcept {
  static constexpr std::string_view kUnits[] = {"ms", "us", "\xC2\xB5s", "ns", "s", "m", "h", "d"};
  constexpr size_t kMaxParts = 5;
  for (size_t parts = 0; parts < kMaxParts; ++parts) {
    if (!TakeNumber(&text)) return false;
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](std::string_view own) { return text.starts_with(own); });
    if (unit == std::end(kUnits)) return false;
    text.remove_prefix(unit->size());
    if (text.empty()) return true;
  }
  return false;
}

// RFC 3339: "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.25+01:00"
bool IsTime(std::string_view text) noexcept {
  const auto take = [&text](std::string_view form) {
    const bool fits = text.size() >= form.size() &&
                      std::equal(form.begin(), form.end(), text.begin(), [](char own, char c) {
                        return own == '0' ? IsDigit(c) : own == c;
                      });
    if (fits) text.remove_prefix(form.size());
    return fits;
  };
  if (!take("0000-00-00T00:00:00")) return false;
  if (take(".")) {
    size_t fraction = 0;
    while (take("0")) ++fraction;
    if (fraction == 0 || fraction > 9) return false;
  }
  return (take("Z") || take("+00:00") || take("-00:00")) && text.empty();
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) noexcept {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return EqualsIgnoreCase(text, word); });
}

// One of HTTP's forms.
bool IsDate(std::string_view text) {
  const bool begins_with_a_day = !text.empty() && text.front() >= 'A' && text.front() <= 'Z';
  return begins_with_a_day && routing::ParseRetryAfter(text, {}, 0).has_value();
}

// "x-ratelimit-remaining-tokens": of the words that providers use.
bool IsLimitName(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "x-ratelimit-";
  if (!EqualsIgnoreCase(name.substr(0, kPrefix.size()), kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  for (;;) {
    const size_t end = std::min(name.find('-'), name.size());
    const bool known = IsOneOf(
        name.substr(0, end),
        {"limit",  "remaining", "reset",   "used",   "over",    "requests",  "request", "req",
         "tokens", "token",     "input",   "output", "prompt",  "generated", "cached",  "uncached",
         "images", "audio",     "query",   "cost",   "project", "second",    "minute",  "hour",
         "day",    "month",     "credits", "after",  "dynamic"});
    if (!known) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

// Most headers of an answer begin otherwise than those that may pass.
bool MayPass(std::string_view name) noexcept {
  constexpr std::string_view kFirst = "oOrRxX";
  return !name.empty() && kFirst.find(name.front()) != kFirst.npos;
}

bool Passes(std::string_view name, std::string_view value) {
  if (name.size() > kMaxNameBytes || value.empty() || value.size() > kMaxValueBytes) return false;
  if (IsLimitName(name)) {
    return IsNumber(value) || IsDuration(value) || IsTime(value) ||
           IsOneOf(value, {"true", "false", "yes", "no"});
  }
  if (IsOneOf(name, {"retry-after-ms", "openai-processing-ms"})) return IsNumber(value);
  if (EqualsIgnoreCase(name, "retry-after")) return IsNumber(value) || IsDate(value);
  return EqualsIgnoreCase(name, "x-should-retry") && IsOneOf(value, {"true", "false"});
}

}  // namespace

bool IsMediaType(std::string_view content_type, std::string_view wanted) {
  return EqualsIgnoreCase(Trim(content_type.substr(0, content_type.find(';'))), wanted);
}

std::string_view AsJudged(std::string_view content_type) {
  const size_t end = content_type.find(';');
  if (end == content_type.npos) return content_type;
  const std::string_view parameters = Trim(content_type.substr(end + 1));
  const bool utf8 = EqualsIgnoreCase(parameters, "charset=utf-8") ||
                    EqualsIgnoreCase(parameters, "charset=\"utf-8\"");
  return utf8 ? content_type : Trim(content_type.substr(0, end));
}

std::vector<routing::Header> AllowedHeaders(const HeaderViews& untrusted_headers) {
  std::vector<routing::Header> headers;
  for (const auto& [name, untrusted_value] : untrusted_headers) {
    if (!MayPass(name)) continue;
    const std::string_view value = Trim(untrusted_value);
    if (Passes(name, value)) headers.push_back({ToLower(name), std::string(value)});
  }
  return headers;
}

std::string FindHeader(const HeaderViews& untrusted_headers, std::string_view lower_name) {
  constexpr size_t kMaxFoundBytes = 1024;
  for (const auto& [name, value] : untrusted_headers) {
    if (!EqualsIgnoreCase(name, lower_name) || !IsHeaderText(value)) continue;
    return std::string(value.substr(0, kMaxFoundBytes));
  }
  return {};
}

std::string FindRequestId(const HeaderViews& untrusted_headers) {
  std::string id = FindHeader(untrusted_headers, "x-request-id");
  return openai::IsId(id) ? id : std::string();
}

}  // namespace kt::session
