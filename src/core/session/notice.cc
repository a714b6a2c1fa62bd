#include "core/session/notice.h"

namespace kt::session {

void NoteLongJudgement(std::string_view what, uint64_t text_bytes, uint64_t ns,
                       std::string_view request_id, std::vector<Notice>* notices) {
  if (ns < kLongJudgementNs) return;
  std::string text = "judging " + std::to_string(text_bytes) +
                     " bytes of text held this worker for " + std::to_string(ns / 1'000'000) +
                     " ms, ";
  if (what != "request") text.append(what).append(" to ");
  text.append("request ").append(request_id);
  notices->push_back({true, std::move(text)});
}

}  // namespace kt::session
