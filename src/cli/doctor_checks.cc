#include "cli/doctor_checks.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include "cli/locate.h"
#include "cli/nginx_conf.h"
#include "cli/pack_check.h"
#include "cli/reach.h"
#include "cli/run_directory.h"
#include "cli/run_program.h"
#include "core/base/text.h"
#include "core/routing/target.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;
using State = Finding::State;

constexpr std::chrono::seconds kProgramTimeout(10), kReachTimeout(3);

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = ::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

Finding Version(const std::string& nginx) {
  constexpr std::string_view kBefore = "nginx version: ";
  const auto run = RunProgram({nginx, "-v"}, kProgramTimeout);
  const bool good = run.ok() && run.value().exit_status == 0 &&
                    run.value().output.find(kBefore) != std::string::npos;
  if (!good) {
    return {State::kWrong, "nginx", nginx + " does not tell its version",
            "it may be no nginx, or for another machine; install nginx, or name it with --nginx"};
  }
  const std::string& output = run.value().output;
  const size_t begin = output.find(kBefore) + kBefore.size();
  const std::string version(Trim(output.substr(begin, output.find('\n', begin) - begin)));
  return {State::kGood, "nginx", nginx + ", " + version, ""};
}

Result<ProgramResult> TryLoading(const std::string& nginx, const std::string& module) {
  auto directory = RunDirectory::Create(nullptr);
  if (!directory.ok()) return directory.status();
  const std::string& path = directory.value()->path();
  const Result<std::string> text = RenderProbeConf(module, path);
  if (!text.ok()) return text.status();
  const Result<std::string> file = directory.value()->Write("nginx.conf", text.value());
  if (!file.ok()) return file.status();
  return RunProgram({nginx, "-t", "-e", "stderr", "-p", path + "/", "-c", file.value()},
                    kProgramTimeout);
}

Finding Loads(const std::string& nginx, const std::string& module) {
  const auto run = TryLoading(nginx, module);
  if (!run.ok()) return {State::kWrong, "module", module, run.status().message()};
  if (run.value().exit_status == 0) {
    return {State::kGood, "module", module + ", loaded by this nginx", ""};
  }
  return {
      State::kWrong, "module",
      module + " is not loaded: " + NginxErrors(run.value().output).front(),
      "a module fits the nginx that it was built for: build it for this one (scripts/build), or "
      "name another pair with --nginx and --module"};
}

// The name of a reference, as it is written.
std::string NameOf(const config::SecretRef& ref) {
  if (!ref.env.empty()) return "environment variable " + ref.env;
  return ref.file.empty() ? "store entry " + ref.store : "file " + ref.file;
}

Finding CheckKey(const std::string& what, const config::SecretRef& ref,
                 const routing::SecretSource& source, const std::string& consequence) {
  const auto value = routing::ResolveSecret(ref, source);
  if (value.ok()) return {State::kGood, what, NameOf(ref) + " is there", ""};
  const bool variable = !ref.env.empty();
  const std::string set = variable ? "set " + ref.env + " where the gateway is started"
                          : ref.file.empty()
                              ? "write it there, and name the store's directory with "
                                "--secret-store"
                              : "write the key into that file";
  return {State::kWrong, what, value.status().message(), consequence + ": " + set};
}

// Of a client certificate: nginx does not start without either file.
void CheckCertificate(const config::Target& target, std::vector<Finding>* findings) {
  if (target.client_certificate.empty()) return;
  const std::string what = "client certificate of target " + target.id;
  for (const std::string& file : {target.client_certificate, target.client_certificate_key}) {
    if (::access(file.c_str(), R_OK) == 0) continue;
    findings->push_back({State::kWrong, what, file + " cannot be read: " + std::strerror(errno),
                         "the gateway does not start without it: put the PEM file there"});
    return;
  }
  findings->push_back(
      {State::kGood, what, target.client_certificate + " and its key are there", ""});
}

}  // namespace

std::vector<Finding> CheckNginx(const std::string& nginx, const std::string& module) {
  std::vector<Finding> findings;
  const Result<std::string> found = FindNginx(nginx), found_module = FindModule(module);
  findings.push_back(found.ok()
                         ? Version(found.value())
                         : Finding{State::kWrong, "nginx", "none", found.status().message()});
  if (!found_module.ok()) {
    findings.push_back({State::kWrong, "module", "none", found_module.status().message()});
  } else if (findings[0].state != State::kGood) {
    findings.push_back(
        {State::kNotChecked, "module", found_module.value(), "needs an nginx to be loaded by"});
  } else {
    findings.push_back(Loads(found.value(), found_module.value()));
  }
  return findings;
}

std::vector<Finding> CheckConfiguration(const std::vector<std::string>& files,
                                        const std::string& rules,
                                        std::shared_ptr<const config::PolicyConfig>* config) {
  const PackCheck check = CheckPack(files, rules);
  std::vector<Finding> findings;
  for (const config::Diagnostic& error : check.errors) {
    findings.push_back({State::kWrong, "configuration", error.ToString(),
                        "the gateway does not start with it: correct it; `kt policy lint` checks "
                        "it alone"});
  }
  if (!check.ok()) return findings;
  *config = check.config;
  std::string found = PackTitle(check.config->pack) + " is valid";
  if (!check.warnings.empty()) {
    found += ", with " + std::to_string(check.warnings.size()) + " warning" +
             (check.warnings.size() == 1 ? "" : "s") + ": see `kt policy lint`";
  }
  findings.push_back({State::kGood, "configuration", found, ""});
  if (!check.config->pack.enabled) {
    findings.push_back({State::kWrong, "configuration", "pack.enabled is false",
                        "every request is refused with 503 pack_disabled: set it to true"});
  }
  return findings;
}

std::vector<Finding> CheckKeys(const config::PolicyConfig& config,
                               const std::string& secret_store) {
  const routing::SecretSource source{FromEnvironment, secret_store};
  std::vector<Finding> findings;
  if (config.pii_detector.marker_format == config::MarkerFormat::kHash) {
    findings.push_back(CheckKey("key of pii-detector's hashes", config.pii_detector.hash_key_ref,
                                source, "the gateway does not start without it"));
  }
  for (const config::Target& target : config.providers.targets) {
    const std::string what = "key of target " + target.id;
    if (target.echo || target.secret_key_ref.empty()) {
      findings.push_back({State::kGood, what, "none is needed", ""});
    } else {
      findings.push_back(CheckKey(what, target.secret_key_ref, source,
                                  "the gateway starts, but never asks this target"));
    }
    CheckCertificate(target, &findings);
  }
  if (config.providers.targets.empty()) {
    findings.push_back({State::kNotChecked, "targets", "the configuration has none",
                        "enough for `keeptrusts on`; `keeptrusts_pass` and `kt gateway run` do not "
                        "start without one"});
  }
  return findings;
}

std::vector<Finding> CheckReach(const config::PolicyConfig& config) {
  std::vector<Finding> findings;
  for (const config::Target& target : config.providers.targets) {
    const std::string what = "way to target " + target.id;
    if (target.echo) {
      findings.push_back({State::kGood, what, "it is inside the module", ""});
      continue;
    }
    const std::string& host = target.base_url.host;
    const std::string port = std::to_string(target.base_url.port);
    const Result<std::string> reached = Reach(host, target.base_url.port, kReachTimeout);
    if (reached.ok()) {
      findings.push_back(
          {State::kGood, what, host + " port " + port + " answers at " + reached.value(), ""});
      continue;
    }
    const bool name = reached.status().code() == StatusCode::kNotFound;
    findings.push_back(
        {State::kWrong, what,
         name ? reached.status().message() : host + ": " + reached.status().message(),
         name ? "requests to it fail: check base_url and this machine's resolver (the name of an "
                "upstream{} of nginx.conf is known to nginx only)"
              : "requests to it fail: check base_url, that the provider runs, and firewalls on the "
                "way"});
  }
  return findings;
}

Finding CheckAuditDirectory(const std::string& directory) {
  constexpr const char* kWhat = "audit directory";
  constexpr const char* kAdvice =
      "with an immutable log the gateway does not start: make it writable for the account of "
      "nginx's workers, or name another";
  std::error_code error;
  const fs::path path = fs::absolute(directory, error).lexically_normal();
  // A missing one is made at the start, in the nearest that is there.
  fs::path nearest = path;
  while (!fs::exists(nearest, error) && nearest.has_relative_path()) {
    nearest = nearest.parent_path();
  }
  if (!fs::is_directory(nearest, error)) {
    return {State::kWrong, kWhat, nearest.string() + " is no directory", kAdvice};
  }
  if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
    return {State::kWrong, kWhat, nearest.string() + ": " + std::strerror(errno), kAdvice};
  }
  const bool there = nearest == path;
  return {State::kGood, kWhat, path.string() + (there ? " is writable" : " can be made"), ""};
}

}  // namespace kt::cli
