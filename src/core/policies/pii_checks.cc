#include "core/policies/pii_checks.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/policies/context_words.h"
#include "core/policies/iban.h"
#include "core/policies/id_checks.h"
#include "core/policies/network_checks.h"
#include "core/policies/number_forms.h"
#include "core/policies/number_tables.h"
#include "core/policies/password_checks.h"
#include "core/policies/phone_checks.h"
#include "core/policies/secret_checks.h"
#include "core/policies/token_checks.h"

namespace kt::policies {
namespace {

using detect::Candidate;

char Before(const Candidate& c, size_t back = 1) noexcept {
  return c.begin >= back ? c.text[c.begin - back] : '\0';
}

// "card", "visa" and the like before it: what its own look leaves open.
bool IsCalledCard(const Candidate& c) {
  static const ContextWords kNames({{"card",         "cards",       "card number",
                                     "card no",      "credit card", "creditcard",
                                     "debit card",   "cc",          "ccn",
                                     "pan",          "visa",        "mastercard",
                                     "master card",  "amex",        "american express",
                                     "discover",     "diners",      "diners club",
                                     "jcb",          "unionpay",    "maestro",
                                     "dankort",      "mir",         "rupay",
                                     "uatp",         "cardnumber",  "kreditkarte",
                                     "kartennummer", "carte",       "carte bancaire",
                                     "tarjeta",      "cartão",      "carta di credito",
                                     "karta",        "kart"}});
  return kNames.AnyBefore(c);
}

// "4539578763621487, 4…" behind a number of the same length that is no card: a list of ids.
bool FollowsId(const Candidate& c, size_t size) noexcept {
  std::string_view before = c.before(40);
  const auto digit = [](char ch) { return IsDigit(ch); };
  size_t end = before.size();
  while (end > 0 && !digit(before[end - 1]) && !IsLetter(before[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && digit(before[begin - 1])) --begin;
  const std::string_view last = before.substr(begin, end - begin);
  return last.size() == size && (CardRangeOf(last) == CardRangeKind::kNone || !PassesLuhn(last));
}

// In the groups that are printed on cards a rare range counts as well as a common one; bare it
// wants its name before it.
bool IsCardNumber(const Candidate& c, std::string_view digits, bool grouped) {
  const CardRangeKind kind = CardRangeOf(digits);
  if (kind == CardRangeKind::kNone || !PassesLuhn(digits)) return false;
  if (grouped || IsCalledCard(c)) return true;
  if (kind == CardRangeKind::kRare) return IsPrintedCard(digits);
  return !FollowsId(c, digits.size());
}

// The same blanks or signs between all groups; others than those that are usual want a name.
bool IsGrouping(const Candidate& c, std::string_view number) {
  std::string_view first;
  for (size_t i = 0; i < number.size();) {
    const size_t begin = i;
    while (i < number.size() && !IsDigit(number[i])) ++i;
    const std::string_view joint = number.substr(begin, i - begin);
    if (!joint.empty() && first.empty()) first = joint;
    const bool blank = joint == "\n" && first == " ";  // the end of a line
    if (!joint.empty() && joint != first && !blank) return false;
    if (!joint.empty() && joint != " " && joint != "-" && !IsCalledCard(c)) return false;
    while (i < number.size() && IsDigit(number[i])) ++i;
  }
  return true;
}

// In a row of numbers or a dump any four groups may pass for a card. One or two groups before it
// make no row ("in 2024", "+44 20 7946 0018"), nor does another card, as in a list of them.
bool InRow(const Candidate& c, size_t first_group) {
  constexpr size_t kRow = 3, kCard = 4;
  size_t bytes = 0;
  if (c.match()[first_group] == '-') return false;
  const size_t groups = GroupsBefore(c, kCard, &bytes);
  if (groups < kRow || IsCalledCard(c)) return false;
  if (groups < kCard) return true;
  const DigitGroups before = SplitDigits(c.before(bytes));
  const std::string_view digits = before.digits;
  return digits.size() != kCard * first_group || CardRangeOf(digits) == CardRangeKind::kNone ||
         !PassesLuhn(digits);
}

size_t Card(const Candidate& c) {
  const std::string_view match = c.match();
  if (Before(c) == '.' || ((Before(c) == '-' || Before(c) == '/') && IsDigit(Before(c, 2))))
    return 0;
  const DigitGroups groups = SplitDigits(match);
  const std::string_view digits = groups.digits;
  if (groups.sizes.size() == 1) return IsCardNumber(c, digits, false) ? match.size() : 0;
  if (InRow(c, groups.sizes[0])) return 0;
  static const std::vector<size_t> kShapes[] = {
      {4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}};
  for (const std::vector<size_t>& shape : kShapes) {
    if (groups.sizes.size() < shape.size() ||
        !std::equal(shape.begin(), shape.end(), groups.sizes.begin())) {
      continue;
    }
    size_t count = 0;
    for (const size_t size : shape) count += size;
    const size_t end = groups.ends[shape.size() - 1];
    if (IsCardNumber(c, digits.substr(0, count), true) && IsGrouping(c, match.substr(0, end))) {
      return end;
    }
  }
  return 0;
}

// "postgres://admin:se!cret@db.internal": the end of a password and a host, which other rules see
// to.
bool InUserInfo(const Candidate& c) noexcept {
  const std::string_view before = c.before(80);
  const size_t scheme = before.rfind("://");
  return scheme != before.npos && before.find(':', scheme + 3) != before.npos &&
         before.find_first_of(" \t\n/@\"'<>", scheme + 3) == before.npos;
}

// "jane@acme.comFiles", of two lines or parts that were put together: where the last label of the
// domain ends, in bytes of it. All of it, unless a capital follows small letters.
size_t LabelEnd(std::string_view label) noexcept {
  constexpr size_t kShortest = 2;
  for (size_t i = kShortest; i < label.size(); ++i) {
    if (IsUpper(label[i]) && IsLower(label[i - 1]) && IsLower(label[i - 2])) return i;
  }
  return label.size();
}

size_t Email(const Candidate& c) {
  const std::string_view match = c.match();
  const size_t at = match.find('@');
  const std::string_view local = match.substr(0, at), domain = match.substr(at + 1);
  if (local.starts_with('.') || local.ends_with('.') || match.find("..") != match.npos) return 0;
  if (domain.starts_with('-') || domain.starts_with('.') || domain.find("-.") != domain.npos ||
      domain.find(".-") != domain.npos) {
    return 0;
  }
  if (local == "git" || InUserInfo(c)) return 0;
  static constexpr std::string_view kFileTypes[] = {"png", "jpg", "jpeg", "gif",  "svg", "webp",
                                                    "css", "js",  "ts",   "json", "py",  "html",
                                                    "pdf", "txt", "md",   "yaml", "yml", "sh"};
  const std::string_view label = domain.substr(domain.rfind('.') + 1);
  const std::string last = ToLower(label);
  // "logo@2x.png"; "sh", "md", "py" are country domains too, so only after a scale.
  const bool scaled = domain.size() > 1 && IsDigit(domain[0]) && domain[1] == 'x';
  if (scaled &&
      std::find(std::begin(kFileTypes), std::end(kFileTypes), last) != std::end(kFileTypes)) {
    return 0;
  }
  return match.size() - label.size() + LabelEnd(label);
}

}  // namespace

Check FindCheck(std::string_view name) {
  static constexpr std::pair<std::string_view, size_t (*)(const Candidate&)> kChecks[] = {
      {"card", Card},
      {"iban", Iban},
      {"email", Email},
      {"phone", InternationalPhone},
      {"phone_us", NorthAmericanPhone},
      {"phone_national", NationalPhone},
      {"phone_named", NamedPhone},
      {"ipv4", AnyIpv4},
      {"ipv6", AnyIpv6},
      {"public_ipv4", PublicIpv4},
      {"public_ipv6", PublicIpv6},
      {"generated", GeneratedSecret},
      {"generated_letters", GeneratedLetters},
      {"authorization", Authorization},
      {"long_secret", LongSecret},
      {"assigned_secret", AssignedSecret},
      {"assigned_password", AssignedPassword},
      {"login_pair", LoginPair},
      {"user_password", UserPassword},
      {"typed_password", TypedPassword},
      {"assigned_token", AssignedToken},
      {"prefixed_token", PrefixedToken},
      {"bare_token", BareToken},
      {"scheme", BehindScheme},
      {"vendor_secret", VendorSecret},
  };
  for (const auto& [known, check] : kChecks) {
    if (known == name) return check;
  }
  if (const TokenCheck check = FindTokenCheck(name)) return check;
  return {};
}

}  // namespace kt::policies
