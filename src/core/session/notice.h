// Something about a target that whoever is on call wants to read in the error log.
#pragma once

#include <string>

namespace kt::session {

struct Notice {
  bool warn = false;  // otherwise good news
  std::string text;   // no prompt text, no secret
};

}  // namespace kt::session
