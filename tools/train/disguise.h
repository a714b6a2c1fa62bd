// Disguises of generated texts: an encoding alone must say nothing about what is encoded.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace kt::train {

enum class Disguise { kNone, kUpper, kLeet, kSpaced, kBase64, kHex, kRot13, kPercent, kReversed };
std::string Apply(Disguise disguise, std::string_view text, std::mt19937_64* random);

}  // namespace kt::train
