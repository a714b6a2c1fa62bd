#include "views.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/base/text.h"

namespace kt::train {
namespace {

constexpr std::pair<std::string_view, std::string_view> kFolds[] = {
    {"а", "a"},     {"е", "e"},     {"о", "o"},     {"р", "p"},      {"с", "c"},     {"у", "y"},
    {"х", "x"},     {"і", "i"},     {"ѕ", "s"},     {"ј", "j"},      {"ԁ", "d"},     {"ь", "b"},
    {"т", "t"},     {"м", "m"},     {"А", "A"},     {"В", "B"},      {"Е", "E"},     {"К", "K"},
    {"М", "M"},     {"Н", "H"},     {"О", "O"},     {"Р", "P"},      {"С", "C"},     {"Т", "T"},
    {"У", "Y"},     {"Х", "X"},     {"Ѕ", "S"},     {"І", "I"},      {"α", "a"},     {"ε", "e"},
    {"ο", "o"},     {"ρ", "p"},     {"ν", "v"},     {"ι", "i"},      {"κ", "k"},     {"Α", "A"},
    {"Β", "B"},     {"Ε", "E"},     {"Ι", "I"},     {"Κ", "K"},      {"Μ", "M"},     {"Ν", "N"},
    {"Ο", "O"},     {"Ρ", "P"},     {"Τ", "T"},     {"Χ", "X"},      {"Ζ", "Z"},     {"Η", "H"},
    {"ɑ", "a"},     {"ϲ", "c"},     {"“", "\""},    {"”", "\""},     {"‘", "'"},     {"’", "'"},
    {"–", "-"},     {"—", "-"},     {"…", "..."},   {"\u200b", ""},  {"\u200c", ""}, {"\u200d", ""},
    {"\u2060", ""}, {"\ufeff", ""}, {"\u00ad", ""}, {"\u00a0", " "},
};

bool IsLetter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// Look-alikes only inside words that also have Latin letters: Russian stays Russian.
bool HasLatin(std::string_view word) {
  for (const char c : word)
    if (IsLetter(c)) return true;
  return false;
}

std::string FoldWord(std::string_view word) {
  std::string out;
  const bool latin = HasLatin(word);
  while (!word.empty()) {
    bool found = false;
    for (const auto& [from, to] : kFolds) {
      if (!word.starts_with(from)) continue;
      if (!latin && from.size() == 2 && to.size() == 1 && IsLetter(to[0])) continue;
      out += to;
      word.remove_prefix(from.size());
      found = true;
      break;
    }
    if (!found) {
      out.push_back(word[0]);
      word.remove_prefix(1);
    }
  }
  return out;
}

char LeetLetter(char c) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
      return 'i';
    case '3':
      return 'e';
    case '4':
      return 'a';
    case '5':
      return 's';
    case '7':
      return 't';
    case '8':
      return 'b';
    case '9':
      return 'g';
    case '@':
      return 'a';
    case '$':
      return 's';
    case '!':
      return 'i';
    case '|':
      return 'l';
    case '+':
      return 't';
    default:
      return 0;
  }
}

bool IsLeetWord(std::string_view word) {
  size_t letters = 0, inner = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    letters += IsLetter(word[i]) ? 1 : 0;
    if (i + 1 < word.size() && LeetLetter(word[i]) != 0 && IsLetter(word[i + 1])) ++inner;
  }
  return letters >= 2 && inner >= 1 && word.size() <= 20;
}

template <class F>
void ForWords(std::string_view text, F&& f) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find_first_of(" \n\t", at), text.size());
    f(text.substr(at, end - at), end < text.size() ? text.substr(end, 1) : std::string_view());
    at = end + 1;
  }
}

std::string Base64(std::string_view text) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t v = 0;
    for (size_t k = 0; k < 3; ++k)
      v = v << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out.push_back(i + k > text.size() ? '=' : kDigits[v >> (18 - 6 * k) & 63]);
  }
  return out;
}

}  // namespace

std::string Fold(std::string_view text) {
  std::string out;
  ForWords(text, [&](std::string_view word, std::string_view space) {
    out += FoldWord(word);
    out += space;
  });
  return out;
}

std::vector<std::string> ViewsOf(std::string_view text) {
  std::vector<std::string> views{Fold(text)};
  std::string leet;
  size_t count = 0;
  ForWords(views[0], [&](std::string_view word, std::string_view space) {
    const bool is_leet = IsLeetWord(word);
    count += is_leet ? 1 : 0;
    for (const char c : word) {
      const char letter = is_leet ? LeetLetter(c) : 0;
      leet.push_back(letter != 0 ? letter : c);
    }
    leet += space;
  });
  if (count >= 2) views.push_back(std::move(leet));
  return views;
}

std::string Apply(Disguise disguise, std::string_view text, std::mt19937_64* random) {
  std::string out;
  switch (disguise) {
    case Disguise::kNone:
      return std::string(text);
    case Disguise::kBase64:
      return Base64(text);
    case Disguise::kHex:
      return HexEncode(text);
    case Disguise::kUpper:
      for (const char c : text) out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
      return out;
    case Disguise::kRot13:
      for (const char c : text) {
        const char base = c >= 'a' && c <= 'z' ? 'a' : 'A';
        out.push_back(IsLetter(c) ? static_cast<char>(base + (c - base + 13) % 26) : c);
      }
      return out;
    case Disguise::kSpaced:
      for (const char c : text) (out += c) += ' ';
      return out;
    case Disguise::kLeet:
      for (const char c : text) {
        const size_t at = std::string_view("oieastbg").find(AsciiLower(c));
        const bool swap = at != std::string_view::npos && (*random)() % 4 != 0;
        out.push_back(swap ? "01345789"[at] : c);
      }
      return out;
  }
  return out;
}

}  // namespace kt::train
