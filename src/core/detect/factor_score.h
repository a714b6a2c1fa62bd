// How often ordinary text holds a literal: what the choice among the literals of a rule goes by.
// Rough, and of no influence on what is found. Private to detect/.
#pragma once

#include <string_view>

namespace kt::detect {

// The share of the words, numbers and signs of English prose and code that begin like this folded
// string. `word_ends`: no word byte follows. `inside`: it may begin inside a word.
double LiteralFrequency(std::string_view folded, bool word_ends, bool inside);

}  // namespace kt::detect
