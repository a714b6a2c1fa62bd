// Check digits of identity numbers: one that passes, and that the numbers beside it do not.
#include "core/policies/id_checks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>

namespace kt::policies {
namespace {

TEST(IdChecks, TakeAValidNumberAndNotTheOneBesideIt) {
  const std::pair<const char*, const char*> kValid[] = {
      {"luhn", "490154203237518"},
      {"us_aba", "021000021"},
      {"us_npi", "1234567893"},
      {"ca_sin", "130692544"},
      {"uk_nhs", "4010232137"},
      {"pl_pesel", "44051401458"},
      {"pl_nip", "5260250274"},
      {"de_tax_id", "12345678903"},
      {"fr_nir", "255081416802538"},
      {"it_vat", "01333550323"},
      {"nl_bsn", "111222333"},
      {"be_nrn", "85073003328"},
      {"se_pnr", "198712202384"},
      {"no_fnr", "01010750160"},
      {"ch_ahv", "7569217076985"},
      {"at_svnr", "1237010180"},
      {"pt_nif", "501964843"},
      {"tr_tckn", "10000000146"},
      {"in_aadhaar", "249663193142"},
      {"th_tnin", "1234567890121"},
      {"jp_my_number", "123456789018"},
      {"au_abn", "51824753556"},
      {"au_acn", "004085616"},
      {"au_tfn", "123456782"},
      {"za_id", "8001015009087"},
      {"br_cpf", "24771093245"},
      {"de_tax_id_strict", "65929970489"},
      {"se_orgnr", "5567037485"},
      {"za_id_strict", "8001015009087"},
      {"br_cnpj", "11222333000181"},
      {"ar_cuit", "20123456786"},
  };
  for (const auto& [name, number] : kValid) {
    const DigitCheck check = FindDigitCheck(name);
    ASSERT_NE(check, nullptr) << name;
    EXPECT_TRUE(check(number)) << name;
    std::string other = number;
    other.back() = other.back() == '9' ? '0' : static_cast<char>(other.back() + 1);
    EXPECT_FALSE(check(other)) << name;
  }
}

TEST(IdChecks, KnowRangesThatAreNeverIssued) {
  EXPECT_FALSE(FindDigitCheck("us_ssn")("000123456"));
  EXPECT_FALSE(FindDigitCheck("us_ssn")("666123456"));
  EXPECT_FALSE(FindDigitCheck("us_ssn")("901123456"));
  EXPECT_TRUE(FindDigitCheck("us_itin")("911701234"));
  EXPECT_FALSE(FindDigitCheck("us_itin")("911891234"));
  EXPECT_FALSE(FindDigitCheck("us_ein")("071234567"));
  EXPECT_TRUE(FindDigitCheck("kr_rrn")("9601211234567"));
  EXPECT_FALSE(FindDigitCheck("kr_rrn")("7604135212134"));
  EXPECT_FALSE(FindDigitCheck("de_tax_id_strict")("12345678903"));
  EXPECT_TRUE(FindDigitCheck("de_lanr")("123456601"));
  EXPECT_FALSE(FindDigitCheck("de_lanr")("123456701"));
  EXPECT_FALSE(FindDigitCheck("se_orgnr")("8712202384"));
  EXPECT_FALSE(FindDigitCheck("za_id_strict")("8001015009194"));
  EXPECT_EQ(FindDigitCheck("no_such"), nullptr);
}

// A bare number counts only where fewer than one random number in 10,000 passes.
TEST(IdChecks, BareNumbersPassSeldom) {
  std::mt19937_64 random(5);
  for (const auto& [name, digits] : {std::pair{"za_id_strict", 13}, std::pair{"se_pnr", 12}}) {
    const DigitCheck check = FindDigitCheck(name);
    int passed = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      std::string number;
      while (number.size() < static_cast<size_t>(digits)) {
        number += static_cast<char>('0' + random() % 10);
      }
      passed += check(number);
    }
    EXPECT_GT(passed, 0) << name;
    EXPECT_LT(passed, 100) << name;
  }
}

}  // namespace
}  // namespace kt::policies
