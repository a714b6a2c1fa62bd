#include "core/policies/token_checks.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/policies/id_checks.h"
#include "core/policies/number_forms.h"
#include "core/policies/wallet_checks.h"

namespace kt::policies {
namespace {

using detect::Candidate;

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
char Upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
}
char Before(const Candidate& c, size_t back = 1) noexcept {
  return c.begin >= back ? c.text[c.begin - back] : '\0';
}
// Within "a-1234", "x/1234", "v.1234": a piece of something longer.
bool IsPiece(const Candidate& c) noexcept {
  const char before = Before(c), second = Before(c, 2);
  return (before == '-' || before == '/' || before == '.' || before == '_') &&
         (IsDigit(second) || IsLetter(second));
}

// Behind letters without a blank ("code131052-308T") a number counts, in the middle of a hash not.
bool IsGluedToHash(const Candidate& c) noexcept {
  for (size_t at = c.begin; at > 0 && c.begin - at < detect::kContextBytes; --at) {
    if (IsDigit(c.text[at - 1])) return true;
    if (!IsLetter(c.text[at - 1])) return false;
  }
  return false;
}

std::string Capitals(std::string_view match) {
  std::string out(match);
  for (char& c : out) c = Upper(c);
  return out;
}
// Letters and digits of the candidate, in upper case.
std::string Compact(std::string_view match) {
  std::string out;
  for (const char c : match) {
    if (IsDigit(c) || IsLetter(c)) out += Upper(c);
  }
  return out;
}
int Number(std::string_view digits) noexcept {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}
bool IsDay(int month, int day) noexcept {
  static constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[month - 1];
}
int Weighted(std::string_view digits, std::initializer_list<int> weights) noexcept {
  int sum = 0;
  size_t i = 0;
  for (const int weight : weights) sum += weight * (digits[i++] - '0');
  return sum;
}

bool DigitCheckPasses(std::string_view name, std::string_view digits) {
  return FindDigitCheck(name)(digits);
}

// The letter behind the number; X, Y and Z stand for the first digit of residents.
bool HasSpanishLetter(std::string id) {
  const char control = id.back();
  id.pop_back();
  if (IsLetter(id[0])) id[0] = static_cast<char>('0' + (id[0] - 'X'));
  return "TRWAGMYFPDXBNJZSQVHLCKE"[Number(id) % 23] == control;
}

size_t SpanishNif(const Candidate& c) {
  const std::string id = Compact(c.match());
  if (IsPiece(c)) return 0;
  const char written = c.match().back();
  // "12345678a" is the beginning of a hash more often.
  if (written >= 'a' && written <= 'f' && c.match().find('-') == std::string_view::npos) return 0;
  return HasSpanishLetter(id) ? c.match().size() : 0;
}

// Where it is named.
size_t NamedSpanishNif(const Candidate& c) {
  return HasSpanishLetter(Compact(c.match())) ? c.match().size() : 0;
}

// Letters stand for digits in codes of namesakes, from the right on; the shape is certain where at
// least some digits are left, else the control letter must bear it out.
size_t ItalianFiscalCode(const Candidate& c) {
  static constexpr int kOdd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  const std::string id = Compact(c.match());
  if (IsPiece(c)) return 0;
  int sum = 0;
  for (size_t i = 0; i < 15; ++i) {
    const int value = IsDigit(id[i]) ? id[i] - '0' : id[i] - 'A';
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  const auto digits = std::count_if(id.begin(), id.end(), IsDigit);
  return digits >= 4 || 'A' + sum % 26 == id[15] ? c.match().size() : 0;
}

// Sums of the digits of products, for the letter the two digits of its place in the alphabet.
bool PassesGermanInsurance(std::string_view id, std::initializer_list<int> weights) noexcept {
  int sum = 0;
  const int* weight = weights.begin();
  const auto add = [&](int digit) {
    const int product = digit * *weight++;
    sum += product / 10 + product % 10;
  };
  for (const char ch : id.substr(0, id.size() - 1)) {
    const int value = IsDigit(ch) ? ch - '0' : ch - 'A' + 1;
    if (!IsDigit(ch)) add(value / 10);
    add(value % 10);
  }
  return sum % 10 == id.back() - '0';
}

size_t GermanPensionNumber(const Candidate& c) {
  const std::string id = Compact(c.match());
  const int day = Number(id.substr(2, 2));  // 50 is added for those born on the same day
  if (IsPiece(c) || !IsDay(Number(id.substr(4, 2)), day > 50 ? day - 50 : day)) return 0;
  const bool passes = PassesGermanInsurance(id, {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1});
  return passes ? c.match().size() : 0;
}

size_t GermanHealthNumber(const Candidate& c) {
  const bool passes = PassesGermanInsurance(c.match(), {1, 2, 1, 2, 1, 2, 1, 2, 1, 2});
  return passes && !IsPiece(c) ? c.match().size() : 0;
}

size_t GermanVat(const Candidate& c) {  // ISO 7064 mod 11, 10
  const std::string digits = Compact(c.match()).substr(2);
  int product = 10;
  for (size_t i = 0; i < 8; ++i) {
    const int sum = (digits[i] - '0' + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (11 - product) % 10 == digits[8] - '0' && !IsPiece(c) ? c.match().size() : 0;
}

size_t FinnishHetu(const Candidate& c) {
  const std::string m = Capitals(c.match());
  if (IsPiece(c) || IsGluedToHash(c)) return 0;
  if (!IsDay(Number(m.substr(2, 2)), Number(m.substr(0, 2))) || m.substr(7, 3) < "002") return 0;
  const int number = Number(m.substr(0, 6) + m.substr(7, 3));
  return "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == m[10] ? m.size() : 0;
}

size_t UkNino(const Candidate& c) {
  static constexpr std::string_view kNever[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
  const std::string prefix = Capitals(c.match().substr(0, 2));
  const bool never = std::find(std::begin(kNever), std::end(kNever), prefix) != std::end(kNever);
  return never || IsPiece(c) ? 0 : c.match().size();
}

// In capitals the shape is certain; its check letter is often a typing error. In lower case it may
// be anything, so the letter must be right.
size_t SingaporeNric(const Candidate& c) {
  const std::string m = Capitals(c.match());
  if (IsPiece(c)) return 0;
  if (m == c.match()) return m.size();
  int sum = Weighted(m.substr(1), {2, 7, 6, 5, 4, 3, 2});
  if (m[0] == 'T' || m[0] == 'G') sum += 4;
  if (m[0] == 'M') sum += 3;
  const std::string_view table = m[0] == 'S' || m[0] == 'T' ? "JZIHGFEDCBA"
                                 : m[0] == 'M'              ? "KLJNPQRTUWX"
                                                            : "XWUTRQPNMLK";
  // M counts its remainder from the other end of the table.
  const int at = m[0] == 'M' ? 10 - sum % 11 : sum % 11;
  return table[static_cast<size_t>(at)] == m[8] ? m.size() : 0;
}

size_t SingaporeUen(const Candidate& c) {
  const std::string_view m = c.match();
  int sum = 0;
  bool passes = false;
  if (IsLetter(m[0])) {  // "T08GB0001A"
    static constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    static constexpr size_t kWeights[] = {4, 3, 5, 3, 10, 2, 2, 5, 7};
    size_t total = 0;
    for (size_t i = 0; i < 9; ++i) total += kWeights[i] * kAlphabet.find(m[i]);
    passes = kAlphabet[(total + 6) % 11] == m[9];
  } else if (m.size() == 9) {
    sum = Weighted(m, {10, 4, 9, 3, 8, 2, 7, 1});
    passes = "XMKECAWLJDB"[sum % 11] == m[8];
  } else {
    sum = Weighted(m, {10, 8, 6, 4, 9, 7, 5, 3, 1});
    passes = (m.starts_with("19") || m.starts_with("20")) && "ZKCMDNERGWH"[sum % 11] == m[9];
  }
  return passes && !IsPiece(c) ? c.match().size() : 0;
}

// No check character. "smith2019a" is a citation, so capitals are asked for.
size_t IndianPan(const Candidate& c) {
  return c.match() == Capitals(c.match()) && !IsPiece(c) ? c.match().size() : 0;
}

size_t IndianGstin(const Candidate& c) {
  const std::string_view m = c.match();
  const auto value = [](char ch) { return IsDigit(ch) ? ch - '0' : ch - 'A' + 10; };
  int sum = 0;
  for (size_t i = 0; i + 1 < m.size(); ++i) {
    const int product = value(m[i]) * (i % 2 == 0 ? 1 : 2);
    sum += product / 36 + product % 36;
  }
  return (36 - sum % 36) % 36 == value(m.back()) && !IsPiece(c) ? m.size() : 0;
}

size_t ItalianVat(const Candidate& c) {  // "IT01333550323", as invoices have it
  return DigitCheckPasses("it_vat", Compact(c.match()).substr(2)) && !IsPiece(c) ? c.match().size()
                                                                                 : 0;
}

size_t PolishVat(const Candidate& c) {  // "PL5260250274"
  const bool passes = DigitCheckPasses("pl_nip", Compact(c.match()).substr(2));
  return passes && !IsPiece(c) ? c.match().size() : 0;
}

// "850709+9805": a plus for those over a hundred.
size_t SwedishCentenarian(const Candidate& c) {
  return DigitCheckPasses("se_pnr", Compact(c.match())) && !IsPiece(c) ? c.match().size() : 0;
}

size_t ChineseId(const Candidate& c) {
  const std::string_view m = c.match();
  const int year = Number(m.substr(6, 4));
  if (IsPiece(c) || year < 1900 || year > 2035) return 0;
  if (!IsDay(Number(m.substr(10, 2)), Number(m.substr(12, 2)))) return 0;
  const int sum = Weighted(m, {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2});
  return "10X98765432"[sum % 11] == Upper(m[17]) ? m.size() : 0;
}

size_t TaiwaneseId(const Candidate& c) {
  static constexpr std::string_view kAreas = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
  const std::string_view m = c.match();
  const int area = static_cast<int>(kAreas.find(m[0])) + 10;
  const int sum = area / 10 + area % 10 * 9 + Weighted(m.substr(1), {8, 7, 6, 5, 4, 3, 2, 1, 1});
  return sum % 10 == 0 && !IsPiece(c) ? m.size() : 0;
}

size_t HongKongId(const Candidate& c) {
  const std::string id = Compact(c.match());
  const size_t letters = IsLetter(id[1]) ? 2 : 1;
  int sum = letters == 2 ? (id[0] - 'A' + 10) * 9 + (id[1] - 'A' + 10) * 8
                         : 36 * 9 + (id[0] - 'A' + 10) * 8;
  sum += Weighted(std::string_view(id).substr(letters), {7, 6, 5, 4, 3, 2});
  const int check = (11 - sum % 11) % 11;
  return id.back() == (check == 10 ? 'A' : static_cast<char>('0' + check)) ? c.match().size() : 0;
}

size_t ChileanRut(const Candidate& c) {
  std::string id = Compact(c.match());
  const char control = id.back();
  id.pop_back();
  int sum = 0, weight = 2;
  for (size_t i = id.size(); i-- > 0; weight = weight == 7 ? 2 : weight + 1) {
    sum += weight * (id[i] - '0');
  }
  const int check = 11 - sum % 11;
  const char expected = check == 11 ? '0' : check == 10 ? 'K' : static_cast<char>('0' + check);
  return control == expected && !IsPiece(c) ? c.match().size() : 0;
}

size_t IrishPps(const Candidate& c) {
  const std::string_view m = c.match();
  int sum = Weighted(m, {8, 7, 6, 5, 4, 3, 2});
  if (m.size() > 8 && m[8] != 'W') sum += (m[8] - 'A' + 1) * 9;
  return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == m[7] && !IsPiece(c) ? m.size() : 0;
}

size_t Mac(const Candidate& c) {
  const std::string_view m = c.match();
  const char before = Before(c);
  if (before == ':' || IsPiece(c)) return 0;
  const bool pairs = m[2] == ':' || m[2] == '-';
  if (!pairs && before == '.') return 0;  // "[.1FD7.0020.0002]": weights of a collation
  for (size_t i = 2; pairs && i < m.size(); i += 3) {
    if (m[i] != m[2]) return 0;
  }
  // "3ab4.7c00.12ff": three groups of four, as routers write them.
  if (!pairs) {
    const bool letters = std::any_of(m.begin(), m.end(), IsLetter);
    if (!letters || std::none_of(m.begin(), m.end(), IsDigit)) return 0;
  }
  const bool nobody =
      m.find_first_not_of("0:-.") == m.npos || m.find_first_not_of("fF:-.") == m.npos;
  return nobody ? 0 : m.size();
}

size_t Bic(const Candidate& c) {
  // ISO 3166-1, and Kosovo as SWIFT writes it.
  static constexpr std::string_view kCountries =
      "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
      "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ "
      "DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP "
      "GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG "
      "KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML "
      "MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE "
      "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL "
      "SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
      "US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";
  static_assert(kCountries.size() % 3 == 2);
  for (size_t i = 0; i < kCountries.size(); i += 3) {
    if (kCountries.substr(i, 2) == c.match().substr(4, 2)) return c.match().size();
  }
  return 0;
}

size_t Dea(const Candidate& c) {
  const std::string_view d = c.match().substr(2);
  const int sum = Weighted(d, {1, 2, 1, 2, 1, 2});
  return sum % 10 == d[6] - '0' && !IsPiece(c) ? c.match().size() : 0;
}

size_t Date(const Candidate& c) {
  const DigitGroups groups = SplitDigits(c.match());
  // "1987年3月14日": each part has a sign of its own.
  const bool named =
      std::any_of(c.match().begin(), c.match().end(), [](char ch) { return ch < 0; });
  if (groups.sizes.size() != 3 || !(groups.same_separator || named)) return 0;
  const std::string_view d = groups.digits;
  const int first = Number(d.substr(0, groups.sizes[0]));
  const int second = Number(d.substr(groups.sizes[0], groups.sizes[1]));
  const int third = Number(d.substr(groups.sizes[0] + groups.sizes[1]));
  const bool year_first = groups.sizes[0] == 4;
  if (groups.sizes[2] == 3 || (year_first && groups.sizes[2] > 2) || groups.sizes[0] == 3) return 0;
  if (year_first) return IsDay(second, third) ? c.match().size() : 0;
  return IsDay(second, first) || IsDay(first, second) ? c.match().size() : 0;
}

size_t CardHolder(const Candidate& c) {
  return c.match().find(' ') == std::string_view::npos ? 0 : c.match().size();
}

}  // namespace

TokenCheck FindTokenCheck(std::string_view name) noexcept {
  static constexpr std::pair<std::string_view, TokenCheck> kChecks[] = {
      {"es_nif", SpanishNif},
      {"es_nif_named", NamedSpanishNif},
      {"it_cf", ItalianFiscalCode},
      {"de_svnr", GermanPensionNumber},
      {"de_kvnr", GermanHealthNumber},
      {"de_vat", GermanVat},
      {"it_vat_prefixed", ItalianVat},
      {"pl_nip_prefixed", PolishVat},
      {"se_plus", SwedishCentenarian},
      {"sg_uen", SingaporeUen},
      {"fi_hetu", FinnishHetu},
      {"uk_nino", UkNino},
      {"sg_nric", SingaporeNric},
      {"in_pan", IndianPan},
      {"in_gstin", IndianGstin},
      {"cn_ric", ChineseId},
      {"tw_id", TaiwaneseId},
      {"hk_id", HongKongId},
      {"cl_rut", ChileanRut},
      {"ie_pps", IrishPps},
      {"mac", Mac},
      {"bic", Bic},
      {"dea", Dea},
      {"date", Date},
      {"card_holder", CardHolder},
      {"base58", Base58Wallet},
      {"bech32", Bech32Wallet},
  };
  for (const auto& [known, check] : kChecks) {
    if (known == name) return check;
  }
  return nullptr;
}

}  // namespace kt::policies
