#include "core/detect/spelled_numbers.h"

#include <array>

#include "core/base/ascii.h"
#include "core/detect/views_internal.h"

namespace kt::detect {
namespace {

constexpr bool IsSaid(uint32_t value) noexcept {
  return (value >= 0x20 && value <= 0x7E) || value == '\n' || value == '\r' || value == '\t';
}

constexpr uint8_t Bit(RowForm form) noexcept {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(form));
}

// What RowFormsSaid() says of two and of three digits.
constexpr std::array<uint8_t, 100> kTwoDigits = [] {
  std::array<uint8_t, 100> forms{};
  for (uint32_t i = 0; i < forms.size(); ++i) {
    if (IsSaid(i)) forms[i] |= Bit(RowForm::kDecimal);
    if (IsSaid(i / 10 * 16 + i % 10)) forms[i] |= Bit(RowForm::kHex);
  }
  return forms;
}();
constexpr std::array<uint8_t, 1000> kThreeDigits = [] {
  std::array<uint8_t, 1000> forms{};
  for (uint32_t i = 0; i < forms.size(); ++i) {
    const uint32_t first = i / 100, second = i / 10 % 10, third = i % 10;
    if (IsSaid(i)) forms[i] |= Bit(RowForm::kDecimal);
    const bool octal = first < 8 && second < 8 && third < 8;
    if (octal && IsSaid(first * 64 + second * 8 + third)) forms[i] |= Bit(RowForm::kOctal);
  }
  return forms;
}();

bool AddByte(uint32_t value, RowNumber* out) noexcept {
  if (out->size == sizeof out->bytes || !IsSaid(value)) return false;
  out->bytes[out->size++] = value < 0x20 ? ' ' : static_cast<char>(value);
  return true;
}

// As ReadHex() says, below: most first digits tell that it says nothing.
bool SaysHex(std::string_view run) noexcept {
  while (run.size() > 2 && run[0] == '0' && run[1] == '0') run.remove_prefix(2);
  if (run.empty() || run.size() % 2 != 0 || run.size() > 8) return false;
  // Without a branch for each byte, which would be guessed wrong of random digits.
  bool said = true;
  for (size_t i = 0; i < run.size(); i += 2) {
    const int byte = views::HexDigit(run[i]) << 4 | views::HexDigit(run[i + 1]);
    const auto value = static_cast<uint32_t>(byte);
    said &= (value - 0x20 <= 0x7E - 0x20) | (value == '\n') | (value == '\r') | (value == '\t');
  }
  return said;
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
  const auto bit = Bit;
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

unsigned RowFormsSaid(std::string_view run) noexcept {
  const size_t size = run.size();
  if (size == 1 && !IsGapWord(run)) return Bit(RowForm::kCharacters);
  if (size == 1) return RowFormsOf(run);
  const bool digit = IsDigit(run[0]);
  if (size > kMaxRowNumberBytes || (!digit && run[0] != 'x')) return 0;
  if (!digit) return SaysHex(run.substr(1)) ? Bit(RowForm::kHex) : 0;
  if (IsDigit(run[1])) {
    const auto value = [&](size_t i) { return static_cast<size_t>(run[i] - '0'); };
    if (size == 2) return kTwoDigits[value(0) * 10 + value(1)];
    if (size == 3) {
      return IsDigit(run[2]) ? kThreeDigits[value(0) * 100 + value(1) * 10 + value(2)] : 0;
    }
  }
  if (run[0] != '0' || IsDigit(run[1])) {
    RowNumber bits;
    const bool binary = size > 6 && run[0] <= '1' && ReadRowNumber(run, RowForm::kBinary, &bits);
    return (SaysHex(run) ? Bit(RowForm::kHex) : 0u) | (binary ? Bit(RowForm::kBinary) : 0u);
  }
  unsigned forms = RowFormsOf(run);
  RowNumber number;
  for (unsigned bit = 0; bit < kRowFormCount; ++bit) {
    if ((forms >> bit & 1) == 0 || ReadRowNumber(run, static_cast<RowForm>(bit), &number)) continue;
    forms &= ~(1u << bit);
  }
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
