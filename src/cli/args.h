// A small option parser: long options only, values as `--name value` or `--name=value`, lists as
// `--name a b c` or repeated. Unknown options get a suggestion.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::cli {

enum class OptionKind : unsigned char {
  kFlag,
  kValue,   // at most once
  kList,    // takes all words up to the next option; repeatable
  kSecret,  // as kValue; its bytes in argv are wiped, so that `ps` does not show them
};

struct Option {
  std::string_view name;  // without dashes
  OptionKind kind;
};

class Args {
 public:
  // `argv`: the words behind the command. `--help` and `-h` are always known.
  static Result<Args> Parse(std::span<char*> argv, std::span<const Option> options);

  bool Has(std::string_view name) const { return values_.contains(name); }
  // The value, or `otherwise` when the option was not given.
  std::string Get(std::string_view name, std::string_view otherwise = "") const;
  std::vector<std::string> List(std::string_view name) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace kt::cli
