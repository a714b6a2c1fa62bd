// Checks for identifiers of letters and digits: identity cards, wallets, device and vehicle
// numbers (pii_checks.h tells what a check is).
#pragma once

#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

// Of `name` in rule packs; null when there is none:
//   es_nif   control letter, modulo 23 (Spanish Interior Ministry)
//   fi_hetu  date and control character, modulo 31 (Finnish DVV)
//   uk_nino  prefixes never issued (HMRC NIM39110)
//   sg_nric  capitals; else weighted sum and letter tables (Singapore ICA)
//   in_pan   capitals
//   it_vat_prefixed, se_plus   it_vat and se_pnr of id_checks.h, in forms that are no digits only
//   cn_ric   ISO 7064 mod 11-2 and date (GB 11643)
//   tw_id, hk_id, cl_rut, ie_pps   the check digits of those cards
//   base58   Base58Check, double SHA-256        bech32   BIP 173 and BIP 350
//   mac      six octets that are no part of a longer fingerprint (IEEE 802)
//   bic      ISO 9362 with a country that exists
//   dea      US Drug Enforcement Administration check digit
//   date     a day that exists, any usual order
//   card_holder   two to four capitalised words
using TokenCheck = size_t (*)(const detect::Candidate&);
TokenCheck FindTokenCheck(std::string_view name) noexcept;

}  // namespace kt::policies
