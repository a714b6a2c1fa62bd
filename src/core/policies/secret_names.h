// What a value is called, and how: the words before it that tell a secret from other random text.
#pragma once

#include <string>
#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

// The name that the value is assigned to: what stands before "=", ":" and quotes. In lower case,
// "clientId" and "client-id" as "client_id".
std::string NameBefore(const detect::Candidate& candidate);

// Names as NameBefore gives them.
bool NamesSecret(std::string_view name);
bool NamesNoSecret(std::string_view name);
// "user_id", "next": what ends so calls something else that looks random.
bool NamesData(std::string_view name);
// "private key: 0x…" of a wallet: the text before 32 bytes that are written as a number.
bool NamesPrivateKey(std::string_view before);

// Prefixes of the value itself. "sk_live_", "acme_pat_", "xkeysib-": a part says that it is a key.
bool HasSecretPart(std::string_view prefix);
// Stronger: no name of a test, a stage or an interface.
bool NamesKey(std::string_view prefix);

// Within "arn:aws:secretsmanager:…:secret:db-5fXVK9": the name of something.
bool IsInResourceName(const detect::Candidate& candidate) noexcept;

// "the api key is …", "| api key | … |": with a word or a column between them, anything may follow.
bool IsSaid(const detect::Candidate& candidate) noexcept;
// "ENV API_TOKEN …", "the token …": nothing but a blank between the name and the value.
bool IsApart(const detect::Candidate& candidate) noexcept;

// "code_challenge=…", "\"body\": \"…\"": assigned to a name of something that is random, too.
bool IsCalledData(const detect::Candidate& candidate);

// How sure it is that what follows is the password: "password: …"; "pass=…" and "'password', '…'",
// which may be anything; "password …", where most often a sentence goes on.
// "pass …" is another word.
enum class Said { kAssigned, kPerhaps, kInPassing, kNotAtAll };
Said HowSaid(const detect::Candidate& candidate);

}  // namespace kt::policies
