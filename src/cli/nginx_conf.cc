#include "cli/nginx_conf.h"

#include <algorithm>

#include "core/base/text.h"

namespace kt::cli {
namespace {

// Collects lines; the first value that cannot be quoted spoils the whole.
class Writer {
 public:
  void Line(std::string_view line) { text_.append(line).append("\n"); }
  // `name "value" "value";`
  void Directive(std::string_view name, const std::vector<std::string>& values) {
    text_ += name;
    for (const std::string& value : values) {
      Result<std::string> quoted = QuotedWord(value);
      if (!quoted.ok()) {
        if (status_.ok()) status_ = quoted.status();
        return;
      }
      text_.append(" ").append(quoted.value());
    }
    text_ += ";\n";
  }
  Result<std::string> Finish() && {
    if (!status_.ok()) return status_;
    return std::move(text_);
  }

 private:
  std::string text_;
  Status status_;
};

void WriteTemporaryPaths(const std::string& run_directory, Writer* out) {
  for (const std::string name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    out->Directive(name + "_temp_path", {run_directory + "/temp/" + name});
  }
}

void WriteStatusLocations(bool loopback_only, Writer* out) {
  for (const std::string_view location : {"location = /metrics {", "location /keeptrusts/ {"}) {
    out->Line(location);
    if (loopback_only) out->Line("allow 127.0.0.1; allow ::1; deny all;");
    out->Line("keeptrusts_status;\n}");
  }
}

void WriteServers(const NginxConf& conf, Writer* out) {
  constexpr std::string_view kHealth = "location = /health { keeptrusts_status; }";
  out->Line("server {");
  out->Directive("listen", {conf.listen});
  out->Line(kHealth);
  if (conf.admin_listen.empty()) WriteStatusLocations(true, out);
  out->Line("location / {");
  if (!conf.token_file.empty()) out->Directive("keeptrusts_api_token_file", {conf.token_file});
  out->Line("keeptrusts_pass;\n}\n}");
  if (conf.admin_listen.empty()) return;
  out->Line("server {");
  out->Directive("listen", {conf.admin_listen});
  out->Line(kHealth);
  WriteStatusLocations(false, out);
  out->Line("location / { return 404; }\n}");
}

}  // namespace

Result<std::string> QuotedWord(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return Status::InvalidArgument("a path holds a control character");
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Result<std::string> RenderNginxConf(const NginxConf& conf) {
  Writer out;
  out.Line("# Written by kt gateway run, removed when it ends.");
  out.Directive("load_module", {conf.module});
  out.Line("daemon off;\nmaster_process on;\nerror_log stderr warn;");
  out.Directive("pid", {conf.run_directory + "/nginx.pid"});
  out.Directive("worker_processes", {conf.workers});
  if (!conf.user.empty()) out.Directive("user", conf.user);
  out.Line("worker_shutdown_timeout 120s;");
  out.Line("events { worker_connections " + std::to_string(conf.worker_connections) + "; }");
  out.Line("http {\naccess_log off;\nserver_tokens off;\ntcp_nodelay on;");
  WriteTemporaryPaths(conf.run_directory, &out);
  // Bodies stay in memory: a prompt is never written to a temporary file.
  const std::string most = std::to_string(conf.max_body_bytes);
  out.Line("client_max_body_size " + most + ";\nclient_body_buffer_size " + most + ";");
  out.Directive("keeptrusts_policy_config", conf.policy_files);
  out.Directive("keeptrusts_audit_dir", {conf.audit_directory});
  if (!conf.audit_key.empty()) out.Directive("keeptrusts_audit_key", {conf.audit_key});
  out.Directive("keeptrusts_fail_mode", {conf.fail_mode});
  if (!conf.rules.empty()) out.Directive("keeptrusts_rules", {conf.rules});
  if (!conf.secret_store.empty()) out.Directive("keeptrusts_secret_store", {conf.secret_store});
  WriteServers(conf, &out);
  out.Line("}");
  return std::move(out).Finish();
}

Result<std::string> RenderProbeConf(const std::string& module, const std::string& run_directory) {
  Writer out;
  out.Directive("load_module", {module});
  out.Line("error_log stderr warn;");
  out.Directive("pid", {run_directory + "/nginx.pid"});
  out.Line("events {}\nhttp {\naccess_log off;");
  WriteTemporaryPaths(run_directory, &out);
  out.Line("}");
  return std::move(out).Finish();
}

Status CheckListenAddress(std::string_view address) {
  const size_t colon = address.rfind(':');
  const std::string_view host = colon == address.npos ? "" : address.substr(0, colon);
  const std::string_view port = colon == address.npos ? address : address.substr(colon + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  unsigned long number = 0;
  if (!port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), digit)) {
    number = std::stoul(std::string(port));
  }
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string_view inner = v6 ? host.substr(1, host.size() - 2) : host;
  const bool host_ok = std::all_of(inner.begin(), inner.end(), [&](char c) {
    return digit(c) || (AsciiLower(c) >= 'a' && AsciiLower(c) <= 'z') || c == '.' || c == '-' ||
           c == '_' || (c == '*' && inner.size() == 1) || (c == ':' && v6);
  });
  const bool host_missing = colon != address.npos && host.empty();
  if (number < 1 || number > 65535 || !host_ok || host_missing) {
    return Status::InvalidArgument("not an address to listen on: \"" +
                                   std::string(CutUtf8(address, 80)) +
                                   "\"; expected host:port, [ipv6]:port or port");
  }
  return Status::Ok();
}

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") ||
         address.starts_with("[::1]:");
}

std::vector<std::string> NginxErrors(std::string_view output) {
  constexpr std::string_view kLevel = "[emerg] ";
  std::vector<std::string> errors;
  for (std::string_view rest = output; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t level = line.find(kLevel);
    const size_t colon = level == line.npos ? level : line.find(": ", level);
    if (colon != line.npos) errors.emplace_back(Trim(line.substr(colon + 2)));
  }
  if (errors.empty()) errors.emplace_back(Trim(output));
  return errors;
}

}  // namespace kt::cli
