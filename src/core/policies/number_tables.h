// Tables of standards bodies that checks look into.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

// Whose range this length of number is in (ISO/IEC 7812): kCommon are the issuers and lengths that
// most cards have; a number of the rare ones is something else more often than a card.
enum class CardRangeKind { kNone, kRare, kCommon };
CardRangeKind CardRangeOf(std::string_view digits) noexcept;
// A test number of a rare range that processors document, so that everybody writes it.
bool IsPrintedCard(std::string_view digits) noexcept;

}  // namespace kt::policies
