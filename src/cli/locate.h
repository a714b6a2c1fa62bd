// Finds the programs that kt needs on this machine.
#pragma once

#include <string>

#include "core/base/status.h"

namespace kt::cli {

// `given` (made absolute), or $KT_NGINX, or nginx in $PATH and the usual sbin directories.
Result<std::string> FindNginx(const std::string& given);
// `given`, or the module beside kt itself, or in nginx's modules directory.
Result<std::string> FindModule(const std::string& given);

}  // namespace kt::cli
