// An expression or a term of a user, for texts that spell its letters otherwise than it does. The
// normaliser cannot bring both together: it leaves marks on letters that are not Latin, and whether
// "ВТБ" reads "BTb" to it depends on the words before (detect/normalize.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::policies {

// `pattern` so that it also matches
//   - the Latin letters that letters of other alphabets pass for, one by one,
//   - what characters of a range fold to (of "[А-Я]", "[à-ÿ]"),
//   - letters that are divided into a base and its marks, or put together: "й", "ガ", "각".
// Negated classes stay. `pattern` itself where there is nothing of it. `ignore_case`: it is read
// so.
std::string OtherSpellings(std::string_view pattern, bool ignore_case = false);

// `rule` and, where there are other spellings, one for these, which count only where something of
// them is not ASCII (Rule::respelled): "[а-я]+" must not find "cap".
std::vector<detect::Rule> WithOtherSpellings(detect::Rule rule);

// What a user's expression asks for that no text has once it is normalised: one sentence each.
std::vector<std::string> NeverFound(std::string_view pattern);

}  // namespace kt::policies
