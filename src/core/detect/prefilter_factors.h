// What every match of an expression must hold: one of a set of short literals, where it may stand,
// and how many digits must follow. Private to detect/.
//
//   \b(?:ignore|forget) (?:all )?previous    "previous" at the beginning of a word, at most 14
//                                             bytes behind the beginning of the match
//
// Of all such sets an expression allows, the one that ordinary text is least likely to hold.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/detect/factor_positions.h"
#include "core/detect/factor_strings.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {

inline constexpr size_t kAnywhereBefore = static_cast<size_t>(-1);

// Whether a folded byte may have been a word byte: the underscore folds away from ASCII's others.
inline bool IsFoldedWord(unsigned char byte) noexcept {
  return IsAsciiWord(byte) || byte == FoldByte('_');
}

struct Condition;

struct Factor {
  enum class Start : unsigned char { kAnywhere, kWord, kDigit };  // no word byte, no digit before
  std::string bytes;                                              // folded, 1 to kFactorBytes
  Start start = Start::kAnywhere;
  bool word_ends = false;       // no word byte follows
  bool odd_blank = false;       // a blank follows that is not one single space
  ByteSet before = ~ByteSet();  // one of these is, unless the match begins here
  // Bytes between the beginning of the match and this; the most may be kAnywhereBefore.
  size_t min_before = 0, max_before = 0;
  // From here on there is a run of these bytes, so long and with so many digits. 0: not known.
  int min_digits = 0;
  int lead_digits = 0;  // of them, those that it begins with, in a row
  size_t min_run = 0;
  ByteSet run;
  // What else a match that holds this one has near it.
  std::vector<std::shared_ptr<const Condition>> conditions;
  // Which bytes stand around it; null: not known.
  std::shared_ptr<const Positions> positions;
  // What begins at this place or anywhere behind it; may be null.
  std::shared_ptr<const Condition> witness;
};

// Factors, one behind the other, that have all in common but their bytes and what is right before
// and behind these: rules begin with hundreds of them.
struct FactorGroup {
  struct Text {
    uint64_t key;  // the bytes (KeyOfBytes)
    Factor::Start start;
    bool word_ends, odd_blank;
    size_t size() const noexcept { return kFactorBytes - __builtin_ctzll(key) / 8; }
    bool operator==(const Text&) const = default;
  };
  Factor base;  // without bytes
  std::vector<Text> texts;
  Factor FactorOf(const Text& text) const;
};
std::vector<FactorGroup> GroupsOf(const std::vector<Factor>& factors);

// A run of bytes that ordinary words have not: its first byte need not be looked up.
enum class LongRun : unsigned char { kNone, kTokens, kCapitals };  // the latter: no small letters
inline constexpr size_t kTokenRun = 12, kCapitalRun = 8;           // bytes
LongRun LongRunOf(const Factor& factor) noexcept;

// Within [place - back, place + ahead] begins one of the literals or, where there are none, a run
// of so many bytes.
struct Condition {
  std::vector<Factor> any_of;
  ByteSet run;
  size_t run_bytes = 0;
  size_t back = 0, ahead = 0;
};

struct FactorSet {
  std::vector<Factor> any_of;
  double score = 0;  // how often ordinary text has one, roughly
};

// Every match holds one of the set. nullopt: nothing of use is known.
std::optional<FactorSet> RequiredFactors(const RegexNode& tree);

// Beginnings of at most so many bytes, of which a rule has so many, stand where nearly any word or
// number begins; some are a sign that stands in every other sentence.
inline constexpr size_t kWideBytes = 2;
inline constexpr int kWideBeginnings = 16;
inline bool IsWideSign(unsigned char byte) noexcept {
  return byte < 0x80 && !IsFoldedWord(byte);
}

// Every match begins with one of these. Where they stand nearly everywhere, their positions are
// known. nullopt: too many beginnings.
std::optional<std::vector<Factor>> Beginnings(const RegexNode& tree);

}  // namespace kt::detect
