// A small stand-in for the gateway's normaliser, so that the weights see what it will produce:
// look-alikes folded, invisible characters removed, leet digits read as letters where words mix
// them. The gateway's own is far more thorough; the trainer needs the common cases only.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace kt::train {

std::string Fold(std::string_view text);
// The folded text, and its leet reading when at least two words look like leet.
std::vector<std::string> ViewsOf(std::string_view text);

enum class Disguise { kNone, kUpper, kLeet, kSpaced, kBase64, kHex, kRot13 };
std::string Apply(Disguise disguise, std::string_view text, std::mt19937_64* random);

}  // namespace kt::train
