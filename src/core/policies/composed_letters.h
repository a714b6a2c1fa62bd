// Letters that Unicode writes in two ways: as one code point, and as a base with marks behind it,
// as file names of macOS do. Of the alphabets whose marks the normaliser leaves alone: Cyrillic,
// Greek, kana, Hangul (Unicode, sections 3.11 and 3.12).
#pragma once

#include <cstdint>
#include <string>

namespace kt::policies {

// The letter that `mark` makes of `base`; 0: none is known.
uint32_t ComposedLetter(uint32_t base, uint32_t mark) noexcept;

// The letter in its parts, as UTF-8; empty: it has none.
std::string DividedLetter(uint32_t letter);

}  // namespace kt::policies
