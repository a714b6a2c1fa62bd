// Something that whoever is on call wants to read in the error log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::session {

struct Notice {
  bool warn = false;  // otherwise good news
  std::string text;   // no prompt text, no secret
};

// A body is judged in one go, and what else the worker has to do waits. From here on that is worth
// a line: other clients have seen their streams pause.
inline constexpr uint64_t kLongJudgementNs = 100'000'000;

// Adds a warning where judging took that long. `what`: "request", "answer"; `text_bytes`: of the
// texts in it.
void NoteLongJudgement(std::string_view what, uint64_t text_bytes, uint64_t ns,
                       std::string_view request_id, std::vector<Notice>* notices);

}  // namespace kt::session
