// Forms that people and programs write: lower case, odd separators, extensions, prefixes, numbers
// without a blank before them; and what of them is something else.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

std::string Redacted(std::string_view text) {
  static const policy::Chain* const chain = Build(ConfigWith({"pii-detector"})).release();
  return Judge(*chain, text).text;
}
std::string RedactedAll(std::string_view text) {
  static const policy::Chain* const chain = [] {
    config::PolicyConfig config = ConfigWith({"pii-detector"});
    config.pii_detector.entities = {"all"};
    config.pii_detector.include_private_ips = true;
    return Build(config).release();
  }();
  return Judge(*chain, text).text;
}

struct Example {
  const char* text;
  const char* redacted;
};

TEST(PiiForms, IdentityNumbersInLowerCase) {
  const Example examples[] = {
      {"hh 01 02 03 d and tw987654a", "[NINO] and [NINO]"},
      {"mi nie es x9613851n", "mi nie es [NIE]"},
      {"s2740116c", "[NRIC_FIN]"},
      {"131052a308t", "[HETU]"},
      {"pan card aaapl1234c", "pan card [PAN]"},
      {"voter id abc1234567", "voter id [VOTER_ID]"},
      {"konto de89370400440532013000", "konto [IBAN]"},
      {"DE89370400440532013000 2024-01-02", "[IBAN] 2024-01-02"},
      {"DE89 3704 0044 0532 0130 00 41 536-90-4399", "[IBAN] 41 [SSN]"},
      {"iban gb29 nwbk 6016 1331 9268 19 please", "iban [IBAN] please"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text :
       {"s2740116d", "smith2019a", "bg123612a", "x9613851m", "Hh 01 02 03 D",
        "part number TW987654A", "model: HH 01 02 03 D", "iban de89370400440532013001",
        "iban De89370400440532013000", "iban be12a4c7-0b1c-4d5e-8f90-123456789012"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiForms, CardsBetweenOddSeparatorsWhereTheyAreNamed) {
  for (const char* number :
       {"4111.1111.1111.1111", "4111_1111_1111_1111", "4111/1111/1111/1111",
        "4111  1111  1111  1111", "4111 - 1111 - 1111 - 1111", "4111\t1111\t1111\t1111",
        "4111 1111\n1111 1111", "4111\u00A01111\u00A01111\u00A01111", "4111–1111–1111–1111",
        "4111‑1111‑1111‑1111", "４１１１　１１１１　１１１１　１１１１"}) {
    EXPECT_EQ(Redacted("my card " + std::string(number) + " ok"), "my card [CREDIT_CARD] ok")
        << number;
  }
  for (const char* text :
       {"4111.1111.1111.1111", "4111\n1111\n1111\n1111", "4111\t1111\t1111\t1111",
        "card 4111.1111-1111.1111", "card 4111.1111.1111.1112"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiForms, TestNumbersOfRareRangesCountBare) {
  for (const char* number : {"30569309025904", "5019717010103742", "6200000000000005",
                             "122000000000003", "4222222222222"}) {
    EXPECT_EQ(Redacted(number), "[CREDIT_CARD]") << number;
  }
}

TEST(PiiForms, ACardInAListOfIdsIsAnId) {
  const std::string card = "4539578763621486";
  EXPECT_EQ(Redacted("pay " + card), "pay [CREDIT_CARD]");
  for (const std::string& text : {"4539578763621487, " + card, "[8539578763621487,\n " + card + "]",
                                  "1539578763621487\t" + card}) {
    EXPECT_EQ(Redacted(text), text);
  }
  // Behind a card, behind a number of another length, or named, it is one.
  EXPECT_EQ(Redacted(card + ", " + card), "[CREDIT_CARD], [CREDIT_CARD]");
  EXPECT_EQ(Redacted("12345, " + card), "12345, [CREDIT_CARD]");
  EXPECT_EQ(Redacted("cards: 4539578763621487, " + card), "cards: 4539578763621487, [CREDIT_CARD]");
}

TEST(PiiForms, ACardBehindOtherNumbersIsNoRow) {
  const Example examples[] = {
      {"4111 1111 1111 1111\n5555 5555 5555 4444\n4012 8888 8888 1881\n",
       "[CREDIT_CARD]\n[CREDIT_CARD]\n[CREDIT_CARD]\n"},
      {"4111-1111-1111-1111 5555-5555-5555-4444", "[CREDIT_CARD] [CREDIT_CARD]"},
      {"in 2024 4111 1111 1111 1111 was", "in 2024 [CREDIT_CARD] was"},
      {"PIN 1234\n4111 1111 1111 1111", "PIN 1234\n[CREDIT_CARD]"},
      {"+44 20 7946 0018 4111 1111 1111 1111", "[PHONE] [CREDIT_CARD]"},
      {"1234 5678 9012 3456 card 4111 1111 1111 1111", "1234 5678 9012 3456 card [CREDIT_CARD]"},
      {"visa 1234 5678 9012 4111 1111 1111 1111", "visa 1234 5678 9012 [CREDIT_CARD]"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text :
       {"1234 5678 9012 4111 1111 1111 1111", "1234 5678\n9012 3456\n4111 1111 1111 1111",
        "cefc 5429 9a24 6521 4111 1111 1111 1111 00ff"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiForms, PhoneNumbersWithExtensionsAndTrunks) {
  const Example examples[] = {
      {"+1 (425) 882-9090 ext. 123", "[PHONE]"}, {"425-882-9090 x123, then", "[PHONE], then"},
      {"415.555.2671, ext 5 is", "[PHONE] is"},  {"(11) 91234-5678", "[PHONE]"},
      {"8 (495) 123-45-67", "[PHONE]"},          {"425-882-9090 extra", "[PHONE] extra"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text : {"12 (34) 1234-1245", "8 (295) 123-45"}) EXPECT_EQ(Redacted(text), text);
}

TEST(PiiForms, DocumentsByTheirNames) {
  const Example examples[] = {
      {"indian passport number A3456781", "indian passport number [PASSPORT_IN]"},
      {"passport number: 925665416", "passport number: [PASSPORT]"},
      {"P.IVA IT01333550323", "P.IVA [VAT_CODE]"},
      {"850709+9805", "[PERSONNUMMER]"},
      {"my id code is030594W903B.", "my id code is[HETU]."},
      {"election card KSD1287349", "election card [VOTER_ID]"},
      {"ABCDE1234F", "[PAN]"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text : {"IT01333550324", "850709+9806", "9f1a030594b903b", "KSD1287349"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiForms, TypesThatMustBeAskedFor) {
  const Example examples[] = {
      {"vehicle MCX1243", "vehicle [VEHICLE]"},    {"TIN 123-456-789-000", "TIN [TIN_PH]"},
      {"org.nr 5560360793", "org.nr [ORGNUMMER]"}, {"KVNR: A000000000", "KVNR: [KVNR]"},
      {"host ::1 up", "host [IP_ADDRESS] up"},     {"::2:3:4:5:6:7:8", "[IP_ADDRESS]"},
  };
  for (const Example& e : examples) EXPECT_EQ(RedactedAll(e.text), e.redacted);
  for (const char* text : {"MCX1243", "std::1x", "a::1", "foo ::bad:code::x"}) {
    EXPECT_EQ(RedactedAll(text), text);
  }
}

}  // namespace
}  // namespace kt::policies
