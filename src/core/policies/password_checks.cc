#include "core/policies/password_checks.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "core/base/ascii.h"
#include "core/policies/no_secrets.h"
#include "core/policies/random_text.h"
#include "core/policies/secret_names.h"
#include "core/policies/word_lists.h"

namespace kt::policies {
namespace {

constexpr size_t kLeastBytes = 8;

// More than a word, and nothing that stands for a password.
bool MayBePassword(std::string_view value) {
  const Shape shape = ShapeOf(value);
  const size_t kinds =
      (shape.digits > 0) + (shape.lower > 0) + (shape.upper > 0) + (shape.other > 0);
  if (kinds < 2 || shape.run >= 5 || shape.entropy < 2.2) return false;
  if (shape.digits == 0 && (shape.other == 0 || shape.upper == 0)) return false;
  static const Parts kCode = {"(", "[", "->", "::", "required|", "nullable|", "optional|"};
  return !IsPlaceholder(value) && !IsVariable(value) && !kCode.In(value) && !IsDottedName(value) &&
         !IsReference(value);
}

constexpr std::string_view kBrackets = ",;<>(){}[]";

// "aB3$,kL9(p": brackets and commas within quotes belong to the value, unless it is a call, a
// template or a list.
bool MayBeBracketed(std::string_view value) {
  const Shape shape = ShapeOf(value);
  if (shape.digits == 0 || shape.lower + shape.upper < 3 || shape.other < 2) return false;
  if (shape.run >= 5 || shape.entropy < 2.8 || shape.changes < 3) return false;
  if (LettersOf(value).in_words * 3 >= value.size()) return false;
  static const Parts kCode = {"{{", "}}", "->", "::", "=>", "()", "](", "required|", "</"};
  if (kCode.In(value) || IsPlaceholder(value) || IsVariable(value) || IsReference(value))
    return false;
  const auto encloses = [&](char open, char close) {
    const size_t begin = value.find(open);
    return begin != value.npos && value.find(close, begin) != value.npos;
  };
  const bool call = value.back() == ')' && IsAlnum(value.front()) && encloses('(', ')');
  return !call && !encloses('{', '}') && !encloses('<', '>');
}

}  // namespace

size_t AssignedPassword(const detect::Candidate& c) {
  // First what is asked for most often and costs least: "pass the buffer".
  const Said said = HowSaid(c);
  if (said == Said::kNotAtAll) return 0;
  std::string_view value = c.match();
  const std::string_view quote = c.before(1);
  if (quote == "\"" || quote == "'" || quote == "`") {
    if (value.find_first_of(kBrackets) != value.npos && MayBeBracketed(value)) {
      return NamesNoSecret(NameBefore(c)) ? 0 : value.size();
    }
  }
  value = value.substr(0, value.find_first_of(kBrackets));
  if (value.size() < kLeastBytes || !MayBePassword(value)) return 0;
  const Shape shape = ShapeOf(value);
  const bool loose = shape.digits == 0 || value.find('/') != value.npos;
  if (said != Said::kAssigned && (loose || IsIdentifier(value))) return 0;
  if (said == Said::kInPassing && (shape.lower == 0 || shape.upper == 0)) return 0;
  return NamesNoSecret(NameBefore(c)) ? 0 : value.size();
}

namespace {

// The line before the candidate, as far back as a rule may look; one that ends in "\\" goes on.
std::string_view LineBefore(const detect::Candidate& c) noexcept {
  const std::string_view before = c.before(detect::kContextBytes);
  size_t end = before.size();
  for (;;) {
    const size_t line = before.substr(0, end).rfind('\n');
    if (line == before.npos) return before;
    if (line == 0 || before[line - 1] != '\\') return before.substr(line + 1);
    end = line;
  }
}

// One of the programs stands there as a word: "/usr/bin/mysql -h db".
bool Calls(std::string_view line, std::initializer_list<std::string_view> programs) noexcept {
  for (const std::string_view program : programs) {
    for (size_t at = line.find(program); at != line.npos; at = line.find(program, at + 1)) {
      const size_t end = at + program.size();
      const bool begins = at == 0 || !IsAlnum(line[at - 1]);
      if (begins && (end == line.size() || !IsAlnum(line[end]))) return true;
    }
  }
  return false;
}

// The option that stands before the value, its quote and its blank: "-p", "--pass".
std::string_view OptionBefore(std::string_view* line, bool* apart) noexcept {
  std::string_view rest = *line;
  while (rest.ends_with('"') || rest.ends_with('\'')) rest.remove_suffix(1);
  *apart = rest.ends_with(' ') || rest.ends_with('=');
  if (*apart) rest.remove_suffix(1);
  const size_t begin = rest.find_last_of(" \t\n") + 1;  // npos: 0
  *line = rest.substr(0, begin);
  return rest.substr(begin);
}

}  // namespace

size_t UserPassword(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const std::string_view password = value.substr(value.find(':') + 1);
  if (!MayBePassword(password)) return 0;
  return Calls(LineBefore(c), {"curl", "wget", "http", "https"}) ? value.size() : 0;
}

size_t TypedPassword(const detect::Candidate& c) {
  if (!MayBePassword(c.match())) return 0;
  std::string_view line = LineBefore(c);
  bool apart = false;
  const std::string_view option = OptionBefore(&line, &apart);
  if (option != "-p" && option != "--pass") return 0;
  // "mysql -p shop1" asks for the password of a database; "mkdir -p" is anybody's.
  const bool known =
      apart ? Calls(line, {"sshpass", "docker login", "podman login", "registry login", "mongo",
                           "mongosh", "mongodump", "mongorestore", "az login", "oc login"})
            : Calls(line, {"mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "sshpass",
                           "7z", "7za"});
  return known ? c.match().size() : 0;
}

size_t LoginPair(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const size_t sign = value.find_first_of(":/");
  if (sign == value.npos) return 0;
  std::string_view password = value.substr(sign + 1);
  while (password.starts_with(' ')) password.remove_prefix(1);
  const Shape shape = ShapeOf(password);
  const bool strong = shape.digits > 0 && shape.lower + shape.upper > 0 &&
                      (shape.other > 0 || (shape.lower > 0 && shape.upper > 0) || shape.digits > 1);
  const bool path = password.find('/') != password.npos || password.find(':') != password.npos;
  return strong && !path && MayBePassword(password) && !IsIdentifier(password) ? value.size() : 0;
}

}  // namespace kt::policies
