#include "texts.h"

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
