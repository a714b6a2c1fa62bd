#include "cli/gateway_run.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/args.h"
#include "cli/child.h"
#include "cli/help.h"
#include "cli/locate.h"
#include "cli/nginx_conf.h"
#include "cli/pack_check.h"
#include "cli/run_directory.h"
#include "cli/run_program.h"

namespace kt::cli {
namespace {

constexpr Option kOptions[] = {
    {"listen", OptionKind::kValue},     {"policy-config", OptionKind::kList},
    {"api-token", OptionKind::kSecret}, {"admin-listen", OptionKind::kValue},
    {"fail-mode", OptionKind::kValue},  {"workers", OptionKind::kValue},
    {"audit-dir", OptionKind::kValue},  {"user", OptionKind::kValue},
    {"rules", OptionKind::kValue},      {"secret-store", OptionKind::kValue},
    {"nginx", OptionKind::kValue},      {"module", OptionKind::kValue},
    {"audit-key", OptionKind::kValue},
};
constexpr const char* kTokenVariable = "KEEPTRUSTS_GATEWAY_TOKEN";

struct Settings {
  NginxConf conf;  // paths filled in by Prepare
  std::vector<std::string> policy_files;
  std::string token, user, nginx, module, audit_directory;
  bool audited = false;  // the chain has an audit-logger
};

void Say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  // Symbolic links stay: a reload follows them anew.
  return std::filesystem::absolute(path, error).lexically_normal().string();
}

Status Invalid(const std::string& message) {
  return Status::InvalidArgument(message);
}

Status CheckWorkers(const std::string& workers) {
  const bool number = !workers.empty() && workers.size() <= 3 && workers[0] != '0' &&
                      workers.find_first_not_of("0123456789") == workers.npos;
  if (number || workers == "auto") return Status::Ok();
  return Invalid("--workers is a number from 1 to 999 or auto");
}

// The token from the option or the variable. It leaves the environment here: nginx gets it by file.
Result<std::string> TakeToken(const Args& args) {
  std::string token = args.Get("api-token");
  if (const char* variable = ::getenv(kTokenVariable); variable != nullptr) {
    if (token.empty()) token = variable;
    if (token.empty()) return Invalid(std::string(kTokenVariable) + " is set but empty");
    ::unsetenv(kTokenVariable);
  }
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return Invalid("the API token may hold visible ASCII characters only");
  return token;
}

Result<Settings> ReadSettings(const Args& args) {
  Settings settings;
  NginxConf& conf = settings.conf;
  conf.listen = args.Get("listen", "127.0.0.1:41002");
  conf.admin_listen = args.Get("admin-listen");
  conf.fail_mode = args.Get("fail-mode", "block");
  conf.workers = args.Get("workers", "auto");
  settings.policy_files = args.List("policy-config");
  settings.user = args.Get("user");
  settings.nginx = args.Get("nginx");
  settings.module = args.Get("module");
  settings.audit_directory = args.Get("audit-dir");
  if (args.Has("audit-key")) conf.audit_key = Absolute(args.Get("audit-key"));
  if (args.Has("rules")) conf.rules = Absolute(args.Get("rules"));
  if (args.Has("secret-store")) conf.secret_store = Absolute(args.Get("secret-store"));
  if (settings.policy_files.empty()) return Invalid("--policy-config is missing");
  if (Status ok = CheckListenAddress(conf.listen); !ok.ok()) return ok;
  if (!conf.admin_listen.empty()) {
    if (Status ok = CheckListenAddress(conf.admin_listen); !ok.ok()) return ok;
    if (conf.admin_listen == conf.listen) return Invalid("--admin-listen equals --listen");
  }
  if (conf.fail_mode != "block" && conf.fail_mode != "allow") {
    return Invalid("--fail-mode is block or allow");
  }
  if (Status ok = CheckWorkers(conf.workers); !ok.ok()) return ok;
  if (!settings.user.empty() && ::geteuid() != 0) return Invalid("--user needs root");
  Result<std::string> token = TakeToken(args);
  if (!token.ok()) return token.status();
  settings.token = std::move(token).value();
  return settings;
}

// As many connections as the open-file limit carries; the soft limit is raised first.
size_t WorkerConnections() {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(std::clamp<rlim_t>(limit.rlim_cur, 64, 4096));
}

PackCheck CheckGateway(const Settings& settings) {
  PackCheck check = CheckPack(settings.policy_files, settings.conf.rules);
  if (check.ok() && check.config->providers.targets.empty()) {
    check.errors.push_back(NoTarget(settings.policy_files));
    check.chain = nullptr;
  }
  return check;
}

struct Prepared {
  std::unique_ptr<RunDirectory> directory;
  std::vector<std::string> argv;
};

Result<Prepared> Prepare(Settings* settings) {
  NginxConf& conf = settings->conf;
  const Result<std::string> nginx = FindNginx(settings->nginx);
  if (!nginx.ok()) return nginx.status();
  const Result<std::string> module = FindModule(settings->module);
  if (!module.ok()) return module.status();
  std::optional<Account> account;
  if (::geteuid() == 0) {
    Result<Account> found = FindAccount(settings->user);
    if (!found.ok()) return found.status();
    account = std::move(found).value();
    conf.user = {account->name, account->group};
  }
  const Account* workers = account ? &*account : nullptr;

  if (settings->audit_directory.empty()) {
    Result<std::string> standard = DefaultAuditDirectory();
    if (!standard.ok()) return standard.status();
    settings->audit_directory = std::move(standard).value();
  }
  conf.audit_directory = Absolute(settings->audit_directory);
  if (Status made = MakeAuditDirectory(conf.audit_directory, workers); !made.ok()) return made;

  auto directory = RunDirectory::Create(workers);
  if (!directory.ok()) return directory.status();
  conf.run_directory = directory.value()->path();
  conf.module = module.value();
  conf.worker_connections = WorkerConnections();
  for (const std::string& file : settings->policy_files)
    conf.policy_files.push_back(Absolute(file));
  if (!settings->token.empty()) {
    Result<std::string> file = directory.value()->Write("api-token", settings->token + "\n");
    if (!file.ok()) return file.status();
    conf.token_file = file.value();
  }
  const Result<std::string> text = RenderNginxConf(conf);
  if (!text.ok()) return text.status();
  const Result<std::string> file = directory.value()->Write("nginx.conf", text.value());
  if (!file.ok()) return file.status();
  return Prepared{
      std::move(directory).value(),
      {nginx.value(), "-e", "stderr", "-p", conf.run_directory + "/", "-c", file.value()}};
}

void Announce(const Settings& settings, const std::string& title) {
  const NginxConf& conf = settings.conf;
  const auto url = [](const std::string& address) {
    const bool port_only = address.find(':') == address.npos;
    return "http://" + (port_only ? "0.0.0.0:" + address : address);
  };
  Say("Loaded declarative config " + title);
  Say("Listening on " + url(conf.listen) + "/v1");
  if (!conf.admin_listen.empty()) Say("Status on " + url(conf.admin_listen) + "/keeptrusts/");
  Say(settings.audited ? "Audit log in " + conf.audit_directory
                       : "No audit log: the chain has no audit-logger");
  if (settings.token.empty() && !IsLoopback(conf.listen)) {
    Say("warning: " + conf.listen +
        " is open to other machines and asks for no token: whoever reaches it uses your provider "
        "key; set --api-token or " +
        kTokenVariable);
  }
}

// What else a reload needs beside good policy files: keys, certificates, directories.
Status TestConfiguration(std::vector<std::string> argv) {
  constexpr std::chrono::seconds kTimeout(60);
  argv.push_back("-t");
  const Result<ProgramResult> test = RunProgram(argv, kTimeout);
  if (!test.ok()) return test.status();
  if (test.value().exit_status == 0) return Status::Ok();
  std::string message;
  for (const std::string& error : NginxErrors(test.value().output)) {
    message += (message.empty() ? "error: " : "\nerror: ") + error;
  }
  return Invalid(message);
}

// SIGHUP: nginx hears of it only when all is good. It would not tell us that it has kept the old.
void Reload(const Settings& settings, const Prepared& prepared, const Child& nginx) {
  const PackCheck check = CheckGateway(settings);
  if (!check.ok()) std::fputs(DiagnosticLines(check).c_str(), stderr);
  const Status tested = check.ok() ? TestConfiguration(prepared.argv) : Status::Ok();
  if (!tested.ok()) Say(tested.message());
  if (!check.ok() || !tested.ok()) {
    Say("reload refused, the running configuration stays");
    return;
  }
  nginx.Send(SIGHUP);
  if (check.config->size_limits.max_body_bytes > settings.conf.max_body_bytes) {
    Say("warning: size_limits.max_body_bytes above " +
        std::to_string(settings.conf.max_body_bytes) + " takes effect at the next start");
  }
  Say("Loaded declarative config " + PackTitle(check.config->pack));
}

int Supervise(const Settings& settings, const Prepared& prepared, const std::string& title,
              Child* nginx) {
  constexpr std::chrono::milliseconds kStartPoll(20), kIdle(3'600'000);
  // nginx writes its pid file once its sockets listen.
  const std::string pid_file = settings.conf.run_directory + "/nginx.pid";
  bool up = false;
  while (!nginx->exit_status()) {
    const std::optional<int> signal = nginx->NextSignal(up ? kIdle : kStartPoll);
    if (signal == SIGHUP) {
      Reload(settings, prepared, *nginx);
    } else if (signal && *signal != SIGCHLD) {
      nginx->Send(*signal);
    }
    if (!up && ::access(pid_file.c_str(), F_OK) == 0) {
      up = true;
      Announce(settings, title);
    }
  }
  const int status = *nginx->exit_status();
  if (!up && status != 0) Say("nginx did not start, exit status " + std::to_string(status));
  return status;
}

}  // namespace

int GatewayRun(std::span<char*> arguments) {
  const auto args = Args::Parse(arguments, kOptions);
  if (!args.ok()) return UsageError("gateway run", args.status());
  if (args.value().Has("help")) return PrintHelp("gateway run");
  Result<Settings> read = ReadSettings(args.value());
  if (!read.ok()) return UsageError("gateway run", read.status());
  Settings settings = std::move(read).value();

  const PackCheck check = CheckGateway(settings);
  if (!check.ok()) {
    std::fputs(DiagnosticLines(check).c_str(), stderr);
    return 2;
  }
  settings.audited = check.config->audit_logger.present;
  // Below that the gateway itself refuses, and names the key.
  uint64_t& most = settings.conf.max_body_bytes;
  most = std::max(most, check.config->size_limits.max_body_bytes);
  TakeSignals();
  // nginx takes a variable of this name for sockets to inherit.
  ::unsetenv("NGINX");
  Result<Prepared> prepared = Prepare(&settings);
  if (!prepared.ok()) return Failure(prepared.status());
  Result<Child> nginx = Child::Start(prepared->argv);
  if (!nginx.ok()) return Failure(nginx.status());
  return Supervise(settings, prepared.value(), PackTitle(check.config->pack), &nginx.value());
}

}  // namespace kt::cli
