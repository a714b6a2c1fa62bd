#include "core/detect/spelled_numbers.h"

#include "core/base/ascii.h"
#include "core/detect/views_internal.h"

namespace kt::detect {
namespace {

bool AddByte(uint32_t value, RowNumber* out) noexcept {
  const bool blank = value == '\n' || value == '\r' || value == '\t';
  if (out->size == sizeof out->bytes || ((value < 0x20 || value > 0x7E) && !blank)) return false;
  out->bytes[out->size++] = blank ? ' ' : static_cast<char>(value);
  return true;
}

bool ReadDigits(std::string_view run, uint32_t base, RowNumber* out) noexcept {
  uint32_t value = 0;
  for (const char c : run) {
    const int digit = views::HexDigit(c);
    if (digit < 0 || static_cast<uint32_t>(digit) >= base) return false;
    value = value * base + static_cast<uint32_t>(digit);
  }
  return AddByte(value, out);
}

bool ReadHex(std::string_view run, RowNumber* out) noexcept {
  while (run.size() > 2 && run.starts_with("00")) run.remove_prefix(2);
  if (run.empty() || run.size() % 2 != 0 || run.size() > 8) return false;
  for (; !run.empty(); run.remove_prefix(2)) {
    if (!ReadDigits(run.substr(0, 2), 16, out)) return false;
  }
  return true;
}

}  // namespace

bool ReadRowNumber(std::string_view run, RowForm form, RowNumber* out) noexcept {
  out->size = 0;
  if (run.size() < 2 || run.size() > kMaxRowNumberBytes) return false;
  const char second = static_cast<char>(run[1] | 0x20);
  const bool named = run[0] == '0' && (second == 'x' || second == 'o' || second == 'b');
  const char name = named ? second : '\0';
  if (named) run.remove_prefix(2);
  switch (form) {
    case RowForm::kHex:
      if (!named && run[0] == 'x') run.remove_prefix(1);  // "\x6a"
      return (!named || name == 'x') && ReadHex(run, out);
    case RowForm::kDecimal:
      return !named && run.size() <= 3 && ReadDigits(run, 10, out);
    case RowForm::kOctal:
      return (!named || name == 'o') && run.size() == 3 && ReadDigits(run, 8, out);
    case RowForm::kBinary:
      return (!named || name == 'b') && (run.size() == 7 || run.size() == 8) &&
             ReadDigits(run, 2, out);
    case RowForm::kCharacters:
      break;
  }
  return false;
}

unsigned RowFormsOf(std::string_view run) noexcept {
  const auto bit = [](RowForm form) { return 1u << static_cast<unsigned>(form); };
  const size_t size = run.size();
  // "U" may be of the divider of numbers.
  if (size == 1) return IsGapWord(run) ? ~0u >> (32 - kRowFormCount) : bit(RowForm::kCharacters);
  if (!MayBeRowUnit(run)) return 0;
  if (run[0] == 'x') return bit(RowForm::kHex);
  if (!IsDigit(run[1])) {
    const char name = static_cast<char>(run[1] | 0x20);
    if (run[0] == '0' && name == 'o') return bit(RowForm::kOctal);
    if (run[0] == '0' && name == 'b') return bit(RowForm::kBinary);
    return bit(RowForm::kHex);
  }
  unsigned forms = size % 2 == 0 ? bit(RowForm::kHex) : 0;
  if (size <= 3) forms |= bit(RowForm::kDecimal);
  if (size == 3) forms |= bit(RowForm::kOctal);
  if (size == 7 || size == 8) forms |= bit(RowForm::kBinary);
  return forms;
}

bool MayBeRowUnit(std::string_view run) noexcept {
  if (run.size() > kMaxRowNumberBytes) return false;
  if (run.size() == 1) return true;
  // Numbers begin with a digit or an "x"; of hex the first digits of each two are decimal.
  size_t at = run[0] == 'x' ? 1 : 0;
  if (at == 0 && run[0] == '0' && !IsDigit(run[1])) at = 2;
  for (size_t i = at; i < run.size(); ++i) {
    if (!(((i - at) & 1) == 0 ? IsDigit(run[i]) : views::HexDigit(run[i]) >= 0)) return false;
  }
  return true;
}

}  // namespace kt::detect
