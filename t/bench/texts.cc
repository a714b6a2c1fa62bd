#include "texts.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "../unit/detect/regex_sampler.h"

namespace kt::bench {
namespace {

constexpr std::string_view kProse =
    "The lighthouse at the northern cape was built over a period of four years, and the stones "
    "for it came by boat from a quarry on the mainland. Could you explain how the keepers managed "
    "to carry oil up the stairs every evening, and what they did when storms kept the supply ship "
    "away for weeks? I am writing a short article about daily life on the island, so details on "
    "food, sleep and repairs would be very welcome. Please keep the tone friendly but precise.\n"
    "Here is what I have so far: the tower stands 38 metres above the sea; its lamp turns once "
    "every 12 seconds; two families lived in the house below. In 1911 the light was changed to "
    "paraffin vapour, which needed less work. My editor thinks that the chapter about the fog "
    "signal is too long - \"cut it by half\", she said.\n\n"
    "def area(width: float, height: float) -> float:\n    return width * height  # in metres\n\n"
    "for name, size in [('kitchen', (4.2, 3.1)), ('store', (2.5, 2.0))]:\n"
    "    print(f'{name}: {area(*size):.1f}')\n\n"
    "Why does the second call round differently? The table of tides says 03:42 and 16:05 for "
    "Tuesday, version 2.4.1 of the almanac has other figures.\n";

}  // namespace

std::string Clean(size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += kProse.substr(0, bytes - text.size());
  return text;
}

std::string Sources(size_t bytes) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(KT_SOURCES)) {
    if (file.path().extension() == ".cc") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  std::string text;
  for (size_t i = 0; i < files.size() && text.size() < bytes; ++i) {
    std::ifstream in(files[i]);
    text.append(std::istreambuf_iterator<char>(in), {});
  }
  text.resize(std::min(text.size(), bytes));
  return text;
}

std::string LogLines(size_t bytes) {
  constexpr const char* kSays[] = {"request done", "cache miss", "connection reset by peer",
                                   "retrying"};
  constexpr const char* kLevels[] = {"info", "warn", "error"};
  std::mt19937_64 random(1);
  std::string text;
  char line[256];
  while (text.size() < bytes) {
    const uint64_t a = random(), b = random(), c = random();
    std::snprintf(
        line, sizeof line,
        "{\"ts\": \"2026-11-29T%02d:%02d:%02d.%03dZ\", \"level\": \"%s\", \"msg\": \"%s\", "
        "\"trace_id\": \"%016llx%016llx\", \"dur_ms\": %.13g, \"user\": %d}\n",
        static_cast<int>(c % 24), static_cast<int>(c / 24 % 60), static_cast<int>(c / 1440 % 60),
        static_cast<int>(c / 86400 % 1000), kLevels[c >> 20 & 1], kSays[c >> 22 & 3],
        static_cast<unsigned long long>(a), static_cast<unsigned long long>(b),
        static_cast<double>(c >> 44) / 1e3, static_cast<int>(c >> 24 & 0xFFFFFF));
    text += line;
  }
  text.resize(bytes);
  return text;
}

std::string Table(size_t bytes) {
  constexpr const char* kParts[] = {"bolt", "nut", "washer", "pipe"};
  std::mt19937_64 random(1);
  std::string text = "id,name,quantity,price,date\n";
  char line[128];
  while (text.size() < bytes) {
    const uint64_t a = random();
    std::snprintf(line, sizeof line, "%d,%s %d,%d,%d.%02d,20%02d-%02d-%02d\n",
                  static_cast<int>(a % 1000000), kParts[a >> 20 & 3],
                  static_cast<int>(a >> 22 & 63), static_cast<int>(a >> 28 & 511),
                  static_cast<int>(a >> 37 & 127), static_cast<int>((a >> 44) % 100),
                  static_cast<int>(20 + (a >> 51) % 6), static_cast<int>(1 + (a >> 54) % 12),
                  static_cast<int>(1 + (a >> 58) % 28));
    text += line;
  }
  text.resize(bytes);
  return text;
}

std::string Shaped(std::string_view shape, size_t bytes) {
  constexpr std::string_view kAny =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::mt19937_64 random(1);
  std::string text;
  while (text.size() < bytes) {
    const char c = shape[text.size() % shape.size()];
    const size_t choices = c == '0' ? 10 : c == 'f' ? 16 : c == 'Z' ? kAny.size() : 0;
    text += choices == 0 ? c : kAny[random() % choices];
  }
  return text;
}

std::string Hostile(const detect::Matcher& matcher, size_t bytes) {
  detect::RegexSampler sampler(1);
  std::string text;
  for (detect::RuleId id = 0; text.size() < bytes; id = (id + 1) % matcher.size()) {
    const detect::Rule& rule = matcher.rule(id);
    const auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
    if (!tree.ok()) continue;
    std::string match = sampler.Sample(tree.value());
    if (match.size() > 120) match.resize(120);
    match.resize(match.size() - match.size() / 4);
    while (!match.empty() && static_cast<unsigned char>(match.back()) >= 0x80) match.pop_back();
    const std::string candidate = match + "z quite ";
    std::vector<detect::Match> found;
    (void)matcher.FindAll(candidate, 0, detect::Scope::kInput, &found);
    if (found.empty()) text += candidate;
  }
  return text;
}

}  // namespace kt::bench
