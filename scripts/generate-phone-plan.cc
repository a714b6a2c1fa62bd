// Asks libphonenumber which leading digits each country calling code has, and prints the table.
// Deterministic: the same library gives the same file.
#include <phonenumbers/phonenumberutil.h>

#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

PhoneNumber Number(int code, const std::string& digits) {
  PhoneNumber number;
  number.set_country_code(code);
  number.set_national_number(std::stoull(digits));
  const size_t zeros = digits.find_first_not_of('0');
  if (zeros != 0) {
    number.set_italian_leading_zero(true);
    number.set_number_of_leading_zeros(static_cast<int>(zeros));
  }
  return number;
}

bool Issued(const PhoneNumberUtil& util, int code, const std::string& prefix, size_t length,
            std::mt19937* random) {
  constexpr int kTries = 40;
  for (int i = 0; i < 10 * kTries; ++i) {
    std::string digits = prefix + static_cast<char>('0' + i % 10);
    while (digits.size() < length) digits += static_cast<char>('0' + (*random)() % 10);
    if (digits.find_first_not_of('0') == std::string::npos) continue;
    if (util.IsValidNumber(Number(code, digits))) return true;
  }
  return false;
}

// "10-14,20,31-39"
std::string Ranges(const PhoneNumberUtil& util, int code, size_t length, size_t prefix_digits) {
  std::mt19937 random(static_cast<uint32_t>(code * 100 + static_cast<int>(length)));
  const int count = prefix_digits == 3 ? 1000 : 100;
  std::string out;
  const auto name = [&](int prefix) {
    std::string digits = std::to_string(prefix);
    return std::string(prefix_digits - digits.size(), '0') + digits;
  };
  for (int prefix = 0; prefix < count; ++prefix) {
    if (!Issued(util, code, name(prefix), length, &random)) continue;
    int last = prefix;
    while (last + 1 < count && Issued(util, code, name(last + 1), length, &random)) ++last;
    if (!out.empty()) out += ',';
    out += name(prefix);
    if (last != prefix) out += '-' + name(last);
    prefix = last;
  }
  return out;
}

bool Possible(const PhoneNumberUtil& util, int code, size_t length) {
  for (const char first : {'1', '2', '3', '5', '7', '9'}) {
    if (util.IsPossibleNumber(Number(code, std::string(length, first)))) return true;
  }
  return false;
}

}  // namespace

int main() {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::puts(
      "// Written by scripts/generate-phone-plan from libphonenumber's data. Do not edit.\n"
      "#include \"core/policies/phone_plan.h\"\n\n"
      "namespace kt::policies {\n\n"
      "// clang-format off\n"
      "constinit const PhonePlan kPhonePlans[] = {");
  std::set<int> codes;
  util.GetSupportedCallingCodes(&codes);
  for (const int code : codes) {
    std::string region, trunk;
    util.GetRegionCodeForCountryCode(code, &region);
    util.GetNddPrefixForRegion(region, true, &trunk);
    for (size_t length = 5; length + std::to_string(code).size() <= 15; ++length) {
      if (!Possible(util, code, length)) continue;
      const std::string ranges = Ranges(util, code, length, code == 1 ? 3 : 2);
      if (ranges.empty()) continue;
      std::printf("    {\"%d\", \"%s\", %zu, \"%s\"},\n", code, trunk.c_str(), length,
                  ranges.c_str());
    }
  }
  std::puts(
      "};\n// clang-format on\nconst size_t kPhonePlanCount = sizeof(kPhonePlans) / "
      "sizeof(kPhonePlans[0]);\n\n}  // namespace kt::policies");
}
