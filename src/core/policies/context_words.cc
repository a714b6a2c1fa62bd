#include "core/policies/context_words.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/detect/normalize.h"

namespace kt::policies {
namespace {

constexpr size_t kCharacters = 40;

bool Separates(char c) noexcept {
  return c == '_' || c == '-' || c == '\t';
}

// Lower case, "_" and "-" as blanks, "taxId" as "tax id".
std::string Folded(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  char previous = '\0';
  for (const char c : text) {
    if (IsUpper(c) && IsLower(previous)) out += ' ';
    out += Separates(c) ? ' ' : IsUpper(c) ? static_cast<char>(c + 0x20) : c;
    previous = c;
  }
  return out;
}

// A name belongs to what follows on its line, or to the next line when it ends its own.
bool SameLine(std::string_view between) noexcept {
  return between.find('\n') == between.npos ||
         std::none_of(between.begin(), between.end(), IsAlnum);
}

}  // namespace

ContextWords::ContextWords(const detect::Candidate& candidate) {
  const std::string_view before = candidate.before(detect::kContextBytes);
  size_t characters = 0, start = before.size();
  while (start > 0 && characters < kCharacters) {
    --start;
    if ((static_cast<unsigned char>(before[start]) & 0xC0) != 0x80) ++characters;
  }
  context_ = Folded(before.substr(start));
  for (size_t i = 1; i < context_.size(); ++i) pairs_.set(PairOf(context_[i - 1], context_[i]));
}

bool ContextWords::MayHold(const std::string& word) const noexcept {
  const size_t size = word.size();
  return size < 2 ||
         (pairs_[PairOf(word[0], word[1])] && pairs_[PairOf(word[size - 2], word[size - 1])]);
}

size_t ContextWords::LastOf(const std::vector<std::string>& words) const {
  size_t last = 0;
  for (const std::string& word : words) {
    if (!MayHold(word)) continue;
    for (size_t at = context_.rfind(word); at != std::string::npos;
         at = at == 0 ? std::string::npos : context_.rfind(word, at - 1)) {
      const size_t end = at + word.size();
      if (end + 1 <= last) break;
      const bool starts = at == 0 || !IsLower(context_[at - 1]) || !IsLower(word.front());
      const bool ends = end == context_.size() || !IsLower(context_[end]) || !IsLower(word.back());
      if (starts && ends && SameLine(std::string_view(context_).substr(end))) {
        last = end + 1;
        break;
      }
    }
  }
  return last;
}

std::vector<std::string> ContextWords::Prepared(std::vector<std::string> words) {
  for (std::string& word : words) {
    // As the text is where they are looked for: without accents.
    detect::NormalizeOptions options;
    options.look_alikes = false;
    detect::NormalizedText plain;
    const bool usable = detect::Normalize(word, options, &plain).ok();
    word = Folded(usable ? plain.text() : word);
  }
  return words;
}

}  // namespace kt::policies
