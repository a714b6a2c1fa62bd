// What is wrong with an expression that a user wrote, and what to write instead. Private to
// detect/.
#pragma once

#include <string>
#include <string_view>

namespace kt::detect {

// Of an expression that RE2 refuses with `error`, in brackets behind a blank; empty: RE2 says all.
std::string HintFor(std::string_view pattern, std::string_view error);

// RE2's `error`, cut where it goes on and on.
std::string ShortError(std::string_view error);

// Why an expression that RE2 takes is refused all the same; empty: it is not.
std::string_view Useless(std::string_view pattern);

}  // namespace kt::detect
