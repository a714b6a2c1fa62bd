// Values as people of many countries write them: their words for them, their separators.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

std::string Redacted(std::string_view text) {
  static const policy::Chain* const chain = [] {
    config::PolicyConfig config = ConfigWith({"pii-detector"});
    config.pii_detector.healthcare_mode = true;
    return Build(config).release();
  }();
  return Judge(*chain, text).text;
}

struct Example {
  const char* text;
  const char* redacted;
};

TEST(WrittenValues, PhoneNumbersByTheWordsOfManyLanguages) {
  for (const char* text :
       {"тел: 89161234567", "Телефон: 8-916-123-45-67", "电话：13812345678", "手机号138 1234 5678",
        "핸드폰 01012345678", "फ़ोन 098765 43210", "جوال 0501234567", "טלפון 0521234567",
        "τηλ. 210 1234567", "tlf. 22 34 56 78", "telemóvel 912 345 678", "fone: (21) 2345-6789",
        "cellulare 333 12 34 567", "Ph: 98765-43210", "mob 07700900123", "no hp 081234567890",
        "portable: 0612345678", "Tel.: 030 / 55 44 33 21", "0711 - 22334455"}) {
    const std::string redacted = Redacted(text);
    EXPECT_TRUE(redacted.ends_with("[PHONE]")) << redacted;
    EXPECT_EQ(redacted.find_first_of("0123456789"), std::string::npos) << redacted;
  }
  for (const char* text :
       {"13812345678", "02.05.2000 07:30", "5/12/2024 10 30 45 99", "pH 7.4, 12345678",
        "GSM 850/900/1800/1900", "call 12345678 at 0x40", "2024-08-12T10:13:01.472000-07:00",
        "[.1FD7.0020.00a2]", "9-916-123-45-67"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(WrittenValues, DatesOfBirth) {
  for (const char* text : {"geb. am 14.3.87",
                           "nato il 14/03/1987",
                           "дата рождения: 14.03.1987",
                           "出生日期：1987-03-14",
                           "生年月日 1987年3月14日",
                           "생년월일: 1987년 3월 14일",
                           "doğum tarihi: 14.03.1987",
                           "födelsedatum 1987-03-14",
                           "fødselsdato: 14.03.1987",
                           "nascimento: 14/03/1987",
                           "| DOB | 03/14/1987",
                           "DOB: 14-Mar-1987",
                           "geboren am 14. März 1987",
                           "née le 14 mars 1987",
                           "fecha de nacimiento: 14 de marzo de 1987",
                           "D.O.B.: 14 March 1987",
                           "date-of-birth: 14.03.1987",
                           "Date of birth (dd/mm/yyyy): 14/03/1987",
                           "geboren op 14-03-1987",
                           "datum narození: 14.03.1987",
                           "syntymäaika 14.03.1987",
                           "tanggal lahir: 14/03/1987",
                           "ngày sinh: 14/03/1987",
                           "Geburtsdatum: 14. März 1987",
                           "date de naissance : 14 mars 1987",
                           "data di nascita: 14 marzo 1987",
                           "data de nascimento: 14 de março de 1987",
                           "geboortedatum: 14 maart 1987",
                           "data urodzenia: 14 marca 1987"}) {
    const std::string redacted = Redacted(text);
    EXPECT_TRUE(redacted.ends_with("[DATE_OF_BIRTH]")) << redacted;
    EXPECT_EQ(redacted.find_first_of("0123456789"), std::string::npos) << redacted;
  }
  EXPECT_EQ(Redacted("<birthDate>1987-03-14</birthDate>"),
            "<birthDate>[DATE_OF_BIRTH]</birthDate>");
  EXPECT_EQ(Redacted("dob=1987-03-14T00:00:00Z"), "dob=[DATE_OF_BIRTH]T00:00:00Z");
  for (const char* text : {"born in March 1987", "geb. Müller", "she was born on 14 March 1987",
                           "birth date: 14 march 1987", "дата: 14.03.1987", "dob: 1987-23-44",
                           "1987年3月14日", "nato 14/03/1987"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(WrittenValues, IdentityNumbers) {
  const Example examples[] = {
      {"DNI 12.345.678-Z", "DNI [NIF_ES]"},
      {"12.345.678-Z", "[NIF_ES]"},
      {"DNI 12345678 Z", "DNI [NIF_ES]"},
      {"dni 00000002w, NIE X1234567 L", "dni [NIF_ES], NIE [NIE]"},
      {"RUT: 12345678-5", "RUT: [RUT]"},
      {"HKID: A1234563", "HKID: [HKID]"},
      {"curp badd110313hcmlns09", "curp [CURP]"},
      {"NIP PL5260250274", "NIP [NIP]"},
      {"fnr 13016882865", "fnr [FODSELSNUMMER]"},
      {"TC: 10000000146", "TC: [NATIONAL_ID]"},
      {"ת.ז. 123456782", "ת.ז. [ID_NUMBER_IL]"},
      {"주민 번호 9601211234567", "주민 번호 [RRN]"},
      {"a/c no 134357757123, acct # 134357757123", "a/c no [BANK_ACCOUNT], acct # [BANK_ACCOUNT]"},
      {"8001015009087, 800101 5009 087", "[ID_NUMBER_ZA], [ID_NUMBER_ZA]"},
      {"passaporto n. YA1234567", "passaporto n. [PASSPORT_IT]"},
      {"passportNo: '558784977'", "passportNo: '[PASSPORT]'"},
      {"여권번호는 M12345678", "여권번호는 [PASSPORT_KR]"},
      {"DL# D1234567", "DL# [DRIVER_LICENSE]"},
      {"CVV code: 123", "CVV code: [CVV]"},
      {"FIN: WAUZZZ8V1JA012345", "FIN: [VIN]"},
      {"chart # 47530257", "chart # [MRN]"},
      {"Policy # W688068062", "Policy # [INSURANCE_ID]"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text : {"12.345.678-A", "12345678 Z", "DNI 12345678 A", "NIE X1234567 M",
                           "12345678-5", "RUT: 12345678-6", "A1234563", "HKID: A1234564",
                           "PL5260250275", "13016882865", "800101 5009 088", "run 12345678-4"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

// Twelve digits that read as a minute of this century.
TEST(WrittenValues, AMinuteIsNoPersonnummer) {
  for (const char* text : {"202406220422", "201311170052"}) EXPECT_EQ(Redacted(text), text);
  EXPECT_EQ(Redacted("personnummer 202406220422"), "personnummer [PERSONNUMMER]");
  EXPECT_EQ(Redacted("198712202384"), "[PERSONNUMMER]");
}

}  // namespace
}  // namespace kt::policies
