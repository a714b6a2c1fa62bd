// The nginx.conf that `kt gateway run` writes. Pure: options in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::cli {

struct NginxConf {
  std::string module;                      // absolute path of the .so
  std::string run_directory;               // holds pid and temporary files
  std::string listen, admin_listen;        // as nginx writes addresses; admin_listen may be empty
  std::vector<std::string> policy_files;   // absolute; read again at every reload
  std::string audit_directory, audit_key;  // the key's file; empty: none
  std::string token_file;                  // empty: no token asked for
  std::string rules, secret_store;         // directories; empty: none
  std::string fail_mode = "block";
  std::string workers = "auto";
  std::vector<std::string> user;  // name and group; empty: the present user
  size_t worker_connections = 1024;
  uint64_t max_body_bytes = 32 * 1024 * 1024;  // what nginx itself lets through
};

// kInvalidArgument: a path that cannot be written into a configuration file.
Result<std::string> RenderNginxConf(const NginxConf& conf);
// A double-quoted word of nginx's configuration language. kInvalidArgument: it cannot be written.
Result<std::string> QuotedWord(std::string_view value);
// The least with which `nginx -t` says whether it loads the module. Errors as above.
Result<std::string> RenderProbeConf(const std::string& module, const std::string& run_directory);

// `address` in a form that nginx's `listen` takes: "host:port", "[v6]:port", "port".
Status CheckListenAddress(std::string_view address);
// Only this machine can connect to it.
bool IsLoopback(std::string_view address);

// The lines of nginx's output that say why it does not start, without time, level and process. At
// least one: where there is no such line, the whole output.
std::vector<std::string> NginxErrors(std::string_view output);

}  // namespace kt::cli
