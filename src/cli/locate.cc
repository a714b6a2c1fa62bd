#include "cli/locate.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <vector>

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModuleName = "ngx_http_keeptrusts_module.so";

std::string FirstReadable(const std::vector<fs::path>& candidates, int access_mode) {
  for (const fs::path& path : candidates) {
    std::error_code error;
    if (!fs::is_regular_file(path, error) || ::access(path.c_str(), access_mode) != 0) continue;
    return fs::absolute(path, error).lexically_normal().string();
  }
  return "";
}

}  // namespace

Result<std::string> FindNginx(const std::string& given) {
  const char* variable = ::getenv("KT_NGINX");
  const std::string named = !given.empty() ? given : variable != nullptr ? variable : "";
  std::vector<fs::path> candidates;
  if (named.find('/') != named.npos) {
    candidates.push_back(named);
  } else {
    const char* path = ::getenv("PATH");
    std::istringstream directories(std::string(path != nullptr ? path : "") +
                                   ":/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin");
    for (std::string directory; std::getline(directories, directory, ':');) {
      if (!directory.empty()) {
        candidates.push_back(fs::path(directory) / (named.empty() ? "nginx" : named));
      }
    }
  }
  std::string found = FirstReadable(candidates, X_OK);
  if (!found.empty()) return found;
  return Status::NotFound((named.empty() ? "nginx" : named) +
                          " not found: install nginx, or name it with --nginx");
}

Result<std::string> FindModule(const std::string& given) {
  std::vector<fs::path> candidates;
  if (!given.empty()) {
    candidates.push_back(given);
  } else {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (!error) candidates.push_back(self.parent_path() / kModuleName);
    for (const char* directory : {"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules",
                                  "/etc/nginx/modules", "/usr/local/nginx/modules"}) {
      candidates.push_back(fs::path(directory) / kModuleName);
    }
  }
  std::string found = FirstReadable(candidates, R_OK);
  if (!found.empty()) return found;
  return Status::NotFound((given.empty() ? kModuleName : given) +
                          " not found: build it (scripts/build), or name it with --module");
}

}  // namespace kt::cli
