#include "cli/args.h"

#include <algorithm>
#include <cstring>

#include "core/base/text.h"

namespace kt::cli {
namespace {

const Option* FindOption(std::span<const Option> options, std::string_view name) {
  static constexpr Option kHelp = {"help", OptionKind::kFlag};
  if (name == kHelp.name) return &kHelp;
  const auto it = std::find_if(options.begin(), options.end(),
                               [&](const Option& option) { return option.name == name; });
  return it == options.end() ? nullptr : &*it;
}

Status UnknownOption(std::span<const Option> options, std::string_view name) {
  std::string message = "unknown option --" + std::string(name);
  uint32_t best = 3;
  std::string_view near;
  for (const Option& option : options) {
    const uint32_t distance = EditDistance(name, option.name, best - 1);
    if (distance < best) {
      best = distance;
      near = option.name;
    }
  }
  if (!near.empty()) message += "; did you mean --" + std::string(near) + "?";
  return Status::InvalidArgument(message);
}

bool IsOption(const char* word) {
  return word[0] == '-' && word[1] != '\0';
}

}  // namespace

Result<Args> Args::Parse(std::span<char*> argv, std::span<const Option> options) {
  Args args;
  for (size_t i = 0; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (word == "-h") {
      args.values_["help"];
      continue;
    }
    if (!word.starts_with("--") || word.size() == 2) {
      return Status::InvalidArgument("unexpected argument \"" + std::string(word) + "\"");
    }
    const size_t equals = word.find('=');
    const std::string name(word.substr(2, equals == word.npos ? equals : equals - 2));
    const Option* option = FindOption(options, name);
    if (option == nullptr) return UnknownOption(options, name);
    const bool repeated = args.Has(name);
    std::vector<std::string>& values = args.values_[name];
    if (option->kind == OptionKind::kFlag) {
      if (equals != word.npos) return Status::InvalidArgument("--" + name + " takes no value");
      continue;
    }
    if (repeated && option->kind != OptionKind::kList) {
      return Status::InvalidArgument("--" + name + " given twice");
    }
    char* value = nullptr;
    if (equals != word.npos) {
      value = argv[i] + equals + 1;
    } else if (i + 1 < argv.size() && !IsOption(argv[i + 1])) {
      value = argv[++i];
    }
    if (value == nullptr || *value == '\0') {
      return Status::InvalidArgument("--" + name + " needs a value");
    }
    values.emplace_back(value);
    if (option->kind == OptionKind::kSecret) std::memset(value, 'x', std::strlen(value));
    while (option->kind == OptionKind::kList && i + 1 < argv.size() && !IsOption(argv[i + 1])) {
      values.emplace_back(argv[++i]);
    }
  }
  return args;
}

std::string Args::Get(std::string_view name, std::string_view otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() || it->second.empty() ? std::string(otherwise) : it->second.front();
}

std::vector<std::string> Args::List(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

}  // namespace kt::cli
