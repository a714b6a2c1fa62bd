#include "core/detect/factor_score.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

#include "core/detect/regex_bytes.h"

namespace kt::detect {
namespace {

// The more frequent words of English text and of requests to models, by their share.
struct Words {
  double share;
  std::string_view list;
};
constexpr Words kWords[] = {
    {0.015, " the a to and of in is that "},
    {0.005,
     " you for i what question was answer on with from as an it are be his this can by about "
     "he or if not "},
    {0.0015,
     " how have function would write at context do their your they which all she one when her has "
     "name or but so file its code had number my not them above input were me two will best list "
     "script into sentence new up these because create time where use date we first describe did "
     "most could some him search may other been get details should find want used return system "
     "there user text please here follow just "},
    {0.0006,
     " example also after more then like why each over read need explain output work based people "
     "fact during made next answers know being before take line implement current day even "
     "between last no key path information while such tell questions just give go make role many "
     "access according enabled generate possible well any see within words both back than content "
     "data method person files without now through help known specific general right main against "
     "come under simple only way called off please show message string term order rule rules "
     "change real look always never start end say says said print type state test run translate "
     "display repeat respond response reply play act let set change free dear note notice "}};

double SignShare(unsigned char sign) noexcept {
  constexpr std::string_view kSigns = ".,-:'\"?)(;=/+_[]`}{<!%>#*";
  constexpr std::array<float, kSigns.size()> kShares = {
      .043f, .039f,  .024f,  .016f,  .014f,  .012f, .009f, .006f, .006f,
      .003f, .004f,  .004f,  .002f,  .0015f, .002f, .002f, .003f, .0012f,
      .002f, .0015f, .0008f, .0005f, .001f,  .002f, .003f};
  const size_t at = kSigns.find(static_cast<char>(sign));
  return at == kSigns.npos ? 0.0002 : static_cast<double>(kShares[at]);
}

// Of a word that is in no list, by the number of letters that are given.
double RareShare(size_t letters, bool whole) noexcept {
  constexpr double kBegins[] = {.05, .01, .001, .0002, .0001, .00005, .00003};
  constexpr double kWhole[] = {.002, .0005, .0001, .00005, .00003, .00002, .00001};
  const size_t index = letters > std::size(kBegins) ? std::size(kBegins) - 1 : letters - 1;
  return whole ? kWhole[index] : kBegins[index];
}

// The first eight letters of a word, the first one on top: in the order of the words.
uint64_t HeadOf(std::string_view letters) noexcept {
  uint64_t head = 0;
  std::memcpy(&head, letters.data(), std::min(letters.size(), sizeof head));
  return __builtin_bswap64(head);
}

struct Word {
  uint64_t head;
  size_t size;
  double share;
};

std::vector<Word> SortedWords() {
  std::vector<Word> all;
  for (const Words& words : kWords) {
    for (size_t begin = 1; begin < words.list.size();) {
      const size_t end = words.list.find(' ', begin);
      all.push_back({HeadOf(words.list.substr(begin, end - begin)), end - begin, words.share});
      begin = end + 1;
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Word& a, const Word& b) { return a.head < b.head; });
  return all;
}

// Of one to eight letters.
double WordShare(std::string_view letters, bool whole) {
  static const std::vector<Word> kSorted = SortedWords();
  double share = RareShare(letters.size(), whole);
  const uint64_t head = HeadOf(letters), rest = ~uint64_t{0} >> 1 >> (8 * letters.size() - 1);
  auto word = std::lower_bound(kSorted.begin(), kSorted.end(), head,
                               [](const Word& a, uint64_t wanted) { return a.head < wanted; });
  for (; word != kSorted.end() && (word->head & ~rest) == head; ++word) {
    if (!whole || word->size == letters.size()) share += word->share;
  }
  return share;
}

}  // namespace

double LiteralFrequency(std::string_view folded, bool word_ends, bool inside) {
  size_t letters = 0;
  while (letters < folded.size() && IsAsciiLetter(static_cast<unsigned char>(folded[letters]))) {
    ++letters;
  }
  double share = 1;
  size_t at = 1;
  const auto first = static_cast<unsigned char>(folded[0]);
  if (letters > 0) {
    share = WordShare(folded.substr(0, letters), letters < folded.size() || word_ends);
    at = letters;
  } else if (IsAsciiDigit(first)) {
    // Years are frequent.
    const std::string_view head = folded.substr(0, 2);
    share = head == "19" || head == "20" ? 0.03 : 0.004;
  } else {
    share = first < 0x80 ? SignShare(first) : 0.0005;
  }
  bool word = letters > 0;
  for (; at < folded.size(); ++at) {
    if (word && folded[at] == ' ') {
      // What follows a word is one of few, more often than not.
      size_t end = at + 1;
      while (end < folded.size() && IsAsciiLetter(static_cast<unsigned char>(folded[end]))) ++end;
      const bool whole = end < folded.size() || (word_ends && end > at + 1);
      if (end > at + 1) {
        const double next = WordShare(folded.substr(at + 1, end - at - 1), whole);
        share *= std::min(0.5, 40 * next);
      }
      at = end - 1;
      word = end > at + 1;
      continue;
    }
    const auto byte = static_cast<unsigned char>(folded[at]);
    if (byte == ' ') {
      share *= 0.5;
    } else if (IsAsciiLetter(byte)) {
      share *= 0.06;
    } else if (IsAsciiDigit(byte)) {
      share *= 0.08;
    } else {
      share *= byte < 0x80 ? 0.03 : 0.2;
    }
    word = IsAsciiWord(byte);
  }
  return inside ? 5 * share : share;
}

}  // namespace kt::detect
