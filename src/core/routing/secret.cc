#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/routing/target.h"

namespace kt::routing {
namespace {

// Longer than any key in use; a reference to the wrong file must not fill memory.
constexpr size_t kMaxSecretBytes = 16 * 1024;

Result<std::string> ReadSecretFile(const std::string& path, const std::string& named) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const std::string why = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
    return Status::NotFound(named + " cannot be read" + why);
  }
  std::string value(kMaxSecretBytes + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (file.bad()) return Status::NotFound(named + " cannot be read");
  value.resize(static_cast<size_t>(file.gcount()));
  if (value.size() > kMaxSecretBytes) return Status::InvalidArgument(named + " is over 16 KiB");
  return value;
}

// A name in the store is one path component, so that a configuration cannot leave the store.
bool IsStoreName(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<std::string> ReadReference(const config::SecretRef& ref, const SecretSource& source,
                                  std::string* named) {
  if (!ref.env.empty()) {
    *named = "environment variable \"" + ref.env + "\"";
    if (source.env == nullptr) return Status::NotFound(*named + " is not set");
    auto value = source.env(ref.env);
    if (!value) return Status::NotFound(*named + " is not set");
    return std::move(*value);
  }
  if (!ref.file.empty()) {
    *named = "secret file \"" + ref.file + "\"";
    return ReadSecretFile(ref.file, *named);
  }
  if (ref.store.empty()) return Status::NotFound("no secret is referred to");
  *named = "stored secret \"" + ref.store + "\"";
  if (!IsStoreName(ref.store)) return Status::InvalidArgument(*named + " is no plain file name");
  if (source.store_directory.empty()) {
    return Status::NotFound(*named + ": keeptrusts_secret_store (kt: --secret-store) is not set");
  }
  const std::string path = source.store_directory + "/" + ref.store;
  *named += " (\"" + path + "\")";
  return ReadSecretFile(path, *named);
}

}  // namespace

Result<std::string> ResolveSecret(const config::SecretRef& ref, const SecretSource& source) {
  std::string named;
  auto read = ReadReference(ref, source, &named);
  if (!read.ok()) return read.status();
  std::string value = std::move(read).value();
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (value.empty()) return Status::NotFound(named + " is empty");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      return Status::InvalidArgument(named + " holds a control character");
    }
  }
  return value;
}

}  // namespace kt::routing
