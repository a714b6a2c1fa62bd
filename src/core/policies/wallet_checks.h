// Checksums of cryptocurrency addresses (pii_checks.h tells what a check is).
#pragma once

#include "core/detect/matcher.h"

namespace kt::policies {

// Base58Check: the last four of 25 bytes are the double SHA-256 of the others (Bitcoin, Litecoin,
// Dogecoin, Tron).
size_t Base58Wallet(const detect::Candidate& candidate);
// BIP 173 and BIP 350 (Bitcoin and Litecoin).
size_t Bech32Wallet(const detect::Candidate& candidate);

}  // namespace kt::policies
