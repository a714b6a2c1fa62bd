// What can be said of tokens of letters and digits from where they would begin, before their
// expressions run (value_begins.h): each looks only at the candidate that would begin there, and at
// what stands before it.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

bool MayBePrefixedToken(std::string_view text, size_t begin);
bool MayBeBareToken(std::string_view text, size_t begin);
bool MayBeIban(std::string_view text, size_t begin);
bool MayBeFinnishHetu(std::string_view text, size_t begin);
bool MayBeUkNino(std::string_view text, size_t begin);
bool MayBeMac(std::string_view text, size_t begin);

// A piece of something longer: "a-1234", "x/1234", "v.1234".
bool IsPiece(std::string_view text, size_t begin) noexcept;

}  // namespace kt::policies
