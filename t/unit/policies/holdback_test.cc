// What a stream holds back of texts that hold nothing: of prose, no more than the last word.
#include <cctype>

#include "chain_fixture.h"
#include "core/detect/utf8.h"

namespace kt::policies {
namespace {

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

// Where the last `words` begin, each with the signs and blanks before it, and with those of one
// letter before them, since values are spelled letter by letter too.
size_t LastWords(std::string_view text, int words) {
  size_t begin = text.size();
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\n')) --begin;
  while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '\n') --begin;
  for (int i = 0; i < words; ++i) {
    if (i > 0) {
      while (begin > 0 && IsWordByte(text[begin - 1])) --begin;
    }
    while (begin > 0 && !IsWordByte(text[begin - 1])) --begin;
  }
  for (;;) {
    size_t word = begin;
    while (word > 0 && IsWordByte(text[word - 1])) --word;
    if (word == begin || detect::DecodeUtf8(text, word).size != begin - word) return begin;
    for (begin = word; begin > 0 && !IsWordByte(text[begin - 1]);) --begin;
  }
}

struct Held {
  size_t pieces = 0, bytes = 0;
};

// `text` in pieces of about the size of a token.
Held Hold(const policy::Chain& chain, const std::string& text, int words) {
  policy::ChainRun run(chain, {});
  Held held;
  size_t from = 0;
  for (size_t end = 0; end < text.size();) {
    end = std::min(end + 4, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    const std::string seen = text.substr(0, end);
    std::vector<policy::TextEdit> edits;
    size_t cleared = 0;
    EXPECT_FALSE(run.JudgeDelta(seen, from, false, openai::Role::kAssistant, &cleared, &edits));
    EXPECT_TRUE(edits.empty()) << seen;
    EXPECT_GE(cleared, LastWords(seen, words)) << "held: '" << seen.substr(cleared) << "'";
    from = cleared;
    ++held.pieces;
    held.bytes += end - cleared;
  }
  return held;
}

const char* const kProse[] = {
    "The committee met on Tuesday to discuss the new budget. It was agreed that spending on "
    "roads would rise, while schools would get more per pupil. \"We can't wait,\" said the "
    "chair; others weren't so sure. Mr. Smith of St. Mary's asked for Dr. Jones's report, "
    "i.e. the long one. See the annex for details (if any) - and call the office.",
    "Die Sitzung begann am Nachmittag und dauerte zwei Stunden. Herr Müller erklärte, daß "
    "die Kosten gestiegen seien; das sei nicht hinnehmbar. Größe, Übung, Äpfel.",
    "L'équipe s'est réunie pour parler du projet. Aujourd'hui, c'est l'été ; demain, on "
    "verra. N'hésitez pas à m'appeler.",
    "El año pasado, la señora García compró doce libros. ¿Dónde está la biblioteca?",
    "Вчера вечером мы ходили в кино и смотрели новый фильм. Мне понравилось, а тебе?",
    "Η συνάντηση έγινε το απόγευμα και όλοι ήταν εκεί. Καλημέρα σας, τι κάνετε;",
    "昨天我们去了北京的一家餐厅，花了两百三十元。那里的饭菜很好吃，服务也不错。",
    "昨日は友達と東京に行きました。とても楽しかったです。カタカナのテスト。",
    "어제 친구와 함께 서울에 갔습니다. 날씨가 아주 좋았습니다.",
    "ذهبت أمس إلى السوق مع صديقي واشترينا بعض الفاكهة. كان الجو جميلا جدا.",
    "Dün akşam arkadaşlarımla buluştum. Çok güzel bir gündü; şimdi eve dönüyorum.",
    "# Title\n\n- **Bold** item with `code`\n- another, see *this* and ~~that~~\n\n> "
    "quote\n",
};

void ExpectBounded(const policy::Chain& chain, const std::string& text, int words) {
  const Held held = Hold(chain, text, words);
  EXPECT_LT(held.bytes, 12 * held.pieces) << text;
}

void ExpectHeld(const std::vector<std::string>& kinds, int words) {
  const auto chain = Build(ConfigWith(kinds));
  Held all;
  for (const char* text : kProse) {
    const Held held = Hold(*chain, text, words);
    all.pieces += held.pieces;
    all.bytes += held.bytes;
  }
  EXPECT_LT(all.bytes, 5 * all.pieces);  // on the average
}

TEST(HoldBack, OfProseNoMoreThanTheLastWord) {
  ExpectHeld({"prompt-injection", "pii-detector"}, 1);
}

// What the safety filter blocks are phrases: the words that one may begin with wait for the next.
TEST(HoldBack, OfPhrasesThatAreBlockedTheirFirstWordsToo) {
  ExpectHeld({"prompt-injection", "pii-detector", "safety-filter"}, 2);
}

// Words that questions about harm begin with are those of any question: they go on waiting only
// while the next ones fit.
TEST(HoldBack, OfQuestionsAFewWords) {
  const auto chain = Build(ConfigWith({"prompt-injection", "pii-detector", "safety-filter"}));
  for (const std::string text :
       {"Could you explain how the keepers managed to carry oil up the stairs every evening, and "
        "what they did when storms kept the supply ship away for weeks?",
        "Why did they rearrange the store before the holidays, and what are the reasons that "
        "everybody gives for it now that the season has passed?",
        "Here are the instructions for improving the soil of a garden, and how to prepare for a "
        "change of the weather: tell me what they did when you need to know the rest."}) {
    ExpectBounded(*chain, text, 5);
  }
}

}  // namespace
}  // namespace kt::policies
