#include "cli/init.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/nginx_conf.h"

// The files of conf/init, put into kt by cmake/embed.cmake.
struct KtEmbeddedFile {
  const char* name;
  const char* begin;
  const char* end;
};
extern "C" __attribute__((visibility("hidden"))) const KtEmbeddedFile kt_init_files[];

namespace kt::cli {
namespace {

constexpr std::string_view kSuffix = ".yaml", kDefault = "openai";
constexpr const char* kPolicyFile = "policy-config.yaml";
constexpr const char* kIncludeFile = "keeptrusts.conf";

std::optional<std::string> Embedded(const std::string& name) {
  for (const KtEmbeddedFile* file = kt_init_files; file->name != nullptr; ++file) {
    if (name == file->name) return std::string(file->begin, file->end);
  }
  return std::nullopt;
}

// A template's first line says what it is.
int ListTemplates() {
  for (const KtEmbeddedFile* file = kt_init_files; file->name != nullptr; ++file) {
    std::string_view name = file->name;
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    std::string_view line(file->begin, static_cast<size_t>(file->end - file->begin));
    line = line.substr(2, line.find('\n') - 2);
    const std::string padded =
        std::string(name) + std::string(12 - std::min<size_t>(12, name.size()), ' ');
    std::printf("%s%.*s%s\n", padded.c_str(), static_cast<int>(line.size()), line.data(),
                name == kDefault ? " (default)" : "");
  }
  return 0;
}

std::string TemplateNames() {
  std::string names;
  for (const KtEmbeddedFile* file = kt_init_files; file->name != nullptr; ++file) {
    std::string_view name = file->name;
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

// The include names the configuration by its whole path: nginx takes a relative one as beside
// nginx.conf.
Result<std::string> Include() {
  constexpr std::string_view kPlace = "@POLICY_CONFIG@";
  std::error_code error;
  const Result<std::string> path =
      QuotedWord((std::filesystem::current_path(error) / kPolicyFile).string());
  if (!path.ok()) return path.status();
  std::string text = Embedded(kIncludeFile).value_or("");
  const size_t at = text.find(kPlace);
  if (at != text.npos) text.replace(at, kPlace.size(), path.value());
  return text;
}

// Never over what is there, a dangling link included.
Status WriteNew(const char* name, std::string_view text) {
  const int fd = ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return Status::Unavailable(std::string(name) + ": " + std::strerror(errno));
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.remove_prefix(static_cast<size_t>(n));
  }
  const int failed = errno;
  if (::close(fd) == 0 && text.empty()) return Status::Ok();
  ::unlink(name);
  return Status::Unavailable(std::string(name) + " cannot be written: " + std::strerror(failed));
}

Status WriteBoth(std::string_view policy, std::string_view include) {
  for (const char* name : {kPolicyFile, kIncludeFile}) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(name, error))) {
      return Status::InvalidArgument(std::string(name) + " is there already; nothing was written");
    }
  }
  if (Status written = WriteNew(kPolicyFile, policy); !written.ok()) return written;
  Status written = WriteNew(kIncludeFile, include);
  if (!written.ok()) ::unlink(kPolicyFile);
  return written;
}

}  // namespace

int Init(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {{"template", OptionKind::kValue},
                                        {"list-templates", OptionKind::kFlag}};
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("init", args.status());
  if (args.value().Has("help")) return PrintHelp("init");
  if (args.value().Has("list-templates")) return ListTemplates();
  const std::string name = args.value().Get("template", kDefault);
  const std::optional<std::string> policy = Embedded(name + std::string(kSuffix));
  if (!policy) {
    return UsageError("init", Status::InvalidArgument("no template \"" + name +
                                                      "\"; there are: " + TemplateNames()));
  }
  const Result<std::string> include = Include();
  if (!include.ok()) return Failure(include.status());
  if (Status written = WriteBoth(*policy, include.value()); !written.ok()) return Failure(written);
  std::printf(
      "wrote %s, from the template %s\n"
      "wrote %s, for a server{} of nginx.conf\n"
      "next: kt doctor, then kt gateway run --policy-config %s\n",
      kPolicyFile, name.c_str(), kIncludeFile, kPolicyFile);
  return 0;
}

}  // namespace kt::cli
