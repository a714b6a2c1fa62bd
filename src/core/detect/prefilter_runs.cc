// Runs of bytes that are longer than those of ordinary text.
#include "core/detect/prefilter.h"

namespace kt::detect {

// Goes on where the last look at this run ended.
bool Prefilter::LongRunFits(const Target& target, std::string_view text, size_t at,
                            RunMemo* memo) const {
  const ByteSet& run = runs_[target.run];
  RunMemo::Known& known = memo->Of(target.run);
  const auto digit = [&](size_t i) {
    return IsAsciiDigit(static_cast<unsigned char>(text[i])) ? 1 : 0;
  };
  if (at < known.begin || at >= known.end) known = {at, at, 0};
  for (; known.begin < at; ++known.begin) known.digits -= digit(known.begin);
  const size_t least = at + target.min_run;
  for (; known.digits < target.min_digits || known.end < least; ++known.end) {
    if (known.end >= text.size() || !run[static_cast<unsigned char>(text[known.end])]) return false;
    known.digits += digit(known.end);
  }
  return true;
}

// Whether a run may be long enough; one that the end of the text cuts may go on.
bool Prefilter::RunMayFit(const Target& target, std::string_view text, size_t at) const {
  if (target.min_digits == 0 && target.min_run == 0) return true;
  const ByteSet& run = runs_[target.run];
  int digits = target.min_digits;
  size_t end = at;
  for (; digits > 0 || end - at < target.min_run; ++end) {
    if (end == text.size() || end - at == kScanBlock) return true;
    const auto byte = static_cast<unsigned char>(text[end]);
    if (!run[byte]) return false;
    digits -= IsAsciiDigit(byte) ? 1 : 0;
  }
  return true;
}

std::optional<bool> Prefilter::Opens(const Target& target, std::string_view text, size_t at) const {
  if (target.opening == kNone) return std::nullopt;
  const Opening& opening = openings_[target.opening];
  bool each = true;
  for (size_t end = at; end - at <= opening.most; ++end) {
    if (end == text.size()) return each ? std::optional<bool>(true) : std::nullopt;
    const auto byte = static_cast<unsigned char>(text[end]);
    if (!opening.run[byte]) return opening.next[byte] ? std::nullopt : std::optional<bool>(false);
    each &= opening.each[byte];
  }
  return false;
}

}  // namespace kt::detect
