#include "core/policies/id_checks.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

namespace kt::policies {
namespace {

using Digits = std::string_view;

int At(Digits d, size_t i) noexcept {
  return d[i] - '0';
}
int Number(Digits d) noexcept {  // precondition: at most nine digits
  int value = 0;
  for (const char c : d) value = value * 10 + (c - '0');
  return value;
}
int Modulo(Digits d, int modulus) noexcept {
  int value = 0;
  for (const char c : d) value = (value * 10 + (c - '0')) % modulus;
  return value;
}
int Weighted(Digits d, std::initializer_list<int> weights) noexcept {
  int sum = 0;
  size_t i = 0;
  for (const int weight : weights) sum += weight * At(d, i++);
  return sum;
}
bool OneDigitOnly(Digits d) noexcept {
  return d.find_first_not_of(d[0]) == d.npos;
}
bool IsDay(int month, int day) noexcept {
  static constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[month - 1];
}
bool IsLeap(int year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
bool IsDate(int year, int month, int day) noexcept {
  return IsDay(month, day) && (month != 2 || day != 29 || IsLeap(year));
}
bool BeginsWithDay(Digits d) noexcept {  // ddmm…
  return IsDay(Number(d.substr(2, 2)), Number(d.substr(0, 2)));
}
bool BeginsWithMonth(Digits d) noexcept {  // yymmdd…
  return IsDay(Number(d.substr(2, 2)), Number(d.substr(4, 2)));
}

// --- North America ------------------------------------------------------------------------------
bool Ssn(Digits d) {
  // The last was printed on sample cards for decades. 123-45-6789 is no less of an example, but the
  // one that people try a gateway with.
  return d[0] != '9' && d.substr(0, 3) != "000" && d.substr(0, 3) != "666" &&
         d.substr(3, 2) != "00" && d.substr(5) != "0000" && d != "078051120";
}
bool Itin(Digits d) {
  const int group = Number(d.substr(3, 2));
  return d[0] == '9' && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                         (group >= 90 && group <= 92) || (group >= 94 && group <= 99));
}
bool Ein(Digits d) {
  static constexpr Digits kNever[] = {"00", "07", "08", "09", "17", "18", "19", "28", "29",
                                      "49", "69", "70", "78", "79", "89", "96", "97"};
  return std::find(std::begin(kNever), std::end(kNever), d.substr(0, 2)) == std::end(kNever);
}
bool Aba(Digits d) {
  const int area = Number(d.substr(0, 2));
  const bool issued = (area >= 1 && area <= 12) || (area >= 21 && area <= 32) ||
                      (area >= 61 && area <= 72) || area == 80;
  return issued && Weighted(d, {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}
bool Npi(Digits d) {
  return (d[0] == '1' || d[0] == '2') && PassesLuhn("80840" + std::string(d));
}
bool Sin(Digits d) {
  return d[0] != '0' && d[0] != '8' && PassesLuhn(d);
}

// --- Europe -------------------------------------------------------------------------------------
bool Nhs(Digits d) {
  const int check = 11 - Weighted(d, {10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return check % 11 == At(d, 9) && check != 10 && !OneDigitOnly(d);
}
bool Pesel(Digits d) {  // the century is added to the month
  return IsDay(Number(d.substr(2, 2)) % 20, Number(d.substr(4, 2))) &&
         Weighted(d, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0;
}
bool PolishNip(Digits d) {
  return Weighted(d, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == At(d, 9) && !OneDigitOnly(d);
}
bool GermanTaxId(Digits d) {  // ISO 7064 mod 11, 10
  int product = 10;
  for (size_t i = 0; i < 10; ++i) {
    int sum = (At(d, i) + product) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  bool often = false;
  for (char c = '0'; c <= '9'; ++c) often = often || std::count(d.begin(), d.end() - 1, c) > 3;
  return d[0] != '0' && !often && (11 - product) % 10 == At(d, 10);
}
// Of the first ten digits one comes twice or three times, the others once at most.
bool GermanTaxIdStrict(Digits d) {
  size_t repeated = 0;
  for (char c = '0'; c <= '9'; ++c) repeated += std::count(d.begin(), d.end() - 1, c) > 1;
  return repeated == 1 && GermanTaxId(d);
}
bool GermanPhysician(Digits d) {  // KBV: weights 4 and 9; the last two are the speciality
  const int sum = Weighted(d, {4, 9, 4, 9, 4, 9});
  return (10 - sum % 10) % 10 == At(d, 6) && !OneDigitOnly(d);
}
bool FrenchNir(Digits d) {
  const int month = Number(d.substr(3, 2));
  const bool issued = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  return (d[0] == '1' || d[0] == '2' || d[0] == '7' || d[0] == '8') && issued &&
         97 - Modulo(d.substr(0, 13), 97) == Number(d.substr(13));
}
bool ItalianVat(Digits d) {
  const int office = Number(d.substr(7, 3));
  const bool issued = (office >= 1 && office <= 100) || office == 120 || office == 121 ||
                      office == 888 || office == 999;
  return issued && d.substr(0, 7) != "0000000" && PassesLuhn(d);
}
bool DutchBsn(Digits d) {
  return (Weighted(d, {9, 8, 7, 6, 5, 4, 3, 2}) - At(d, 8)) % 11 == 0 && !OneDigitOnly(d);
}
bool BelgianNumber(Digits d) {
  const int check = Number(d.substr(9));
  const bool old = 97 - Modulo(d.substr(0, 9), 97) == check;
  return BeginsWithMonth(d) && (old || 97 - Modulo("2" + std::string(d.substr(0, 9)), 97) == check);
}
bool SwedishNumber(Digits d) {
  if (d.size() == 12) {
    const int year = Number(d.substr(0, 4));
    if (year < 1890 || year > 2035) return false;
    d.remove_prefix(2);
  }
  const int day = Number(d.substr(4, 2));  // coordination numbers add 60
  return IsDay(Number(d.substr(2, 2)), day > 60 ? day - 60 : day) && PassesLuhn(d);
}
// "202406220422" is a minute more often than somebody born in this century.
bool SwedishNumberNoTime(Digits d) {
  const bool time = d[0] == '2' && Number(d.substr(8, 2)) < 24 && Number(d.substr(10)) < 60;
  return !time && SwedishNumber(d);
}
bool SwedishOrganisation(Digits d) {  // the third digit keeps it from being a month
  return d[0] != '0' && d[0] != '4' && d[2] >= '2' && PassesLuhn(d);
}
bool NorwegianNumber(Digits d) {
  return BeginsWithDay(d) && Weighted(d, {3, 7, 6, 1, 8, 9, 4, 5, 2, 1}) % 11 == 0 &&
         Weighted(d, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}
bool SwissAhv(Digits d) {  // EAN-13
  const int sum = Weighted(d, {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1});
  return d.starts_with("756") && sum % 10 == 0;
}
bool AustrianSvnr(Digits d) {
  const int check = (Weighted(d, {3, 7, 9}) + Weighted(d.substr(4), {5, 8, 4, 2, 1, 6})) % 11;
  return d[0] != '0' && check == At(d, 3) && BeginsWithDay(d.substr(4));
}
bool PortugueseNif(Digits d) {
  const int check = 11 - Weighted(d, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return d[0] != '0' && (check > 9 ? 0 : check) == At(d, 8);
}
bool TurkishNumber(Digits d) {
  const int odd = At(d, 0) + At(d, 2) + At(d, 4) + At(d, 6) + At(d, 8);
  const int even = At(d, 1) + At(d, 3) + At(d, 5) + At(d, 7);
  return d[0] != '0' && (odd * 7 - even + 100) % 10 == At(d, 9) &&
         (odd + even + At(d, 9)) % 10 == At(d, 10);
}

// --- Asia, Oceania, Africa ----------------------------------------------------------------------
bool Verhoeff(Digits d) {
  static constexpr char kProduct[10][11] = {"0123456789", "1234067895", "2340178956", "3401289567",
                                            "4012395678", "5987604321", "6598710432", "7659821043",
                                            "8765932104", "9876543210"};
  static constexpr char kPermute[8][11] = {"0123456789", "1576283094", "5803796142", "8916043527",
                                           "9453126870", "4286573901", "2793806415", "7046913258"};
  int check = 0;
  for (size_t i = 0; i < d.size(); ++i) {
    const int digit = kPermute[i % 8][At(d, d.size() - 1 - i)] - '0';
    check = kProduct[check][digit] - '0';
  }
  return check == 0;
}
bool Aadhaar(Digits d) {
  return d[0] > '1' && Verhoeff(d);
}
bool KoreanDate(Digits d) {
  return BeginsWithMonth(d) && Number(d.substr(7, 2)) <= 95;
}
bool KoreanRrn(Digits d) {  // since October 2020 without a check digit
  return KoreanDate(d) && d[6] >= '1' && d[6] <= '4';
}
bool KoreanFrn(Digits d) {
  return KoreanDate(d) && d[6] >= '5' && d[6] <= '8';
}
bool KoreanDriver(Digits d) {
  const int region = Number(d.substr(0, 2));
  return region >= 11 && region <= 28;
}
bool KoreanBusiness(Digits d) {
  const int sum = Weighted(d, {1, 3, 7, 1, 3, 7, 1, 3, 5}) + At(d, 8) * 5 / 10;
  return (10 - sum % 10) % 10 == At(d, 9) && !OneDigitOnly(d);
}
bool ThaiNumber(Digits d) {
  const int sum = Weighted(d, {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
  return d[0] != '0' && d[0] != '9' && (11 - sum % 11) % 10 == At(d, 12);
}
bool JapaneseMyNumber(Digits d) {
  const int rest = Weighted(d, {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return (rest <= 1 ? 0 : 11 - rest) == At(d, 11) && !OneDigitOnly(d);
}
bool MalaysianNric(Digits d) {
  return BeginsWithMonth(d) && d.substr(6, 2) != "00";
}
bool Abn(Digits d) {
  const int sum = Weighted(d, {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19}) - 10;
  return d[0] != '0' && sum % 89 == 0;
}
bool Acn(Digits d) {
  return (10 - Weighted(d, {8, 7, 6, 5, 4, 3, 2, 1}) % 10) % 10 == At(d, 8) && !OneDigitOnly(d);
}
bool Tfn(Digits d) {
  return Weighted(d, {1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0 && !OneDigitOnly(d);
}
bool AustralianMedicare(Digits d) {
  return d[0] >= '2' && d[0] <= '6' && Weighted(d, {1, 3, 7, 9, 1, 3, 7, 9}) % 10 == At(d, 8);
}
bool SouthAfricanId(Digits d) {
  const int year = Number(d.substr(0, 2));
  const bool date = IsDate(1900 + year, Number(d.substr(2, 2)), Number(d.substr(4, 2))) ||
                    IsDate(2000 + year, Number(d.substr(2, 2)), Number(d.substr(4, 2)));
  return date && d[10] <= '2' && (d[11] == '8' || d[11] == '9') && PassesLuhn(d);
}
// Without the second digits of earlier times: 7 of 100,000 random numbers pass.
bool SouthAfricanIdStrict(Digits d) {
  return d[10] <= '1' && d[11] == '8' && SouthAfricanId(d);
}

// --- South America ------------------------------------------------------------------------------
bool Cpf(Digits d) {
  const int first = Weighted(d, {10, 9, 8, 7, 6, 5, 4, 3, 2}) * 10 % 11 % 10;
  const int second = Weighted(d, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2}) * 10 % 11 % 10;
  return first == At(d, 9) && second == At(d, 10) && !OneDigitOnly(d);
}
bool Cnpj(Digits d) {
  const int first = Weighted(d, {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  const int second = Weighted(d, {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return (first < 2 ? 0 : 11 - first) == At(d, 12) && (second < 2 ? 0 : 11 - second) == At(d, 13) &&
         !OneDigitOnly(d);
}
bool Cuit(Digits d) {
  const int check = 11 - Weighted(d, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return (check == 11 ? 0 : check) == At(d, 10) && (d[0] == '2' || d[0] == '3');
}

bool Any(Digits d) {
  return !OneDigitOnly(d);
}
bool Luhn(Digits d) {
  return PassesLuhn(d) && !OneDigitOnly(d);
}

}  // namespace

bool PassesLuhn(std::string_view digits) noexcept {
  unsigned sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    auto value = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

DigitCheck FindDigitCheck(std::string_view name) noexcept {
  static constexpr std::pair<std::string_view, DigitCheck> kChecks[] = {
      {"any", Any},
      {"luhn", Luhn},
      {"us_ssn", Ssn},
      {"us_itin", Itin},
      {"us_ein", Ein},
      {"us_aba", Aba},
      {"us_npi", Npi},
      {"ca_sin", Sin},
      {"uk_nhs", Nhs},
      {"pl_pesel", Pesel},
      {"pl_nip", PolishNip},
      {"de_tax_id", GermanTaxId},
      {"de_tax_id_strict", GermanTaxIdStrict},
      {"de_lanr", GermanPhysician},
      {"fr_nir", FrenchNir},
      {"it_vat", ItalianVat},
      {"nl_bsn", DutchBsn},
      {"be_nrn", BelgianNumber},
      {"se_pnr", SwedishNumber},
      {"se_pnr_no_time", SwedishNumberNoTime},
      {"se_orgnr", SwedishOrganisation},
      {"no_fnr", NorwegianNumber},
      {"dk_cpr", BeginsWithDay},
      {"ch_ahv", SwissAhv},
      {"at_svnr", AustrianSvnr},
      {"pt_nif", PortugueseNif},
      {"tr_tckn", TurkishNumber},
      {"in_aadhaar", Aadhaar},
      {"kr_rrn", KoreanRrn},
      {"kr_frn", KoreanFrn},
      {"kr_driver", KoreanDriver},
      {"kr_brn", KoreanBusiness},
      {"th_tnin", ThaiNumber},
      {"jp_my_number", JapaneseMyNumber},
      {"my_nric", MalaysianNric},
      {"au_abn", Abn},
      {"au_acn", Acn},
      {"au_tfn", Tfn},
      {"au_medicare", AustralianMedicare},
      {"za_id", SouthAfricanId},
      {"za_id_strict", SouthAfricanIdStrict},
      {"br_cpf", Cpf},
      {"br_cnpj", Cnpj},
      {"ar_cuit", Cuit},
  };
  for (const auto& [known, check] : kChecks) {
    if (known == name) return check;
  }
  return nullptr;
}

}  // namespace kt::policies
