// Points in time as text: RFC 3339 in UTC with microseconds, "2026-01-31T09:30:00.000000Z".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt {

// `unix_us`: microseconds since 1970-01-01T00:00:00Z.
std::string FormatTimestamp(int64_t unix_us);
// The same at `to`, which has room for kMaxTimestampBytes; returns its end.
inline constexpr size_t kMaxTimestampBytes = 48;
char* WriteTimestamp(int64_t unix_us, char* to);
// Reads what FormatTimestamp writes, also with fewer digits of the second's fraction, and a bare
// date ("2026-01-31": its first moment). Other zones than Z are refused.
std::optional<int64_t> ParseTimestamp(std::string_view text);

}  // namespace kt
