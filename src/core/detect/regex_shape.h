// What follows from the shape of an expression: how long its matches are, which bytes and how many
// digits they hold, what stands before a place in them. Private to detect/.
#pragma once

#include <cstddef>
#include <optional>

#include "core/detect/regex_tree.h"

namespace kt::detect {

// What is known about the byte before a place: it is no word byte, it is no digit; in the middle of
// a match, what it may be (otherwise anything, or the text begins there).
struct Edge {
  bool word = false, digit = false;
  ByteSet last = ~ByteSet();
};
Edge EdgeAfter(const RegexNode& node, Edge before);

bool Nullable(const RegexNode& node);  // may match nothing
// Adds all bytes that matches may hold.
void AddAlphabet(const RegexNode& node, ByteSet* set);
// Of every match, counted up to a bound that is high enough for all uses.
size_t MinBytes(const RegexNode& node);
int MinDigits(const RegexNode& node);
// Bytes of the longest match; nullopt: not bounded.
std::optional<size_t> LongestMatch(const RegexNode& node);

bool HasWordByte(const ByteSet& set) noexcept;
bool HasDigitByte(const ByteSet& set) noexcept;
bool HasLetterByte(const ByteSet& set) noexcept;
bool HasSmallLetter(const ByteSet& set) noexcept;
bool IsWordAlphabet(const ByteSet& set) noexcept;
// One or more of what \s matches, and nothing else.
bool IsBlankClass(const ByteSet& set) noexcept;

}  // namespace kt::detect
