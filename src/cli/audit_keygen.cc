#include <fcntl.h>

#include <cstdio>
#include <string>

#include "cli/audit_commands.h"
#include "cli/audit_common.h"
#include "cli/help.h"
#include "core/audit/file_system.h"
#include "core/audit/keys.h"

namespace kt::cli {
namespace {

// Never over a file that is there: it may be the key of a log.
Status WriteNew(const std::string& path, std::string_view text, mode_t mode) {
  audit::FileSystem* fs = audit::FileSystem::Real();
  const audit::Fd fd(fs->Open(audit::kWorkingDirectory, path, O_WRONLY | O_CREAT | O_EXCL, mode));
  if (!fd.valid()) return audit::FileFailure("create " + path, fd.get());
  if (Status status = audit::WriteAll(fs, fd.get(), text, "write " + path); !status.ok()) {
    return status;
  }
  const int error = fs->Sync(fd.get());
  return error == 0 ? Status::Ok() : audit::FileFailure("sync " + path, error);
}

}  // namespace

int AuditKeygen(std::span<char*> arguments) {
  const auto parsed = ParseAuditArgs(arguments, {}, "FILE");
  if (!parsed.ok()) return UsageError("audit keygen", parsed.status());
  if (parsed.value().args.Has("help")) return PrintAuditHelp("keygen");
  const std::string& path = parsed.value().directory;
  const auto key = audit::SigningKey::Generate();
  if (!key.ok()) return Failure(key.status());
  std::string pem = key.value().ToPem();
  Status status = WriteNew(path, pem, 0600);
  audit::Wipe(&pem);
  if (status.ok()) status = WriteNew(path + ".pub", key.value().PublicPem(), 0644);
  if (!status.ok()) return Failure(status);
  std::printf(
      "%s: private, for keeptrusts_audit_key; keep a copy off this machine\n"
      "%s.pub: public, for kt audit verify --public-key\n%s\n",
      path.c_str(), path.c_str(), key.value().public_hex().c_str());
  return 0;
}

}  // namespace kt::cli
