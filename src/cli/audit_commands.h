// The commands of `kt audit`: for whoever must trust the log, and whoever reads it.
#pragma once

#include <span>

namespace kt::cli {

int AuditVerify(std::span<char*> arguments);  // 0 whole, 1 broken and where, 2 unreadable
int AuditTail(std::span<char*> arguments);
int AuditStats(std::span<char*> arguments);
int AuditExport(std::span<char*> arguments);
int AuditKeygen(std::span<char*> arguments);

}  // namespace kt::cli
