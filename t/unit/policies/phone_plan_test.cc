// The table of numbering plans against the library that it was made from, where that is installed.
#include "core/policies/phone_plan.h"

#include <gtest/gtest.h>

#include <string>

#ifdef KT_PHONE_ORACLE
#include <phonenumbers/phonenumberutil.h>

#include <random>
#include <set>
#endif

namespace kt::policies {
namespace {

TEST(PhonePlan, KnowsCountriesAndTheirNumbers) {
  EXPECT_EQ(CallingCodeOf("4915123456789"), "49");
  EXPECT_EQ(CallingCodeOf("35812345678"), "358");
  EXPECT_EQ(CallingCodeOf("0123"), "");
  EXPECT_TRUE(IsIssuedNumber("1", "4155552671"));
  EXPECT_FALSE(IsIssuedNumber("1", "1155552671"));
  EXPECT_TRUE(IsIssuedNumber("44", "2079460018"));
  EXPECT_FALSE(IsIssuedNumber("44", "20794600181"));
  EXPECT_TRUE(IsTrunkZeroNumber("97625400"));
  EXPECT_FALSE(IsTrunkZeroNumber("123456789012345"));
}

#ifdef KT_PHONE_ORACLE
TEST(PhonePlan, TakesTheExamplesOfEveryRegion) {
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::set<std::string> regions;
  util.GetSupportedRegions(&regions);
  EXPECT_GT(regions.size(), 200u);
  int missed = 0;  // ranges so small that the generator's samples did not meet them
  for (const std::string& region : regions) {
    for (const auto type : {PhoneNumberUtil::MOBILE, PhoneNumberUtil::FIXED_LINE}) {
      i18n::phonenumbers::PhoneNumber number;
      std::string national;
      if (!util.GetExampleNumberForType(region, type, &number)) continue;
      util.GetNationalSignificantNumber(number, &national);
      if (national.size() < 5) continue;  // islands, whose numbers no rule could tell from others
      missed += !IsIssuedNumber(std::to_string(number.country_code()), national);
    }
  }
  EXPECT_LE(missed, 6);
}

TEST(PhonePlan, AgreesWithTheLibraryOnRandomNumbers) {
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::mt19937 random(11);
  int valid = 0, missed = 0;
  for (int i = 0; i < 20000; ++i) {
    const PhonePlan& plan = kPhonePlans[random() % kPhonePlanCount];
    std::string national(1, static_cast<char>('1' + random() % 9));
    while (national.size() < plan.length) national += static_cast<char>('0' + random() % 10);
    i18n::phonenumbers::PhoneNumber number;
    number.set_country_code(std::stoi(std::string(plan.code)));
    number.set_national_number(std::stoull(national));
    if (!util.IsValidNumber(number)) continue;
    ++valid;
    missed += !IsIssuedNumber(plan.code, national);
  }
  EXPECT_GT(valid, 1000);
  EXPECT_LE(missed * 1000, valid * 2);  // ranges so small that the generator's samples miss them
}
#endif

}  // namespace
}  // namespace kt::policies
