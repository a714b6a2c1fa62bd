// The audit log's side of the adapter: its directives at configuration time, admission and record
// of a request. The writer process is in *_audit_writer.cc.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/audit/file_system.h"
#include "core/audit/keys.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr size_t kMaxKeyBytes = 16 * 1024;

// Creates `path` and what is missing above it.
bool MakeDirectory(const std::string& path, mode_t mode) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0755);
  }
  if (mkdir(path.c_str(), mode) == 0) return true;
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return false;
  if (S_ISDIR(info.st_mode)) return access(path.c_str(), W_OK | X_OK) == 0;
  errno = S_ISLNK(info.st_mode) ? ELOOP : ENOTDIR;
  return false;
}

// nginx hands the directory to the workers' user, under which the writer process runs too.
bool AddPath(ngx_conf_t* cf, const std::string& path, AuditEntry* entry, bool managed) {
  auto* slot = static_cast<ngx_path_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_path_t)));
  if (slot == nullptr) return false;
  slot->name = CopyToPool(cf->pool, path);
  if (slot->name.data == nullptr) return false;
  slot->data = entry;
  if (managed) slot->manager = ManageAuditWriter;
  if (cf->conf_file != nullptr) {
    slot->conf_file = cf->conf_file->file.name.data;
    slot->line = cf->conf_file->line;
  }
  return ngx_add_path(cf, &slot) == NGX_OK;
}

bool ReadRootKey(ngx_conf_t* cf, const std::string& path, std::string* pem) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno, "\"keeptrusts_audit_key\" \"%s\": cannot open",
                  path.c_str());
    return false;
  }
  pem->resize(kMaxKeyBytes);
  const ssize_t n = read(fd, pem->data(), pem->size());
  close(fd);
  pem->resize(n > 0 ? static_cast<size_t>(n) : 0);
  const auto key = audit::SigningKey::FromPem(*pem);
  if (key.ok()) return true;
  audit::Wipe(pem);
  ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                "\"keeptrusts_audit_key\" \"%s\" holds no key of \"kt audit keygen\": %s",
                path.c_str(), key.status().message().c_str());
  return false;
}

// The first setting in which they differ; null: none.
const char* Difference(const config::AuditLogger& a, const config::AuditLogger& b) {
  if (a.immutable != b.immutable) return "immutable";
  if (a.retention_days != b.retention_days) return "retention_days";
  if (a.log_all_access != b.log_all_access) return "log_all_access";
  return a.hipaa_audit_controls != b.hipaa_audit_controls ? "hipaa_audit_controls" : nullptr;
}

void AddPack(const config::PolicyConfig& config, AuditEntry* entry) {
  audit::PackIdentity pack{config.pack.name, config.pack.version, config.sha256};
  auto& packs = entry->packs;
  if (std::find(packs.begin(), packs.end(), pack) == packs.end()) packs.push_back(std::move(pack));
}

// Another location with the same directory.
AuditEntry* Share(ngx_conf_t* cf, const LocationConf* conf, AuditEntry* entry) {
  const config::PolicyConfig& config = conf->gateway->gateway->config();
  if (const char* setting = Difference(entry->settings, config.audit_logger)) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "packs that share the audit directory \"%s\" differ in audit-logger's \"%s\":"
                  " \"%s\" and \"%s\"; make them agree, or give one a \"keeptrusts_audit_dir\" of"
                  " its own",
                  entry->directory.c_str(), setting, entry->packs.front().name.c_str(),
                  config.pack.name.c_str());
    return nullptr;
  }
  const bool key = entry->key_file != View(conf->audit_key);
  if (key || entry->ring_bytes != conf->audit_ring_bytes ||
      (conf->audit_ring_dir.len != 0 && entry->ring_directory != View(conf->audit_ring_dir))) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "locations that share the audit directory \"%s\" differ in \"%s\"",
                  entry->directory.c_str(),
                  key ? "keeptrusts_audit_key" : "keeptrusts_audit_ring_dir");
    return nullptr;
  }
  AddPack(config, entry);
  return entry;
}

// What is older than the new value goes soon after the reload: nobody should learn that afterwards.
void WarnOfShorterRetention(ngx_conf_t* cf, const AuditEntry& entry) {
  if (cf->cycle->old_cycle == nullptr || cf->cycle->old_cycle->conf_ctx == nullptr) return;
  auto* before = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cf->cycle->old_cycle, ngx_http_keeptrusts_module));
  if (before == nullptr) return;
  for (const auto& old : before->audits) {
    if (old->directory != entry.directory ||
        old->settings.retention_days <= entry.settings.retention_days) {
      continue;
    }
    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"retention_days\" of the audit directory \"%s\" is now %ui instead of %ui:"
                  " older segments will be deleted",
                  entry.directory.c_str(), static_cast<ngx_uint_t>(entry.settings.retention_days),
                  static_cast<ngx_uint_t>(old->settings.retention_days));
  }
}

// Whether the workers' user can get to the directory: it is not who reads the configuration.
bool WorkersReach(ngx_conf_t* cf, const std::string& directory) {
  auto* ccf =
      reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module));
  if (geteuid() != 0 || ccf->user == static_cast<ngx_uid_t>(NGX_CONF_UNSET_UINT)) return true;
  if (ccf->user == 0) return true;
  for (size_t slash = directory.find('/', 1); slash != std::string::npos;
       slash = directory.find('/', slash + 1)) {
    const std::string above = directory.substr(0, slash);
    struct stat info;
    if (stat(above.c_str(), &info) != 0) return false;
    const mode_t needed = info.st_uid == ccf->user    ? S_IXUSR
                          : info.st_gid == ccf->group ? S_IXGRP
                                                      : S_IXOTH;
    if ((info.st_mode & needed) != 0) continue;
    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "audit directory \"%s\": the workers' user \"%s\" may not enter \"%s\"",
                  directory.c_str(), ccf->username, above.c_str());
    errno = EACCES;
    return false;
  }
  return true;
}

// The directories, for both users: the master that creates them and the workers that write.
bool PrepareDirectories(ngx_conf_t* cf, AuditEntry* entry) {
  // Directories below the audit directory can be reached once nginx has handed that over.
  const bool below = entry->ring_directory.starts_with(entry->directory + "/");
  const bool log_ok = MakeDirectory(entry->directory, 0750) && WorkersReach(cf, entry->directory);
  if (log_ok && MakeDirectory(entry->ring_directory, 0700) &&
      (below || WorkersReach(cf, entry->ring_directory))) {
    return AddPath(cf, entry->directory, entry, false) &&
           AddPath(cf, entry->ring_directory, entry, true);
  }
  const ngx_err_t error = ngx_errno;
  const bool immutable = entry->settings.immutable;
  const ngx_uint_t level = immutable ? NGX_LOG_EMERG : NGX_LOG_WARN;
  ngx_log_error(level, cf->log, error, "audit %s \"%s\" cannot be created or written%s%s",
                log_ok ? "ring directory" : "directory",
                log_ok ? entry->ring_directory.c_str() : entry->directory.c_str(),
                !immutable ? ": records are dropped, as \"immutable: false\" allows"
                           : "; name another one with ",
                !immutable ? ""
                : log_ok   ? "\"keeptrusts_audit_ring_dir\""
                           : "\"keeptrusts_audit_dir\"");
  return !immutable;
}

std::unique_ptr<AuditEntry> MakeEntry(ngx_conf_t* cf, const LocationConf* conf) {
  auto entry = std::make_unique<AuditEntry>();
  entry->directory = View(conf->audit_dir);
  entry->ring_directory = View(conf->audit_ring_dir);
  if (entry->ring_directory.empty()) entry->ring_directory = entry->directory + "/rings";
  entry->ring_bytes = conf->audit_ring_bytes;
  entry->settings = conf->gateway->gateway->config().audit_logger;
  entry->key_file = View(conf->audit_key);
  entry->host.assign(reinterpret_cast<char*>(cf->cycle->hostname.data), cf->cycle->hostname.len);
  AddPack(conf->gateway->gateway->config(), entry.get());
  if (!entry->key_file.empty() && !ReadRootKey(cf, entry->key_file, &entry->root_key)) {
    return nullptr;
  }
  if (!PrepareDirectories(cf, entry.get())) return nullptr;
  WarnOfShorterRetention(cf, *entry);
  entry->rings = std::make_unique<audit::WorkerRings>(
      audit::RingOptions{entry->ring_directory, entry->ring_bytes});
  return entry;
}

// Here and not in the workers: they may read neither key.
bool PrepareDigests(ngx_conf_t* cf, const LocationConf* conf, AuditEntry* entry) {
  if (conf->audit_digest != 1 || entry->digest_key) return true;
  Result<audit::DigestKey> key =
      entry->root_key.empty()
          ? audit::DigestKey::OfDirectory(audit::FileSystem::Real(), entry->directory)
          : audit::DigestKey::FromRootKey(entry->root_key);
  if (key.ok()) {
    entry->digest_key = std::move(key.value());
    return true;
  }
  const bool immutable = entry->settings.immutable;
  const ngx_uint_t level = immutable ? NGX_LOG_EMERG : NGX_LOG_WARN;
  ngx_log_error(level, cf->log, 0,
                "\"keeptrusts_audit_digest\": no key for the audit directory \"%s\": %s%s",
                entry->directory.c_str(), key.status().message().c_str(),
                immutable ? "" : "; records will hold no digests");
  return !immutable;
}

void LogInjection(const session::Session& session, ngx_log_t* log) {
  static constexpr std::pair<std::string_view, ngx_uint_t> kLevels[] = {{"debug", NGX_LOG_DEBUG},
                                                                        {"info", NGX_LOG_INFO},
                                                                        {"notice", NGX_LOG_NOTICE},
                                                                        {"warn", NGX_LOG_WARN},
                                                                        {"error", NGX_LOG_ERR}};
  const session::Session::LogNote note = session.injection_note();
  for (const auto& [name, level] : kLevels) {
    if (name != note.level) continue;
    ngx_log_error(level, log, 0, "keeptrusts: prompt injection %s", note.text.c_str());
  }
}

// The record says that a policy failed; which of its expressions did is for who wrote it.
void LogFailure(const session::Session& session, ngx_log_t* log) {
  const std::string note = session.failure_note();
  if (note.empty()) return;
  ngx_log_error(NGX_LOG_ERR, log, 0, "keeptrusts: a text could not be checked: %s", note.c_str());
}

}  // namespace

AuditEntry::~AuditEntry() {
  audit::Wipe(&root_key);
}

AuditEntry* GetAudit(ngx_conf_t* cf, MainConf* main, const LocationConf* conf) noexcept {
  return Guard(cf->log, static_cast<AuditEntry*>(nullptr), [&]() -> AuditEntry* {
    for (const auto& entry : main->audits) {
      if (entry->directory != View(conf->audit_dir)) continue;
      AuditEntry* shared = Share(cf, conf, entry.get());
      return shared != nullptr && PrepareDigests(cf, conf, shared) ? shared : nullptr;
    }
    auto entry = MakeEntry(cf, conf);
    if (entry == nullptr || !PrepareDigests(cf, conf, entry.get())) return nullptr;
    main->audits.push_back(std::move(entry));
    return main->audits.back().get();
  });
}

char* SetAuditRingDir(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  auto* lcf = static_cast<LocationConf*>(conf);
  if (lcf->audit_ring_dir.data != nullptr) return const_cast<char*>("is duplicate");
  auto* args = static_cast<ngx_str_t*>(cf->args->elts);
  lcf->audit_ring_dir = args[1];
  if (ngx_conf_full_name(cf->cycle, &lcf->audit_ring_dir, 1) != NGX_OK) {
    return static_cast<char*>(NGX_CONF_ERROR);
  }
  if (cf->args->nelts == 2) return nullptr;
  constexpr std::string_view kMax = "max=";
  ngx_str_t size = args[2];
  if (!View(size).starts_with(kMax)) return const_cast<char*>("takes only \"max=size\" behind it");
  size.data += kMax.size();
  size.len -= kMax.size();
  const ssize_t bytes = ngx_parse_size(&size);
  if (bytes < static_cast<ssize_t>(audit::kFirstRingBytes)) {
    return const_cast<char*>("needs \"max=\" of 256k or more");
  }
  lcf->audit_ring_bytes = static_cast<size_t>(bytes);
  return nullptr;
}

void AdmitToAudit(Context* ctx) noexcept {
  AuditEntry* entry = ctx->conf->audit;
  if (entry == nullptr || ctx->admitted || ctx->recorded) return;
  // A block is an event for the record too: it is not told to the client when it cannot be kept.
  if (ctx->session->head_ready() && !ctx->session->recorded()) return;
  ngx_log_t* log = ctx->request->connection->log;
  Guard(log, 0, [&] {
    const Result<audit::Ticket> ticket = entry->rings->Admit(ctx->session->Admission());
    ctx->admitted = ticket.ok();
    if (ticket.ok()) {
      ctx->ticket = ticket.value();
      return 0;
    }
    const bool immutable = entry->settings.immutable;
    const ngx_uint_t level = immutable ? NGX_LOG_ERR : NGX_LOG_WARN;
    ngx_log_error(level, log, 0, "keeptrusts: %saudit log unavailable: %s, request %s",
                  immutable ? "request refused, " : "", ticket.status().message().c_str(),
                  std::string(ctx->session->request_id()).c_str());
    if (immutable) ctx->session->RefuseForAudit();
    return 0;
  });
}

void WriteRecord(Context* ctx, int status) noexcept {
  if (ctx->recorded) return;
  ctx->recorded = true;
  ngx_log_t* log = ctx->request->connection->log;
  Guard(log, 0, [&] {
    const audit::Record& record = ctx->session->Finish(status, Now());
    LogInjection(*ctx->session, log);
    LogFailure(*ctx->session, log);
    LogNotices(ctx);
    LogFailedAnswer(ctx, status);
    AuditEntry* entry = ctx->conf->audit;
    if (entry == nullptr) return 0;
    if (!ctx->session->recorded()) {
      if (ctx->admitted) entry->rings->Cancel(ctx->ticket);
      return 0;
    }
    if (!ctx->admitted) {
      // Refused where nothing could be admitted, such as by nginx itself: where there is room.
      const Result<audit::Ticket> ticket = entry->rings->Admit(ctx->session->Admission());
      if (!ticket.ok()) return entry->rings->Drop(), 0;
      ctx->ticket = ticket.value();
    }
    entry->rings->Append(&ctx->ticket, record, entry->settings.hipaa_audit_controls);
    ctx->kept = true;
    return 0;
  });
}

}  // namespace kt::nginx
