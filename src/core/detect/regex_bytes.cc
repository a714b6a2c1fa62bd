#include "core/detect/regex_bytes.h"

#include <algorithm>

namespace kt::detect {
namespace {

// The first byte of a code point's UTF-8.
unsigned LeadByte(uint32_t rune) noexcept {
  if (rune < 0x80) return rune;
  if (rune < 0x800) return 0xC0 | rune >> 6;
  return rune < 0x10000 ? 0xE0 | rune >> 12 : 0xF0 | std::min(rune >> 18, 4u);
}

void AddLeads(ByteSet* set) {
  for (unsigned b = 0x80; b < 0x100; ++b) set->set(b);
}

}  // namespace

void AddRunes(uint32_t low, uint32_t high, bool ignore_case, ByteSet* set) {
  for (uint32_t rune = low; rune <= high && rune < 0x80; ++rune) {
    set->set(rune);
    if (!ignore_case || !IsAsciiLetter(rune)) continue;
    set->set(rune ^ 0x20);
  }
  if (high < 0x80) return;
  for (unsigned b = LeadByte(std::max<uint32_t>(low, 0x80)); b <= LeadByte(high); ++b) set->set(b);
  if (!ignore_case || (IsCaseless(low) && IsCaseless(high) && high - low < 0x80)) return;
  const bool latin = high < 0x250 && (low > 0x17F || high < 0x17F);
  const bool latin_additional = low >= 0x1E00 && high < 0x1F00;
  if (low >= 0x400 && high < 0x530) {  // with U+1C80, whose upper case is Cyrillic
    for (const unsigned b : {0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xE1}) set->set(b);
  } else if (low >= 0x80 && (latin || latin_additional)) {
    for (unsigned b = 0xC2; b <= 0xCF; ++b) set->set(b);
    for (const unsigned b : {0xE1, 0xE2, 0xEA}) set->set(b);
  } else {
    AddLeads(set);
    for (const char c : {'k', 'K', 's', 'S'}) set->set(static_cast<unsigned char>(c));
  }
}

void AddEscapeClass(char letter, bool ignore_case, ByteSet* set) {
  ByteSet own;
  switch (letter) {
    case 'd':
    case 'D':
      AddRunes('0', '9', false, &own);
      break;
    case 's':
    case 'S':
      for (const char c : {'\t', '\n', '\f', '\r', ' '}) own.set(static_cast<unsigned char>(c));
      break;
    case 'w':
    case 'W':
      AddRunes('0', '9', false, &own);
      AddRunes('A', 'Z', ignore_case, &own);
      AddRunes('a', 'z', ignore_case, &own);
      own.set('_');
      break;
    default:
      own.set();
      break;
  }
  *set |= letter == 'D' || letter == 'S' || letter == 'W' ? Negated(own) : own;
}

ByteSet Negated(const ByteSet& set) {
  ByteSet out = ~set;
  AddLeads(&out);
  return out;
}

std::string Utf8(uint32_t rune) {
  if (rune < 0x80) return {static_cast<char>(rune)};
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80 | (rune >> shift & 0x3F));
  };
  const char lead = static_cast<char>(LeadByte(rune));
  if (rune < 0x800) return {lead, tail(0)};
  if (rune < 0x10000) return {lead, tail(6), tail(0)};
  return {lead, tail(12), tail(6), tail(0)};
}

// Scripts without letter case.
bool IsCaseless(uint32_t rune) noexcept {
  constexpr uint32_t kRanges[][2] = {
      {0x00A0, 0x00B4}, {0x00B6, 0x00BF},   {0x0590, 0x109F},  {0x1100, 0x139F}, {0x1700, 0x1BFF},
      {0x2000, 0x20FF}, {0x2190, 0x23FF},   {0x2E80, 0xA63F},  {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
      {0xFE00, 0xFEFF}, {0xE0000, 0xE007F}, {0x1F000, 0x1FAFF}};
  for (const auto& range : kRanges) {
    if (rune >= range[0] && rune <= range[1]) return true;
  }
  return rune < 0x80 && !IsAsciiLetter(rune);
}

std::string CaseOrbit(uint32_t rune) {
  // Small letter, capital letter, and the letters of old fonts and symbols that fold to them.
  constexpr uint32_t kMore[][3] = {
      {0x432, 0x1C80, 0},      {0x434, 0x1C81, 0}, {0x43E, 0x1C82, 0},     {0x441, 0x1C83, 0},
      {0x442, 0x1C84, 0x1C85}, {0x44A, 0x1C86, 0}, {0x3B2, 0x3D0, 0},      {0x3B5, 0x3F5, 0},
      {0x3B8, 0x3D1, 0x3F4},   {0x3BA, 0x3F0, 0},  {0x3B9, 0x345, 0x1FBE}, {0x3BC, 0xB5, 0},
      {0x3C0, 0x3D6, 0},       {0x3C1, 0x3F1, 0},  {0x3C3, 0x3C2, 0},      {0x3C6, 0x3D5, 0},
      {0x3C9, 0x2126, 0}};
  constexpr uint32_t kAccented[][2] = {{0x386, 0x3AC}, {0x388, 0x3AD}, {0x389, 0x3AE},
                                       {0x38A, 0x3AF}, {0x38C, 0x3CC}, {0x38E, 0x3CD},
                                       {0x38F, 0x3CE}, {0x490, 0x491}};
  uint32_t small = rune == 0x3C2 ? 0x3C3 : rune;
  if ((rune >= 0x391 && rune <= 0x3A9 && rune != 0x3A2) || (rune >= 0x410 && rune <= 0x42F)) {
    small = rune + 0x20;
  } else if (rune >= 0x400 && rune <= 0x40F) {
    small = rune + 0x50;
  }
  uint32_t capital = small - 0x20;
  if (small >= 0x450 && small <= 0x45F) capital = small - 0x50;
  bool known = (small >= 0x3B1 && small <= 0x3C9) || (small >= 0x430 && small <= 0x45F);
  for (const auto& pair : kAccented) {
    if (rune != pair[0] && rune != pair[1]) continue;
    capital = pair[0], small = pair[1];
    known = true;
  }
  if (!known) return {};
  std::string all = Utf8(small) + Utf8(capital);
  for (const auto& more : kMore) {
    if (more[0] != small) continue;
    all += Utf8(more[1]);
    if (more[2] != 0) all += Utf8(more[2]);
  }
  return all;
}

}  // namespace kt::detect
