// Every kind of identity number, wallet, document and key: a text that holds one, and a text that
// only looks like it.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

std::string Redacted(std::string_view text, bool healthcare = false) {
  static const policy::Chain* const chains[2] = {
      [] { return Build(ConfigWith({"pii-detector"})).release(); }(),
      [] {
        config::PolicyConfig config = ConfigWith({"pii-detector"});
        config.pii_detector.healthcare_mode = true;
        return Build(config).release();
      }()};
  return Judge(*chains[healthcare ? 1 : 0], text).text;
}

struct Example {
  const char* text;
  const char* redacted;
};

TEST(PiiEntities, ANumberCountsAsItIsWrittenOrNamed) {
  const Example examples[] = {
      {"911-70-1234", "[ITIN]"},
      {"EIN: 12-3456789", "EIN: [EIN]"},
      {"Tax ID 12-3456789", "Tax ID [EIN]"},
      {"routing number 021000021", "routing number [ROUTING_NUMBER]"},
      {"bank account: 000123456789", "bank account: [BANK_ACCOUNT]"},
      {"my SIN is 130-692-544", "my SIN is [SIN]"},
      {"221 395 1837", "[NHS_NUMBER]"},
      {"Steuer-ID: 12345678903.", "Steuer-ID: [TAX_ID]."},
      {"2 55 08 14 168 025 38", "[NIR]"},
      {"partita IVA 01333550323", "partita IVA [VAT_CODE]"},
      {"pesel 44051401458", "pesel [PESEL]"},
      {"BSN: 111222333", "BSN: [BSN]"},
      {"85.07.30-033.28", "[NATIONAL_NUMBER]"},
      {"198712202384 and 871220-2384", "[PERSONNUMMER] and [PERSONNUMMER]"},
      {"756.9217.0769.85", "[AHV]"},
      {"TC Kimlik No: 10000000146", "TC Kimlik No: [NATIONAL_ID]"},
      {"2496 6319 3142", "[AADHAAR]"},
      {"960121-1234567", "[RRN]"},
      {"11-23-456789-01", "[DRIVER_LICENSE_KR]"},
      {"124-81-00998", "[BRN]"},
      {"1-2345-67890-12-1", "[NATIONAL_ID_TH]"},
      {"51 824 753 556", "[ABN]"},
      {"TFN 123 456 782", "TFN [TFN]"},
      {"South African ID is 8001015009087", "South African ID is [ID_NUMBER_ZA]"},
      {"247.710.932-45", "[CPF]"},
      {"11.222.333/0001-81", "[CNPJ]"},
      {"imei 490154203237518", "imei [IMEI]"},
      {"é pesel 44051401458", "é pesel [PESEL]"},
      {"numéro de sécurité sociale 255081416802538", "numéro de sécurité sociale [NIR]"},
      {"NUMERO DE SECURITE SOCIALE 255081416802538", "NUMERO DE SECURITE SOCIALE [NIR]"},
      {"ref 12, card 4111111111111111", "ref 12, card [CREDIT_CARD]"},
      {"8001015009087", "[ID_NUMBER_ZA]"},
      {"65 929 970 489", "[TAX_ID]"},
      {"IdNr. 65929970489", "IdNr. [TAX_ID]"},
      {"Steuernummer: 181/815/08155", "Steuernummer: [TAX_NUMBER_DE]"},
      {"536 90 4399 or 536.90.4399", "[SSN] or [SSN]"},
      {"004 085 616", "[ACN]"},
      {"UATP card 135412345678911", "UATP card [CREDIT_CARD]"},
      {"card 30569309025904", "card [CREDIT_CARD]"},
      {"3056 930902 5904", "[CREDIT_CARD]"},
      {"{\"taxId\":\"12345678903\"}", "{\"taxId\":\"[TAX_ID]\"}"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
}

TEST(PiiEntities, ABareNumberDoesNotCount) {
  for (const char* text : {"44051401458",
                           "130692544",
                           "4010232137",
                           "51824753556",
                           "12345678903",
                           "10000000146",
                           "249663193142",
                           "8001015009194",
                           "12 345 678 903",
                           "30569309025912",
                           "6221260062379699",
                           "48 8b 05 14 31 55 00",
                           "c397a2c5: 9224 2496 6319 3142 c6a5",
                           "B83A271D-2496-6319-3142-6E3663F7A793",
                           "row 2 412 669 5214",
                           "490154203237518",
                           "24771093245",
                           "021000021",
                           "matrix rows: 518 506 716 572 628",
                           "SSN pattern is 985-51-9431 in docs",
                           "1.249.663.193.142",
                           "BSN: 111222334",
                           "09171234567",
                           "1248100998",
                           "31-23-456789-01",
                           "124-81-00999",
                           "1-800-12-3456789",
                           "TFN 123 456 783"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiEntities, DocumentsWalletsAndThings) {
  const Example examples[] = {
      {"AB 12 34 56 C", "[NINO]"},
      {"12345678Z, X1234567L", "[NIF_ES], [NIE]"},
      {"RSSMRA85T10A562S", "[FISCAL_CODE]"},
      {"131052-308T", "[HETU]"},
      {"MORGA657054SM9IJ", "[DRIVING_LICENCE_UK]"},
      {"carta d'identità CA12345AA", "carta d'identità [ID_CARD_IT]"},
      {"patente di guida AB1234567C", "patente di guida [DRIVER_LICENSE_IT]"},
      {"AB-12-34-56-C", "[NINO]"},
      {"UK passport number 123456789", "UK passport number [PASSPORT_UK]"},
      {"passaporto n. YA1234567, passaporto YA1234567",
       "passaporto n. [PASSPORT_IT], passaporto [PASSPORT_IT]"},
      {"Reisepass-Nr. C01X0006H1", "Reisepass-Nr. [PASSPORT_DE]"},
      {"여권번호: M123A4567", "여권번호: [PASSPORT_KR]"},
      {"Führerscheinnummer B072RRE2I55", "Führerscheinnummer [DRIVING_LICENCE_DE]"},
      {"15 070649 C 103", "[SOCIAL_SECURITY_DE]"},
      {"DE136695976", "[VAT_CODE_DE]"},
      {"NRIC T1234567Z, PAN AAASA1111R", "NRIC [NRIC_FIN], PAN [PAN]"},
      {"RSSMRA85T10A562S", "[FISCAL_CODE]"},
      {"fe80::1%en0, 2001:db8::/32", "[IP_ADDRESS], [IP_ADDRESS]"},
      {"::ffff:192.0.2.128 and 203.0.113.0/24", "[IP_ADDRESS] and [IP_ADDRESS]"},
      {"001b.4411.3ab7", "[MAC_ADDRESS]"},
      {"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "[CRYPTO]"},
      {"+1-743-438-6774x624, (11) 4706-6184", "[PHONE], (11) 4706-6184"},
      {"you can call (11) 4706-6184", "you can call [PHONE]"},
      {"GSTIN 27AAPFU0939F1ZV", "GSTIN [GSTIN]"},
      {"S2740116C", "[NRIC_FIN]"},
      {"ABCPD1234Z", "[PAN]"},
      {"11010519491231002X", "[RESIDENT_ID]"},
      {"A123456789", "[NATIONAL_ID_TW]"},
      {"BADD110313HCMLNS09", "[CURP]"},
      {"12.345.678-5", "[RUT]"},
      {"passport no. 123456789", "passport no. [PASSPORT]"},
      {"driver's license: D1234567", "driver's license: [DRIVER_LICENSE]"},
      {"Driver license number S530-4609-0123", "Driver license number [DRIVER_LICENSE]"},
      {"dob: 1990-05-17", "dob: [DATE_OF_BIRTH]"},
      {"born on 17.05.1990", "born on [DATE_OF_BIRTH]"},
      {"cvv: 123, cardholder name: Jane Q. Doe", "cvv: [CVV], cardholder name: [CARD_HOLDER]"},
      {"SWIFT code COBADEFF", "SWIFT code [BIC]"},
      {"SWIFT/BIC: BOFAUS3N", "SWIFT/BIC: [BIC]"},
      {"SWIFT NDEASESS, SCBLSGSG, ABSAZAJJXXX", "SWIFT [BIC], [BIC], [BIC]"},
      {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "[CRYPTO]"},
      {"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "[CRYPTO]"},
      {"00:1B:44:11:3A:B7", "[MAC_ADDRESS]"},
      {"VIN 1HGCM82633A004352", "VIN [VIN]"},
      {"UK 020 7946 0018, 09-7625400", "UK [PHONE], [PHONE]"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text : {"MORGA677054SM9IJ",
                           "CA12345AA",
                           "AB1234567C",
                           "27AAPFU0939F1ZW",
                           "310289-211C",
                           "12345678A",
                           "131052-308A",
                           "s2740116d",
                           "A123456788",
                           "12.345.678-6",
                           "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
                           "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mda",
                           "FF:FF:FF:FF:FF:FF",
                           "COBADEFF",
                           "1990-05-17",
                           "Boston, MA 02110-1301",
                           "15070649C104",
                           "DE136695977",
                           "smith2019a, model1234b",
                           "audit-LLLLLLLLLLLLLLLL",
                           "5055330E-0244",
                           "    rails (7.0.4.1)",
                           "gem \"rails\", \"~> 7.0.4.1\"",
                           "::ffff:10.0.0.1",
                           "1234.5678.9012",
                           "std::dead::beef",
                           "KA53ME3456 SW1A 1AA"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(PiiEntities, ATypeThatIsNamedNeedsNoSeparators) {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  config.pii_detector.entities = {"PH_MOBILE_NUMBER"};
  const auto chain = Build(config);
  EXPECT_EQ(Judge(*chain, "09171234567, +63 (917) 123 4567 and 0917-123-4567").text,
            "[MOBILE_PH], [MOBILE_PH] and [MOBILE_PH]");
  EXPECT_EQ(Judge(*chain, "08171234567 091712345678 +64 917 123 4567").text,
            "08171234567 091712345678 +64 917 123 4567");
}

TEST(PiiEntities, RegistersAndPlatesAreLookedForWhenTheyAreNamed) {
  config::PolicyConfig config = ConfigWith({"pii-detector"});
  config.pii_detector.entities = {"all"};
  const auto chain = Build(config);
  const Example examples[] = {
      {"HRB 12345", "[REGISTER_DE]"},
      {"B-AB 1234", "[PLATE_DE]"},
      {"Kennzeichen M XY 12", "Kennzeichen [PLATE_DE]"},
      {"AB12 CDE", "[PLATE_UK]"},
      {"34 ABC 123", "[PLATE_TR]"},
      {"ABC-123DE", "[PLATE_NG]"},
      {"MH 12 AB 1234, 22 BH 1234 AA", "[VEHICLE], [VEHICLE]"},
      {"556703-7485", "[ORGNUMMER]"},
      {"S16FC0121D, 197401143C, 00192200M", "[UEN], [UEN], [UEN]"},
      {"12-345678901-2", "[PHILHEALTH]"},
  };
  for (const Example& e : examples) {
    EXPECT_EQ(Judge(*chain, e.text).text, e.redacted);
    EXPECT_EQ(Redacted(e.text), e.text);
  }
  for (const char* text : {"A-Z9", "00192200E", "99 ABC 123"}) {
    EXPECT_EQ(Judge(*chain, text).text, text);
  }
}

TEST(PiiEntities, HealthcareModeAddsItsTypes) {
  const Example examples[] = {
      {"NPI 1234567893", "NPI [NPI]"},
      {"MRN: 00123456", "MRN: [MRN]"},
      {"1EG4-TE5-MK73", "[MBI]"},
      {"member id: XYZ123456789", "member id: [INSURANCE_ID]"},
      {"insurance ID: XYZ123456789", "insurance ID: [INSURANCE_ID]"},
      {"DEA AB1234563", "DEA [MEDICAL_LICENSE]"},
      {"A123456780", "[KVNR]"},
      {"LANR 123456601", "LANR [LANR]"},
      {"BSNR: 381234500", "BSNR: [BSNR]"},
  };
  for (const Example& e : examples) {
    EXPECT_EQ(Redacted(e.text, true), e.redacted);
    EXPECT_EQ(Redacted(e.text), e.text);
  }
}

TEST(PiiEntities, SecretsWithoutAFormatAreFoundByTheirName) {
  const Example examples[] = {
      {"api_key = \"q8Zk2Lw9Xv4Rt7Yp1Nm3\"", "api_key = \"[SECRET]\""},
      {"\"client_secret\": \"7f3a9c1e5b2d4f6a8c0e\"", "\"client_secret\": \"[SECRET]\""},
      {"password: Tr0ub4dor&3x", "password: [SECRET]"},
      {"DATADOG_KEY: a1b2c3d4e5f60718293a4b5c6d7e8f90", "DATADOG_KEY: [SECRET]"},
  };
  for (const Example& e : examples) EXPECT_EQ(Redacted(e.text), e.redacted);
  for (const char* text :
       {"api_key = \"your_api_key_goes_here1\"", "token: ${GITHUB_TOKEN}",
        "secret = xxxxxxxxxxxxxxxx12", "password: changeme",
        "key: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "checksum = \"9f493777e1c3fe980bab40d631a90ecf688066f7\"", "api_key = os.environ[\"KEY\"]",
        "password = getpass.getpass()", "cache_key: v1-9f493777e1c3fe980bab40d6",
        "key = base64.urlsafe_b64decode(key)",
        "golang.org/x/oauth2 v0.7.0 h1:qe6s0zUXlPX80/dITx3440hWZ7GwMwgDDyrSGTPJG/g="}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

}  // namespace
}  // namespace kt::policies
