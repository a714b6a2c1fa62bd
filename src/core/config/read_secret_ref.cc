#include <algorithm>

#include "core/config/sections.h"

namespace kt::config {

namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What is not the name of a variable is often the key itself, so no message repeats it.
bool ReadVariable(const Value& value, std::string* out) {
  std::string name;
  if (!value.Text(&name, {.max_bytes = 128})) return false;
  const bool digit_first = name[0] >= '0' && name[0] <= '9';
  if (digit_first || !std::all_of(name.begin(), name.end(), IsNameByte)) {
    value.Fail("is not the name of an environment variable",
               "name the variable that holds the key, never the key");
    return false;
  }
  *out = std::move(name);
  return true;
}

bool ReadStoreName(const Value& value, std::string* out) {
  std::string name;
  if (!value.Text(&name, {.max_bytes = 255})) return false;
  const bool valid = name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
                       return IsNameByte(c) || c == '.' || c == '-';
                     });
  if (!valid) {
    value.Fail("is not a plain file name", "a file of keeptrusts_secret_store, without a path");
    return false;
  }
  *out = std::move(name);
  return true;
}

}  // namespace

void ReadSecretRef(const Value& value, SecretRef* ref) {
  if (value.present() && value.node().kind == YamlNode::Kind::kScalar) {
    return value.Fail("expected a map with env, file or store",
                      "keys are named, never written: {env: NAME}");
  }
  value.Map([&value, ref](MapReader& map) {
    const Value env = map.Get("env");
    const Value file = map.Get("file");
    const Value store = map.Get("store");
    const int given = env.present() + file.present() + store.present();
    if (given != 1) {
      return value.Fail(given == 0 ? "names no secret" : "names more than one secret",
                        "give exactly one of env, file, store");
    }
    SecretRef read;
    ReadVariable(env, &read.env);
    if (file.Text(&read.file, {.max_bytes = 1024}) && read.file[0] != '/') {
      file.Fail("must be an absolute path");
    }
    ReadStoreName(store, &read.store);
    *ref = std::move(read);
  });
}

}  // namespace kt::config
