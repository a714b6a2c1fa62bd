#include "core/audit/open_slot.h"

#include <array>
#include <cstring>

#include "core/base/text.h"

namespace kt::audit {
namespace {

struct Field {
  std::string_view OpenRequest::*from;
  std::string_view Record::*to;
  size_t max_bytes;
};

constexpr std::array kFields = {
    Field{&OpenRequest::request_id, &Record::request_id, 64},
    Field{&OpenRequest::client_request_id, &Record::client_request_id, 96},
    Field{&OpenRequest::pack_name, &Record::pack_name, 200},
    Field{&OpenRequest::pack_version, &Record::pack_version, 64},
    Field{&OpenRequest::pack_sha256, &Record::pack_sha256, 64},
    Field{&OpenRequest::route, &Record::route, 64},
    Field{&OpenRequest::client, &Record::client, 46},
    Field{&OpenRequest::user_id, &Record::user_id, 128},
    Field{&OpenRequest::agent_id, &Record::agent_id, 96},
    Field{&OpenRequest::conversation_id, &Record::conversation_id, 128},
};

constexpr size_t MaxTextBytes() {
  size_t sum = 1;  // the flag `stream`
  for (const Field& field : kFields) sum += sizeof(uint16_t) + field.max_bytes;
  return sum;
}
static_assert(MaxTextBytes() <= sizeof(OpenSlot::text));

}  // namespace

void OpenTheSlot(const OpenRequest& request, OpenSlot* slot) noexcept {
  char* out = slot->text;
  *out++ = request.stream ? 1 : 0;
  for (const Field& field : kFields) {
    const std::string_view value = CutUtf8(request.*field.from, field.max_bytes);
    const auto bytes = static_cast<uint16_t>(value.size());
    std::memcpy(out, &bytes, sizeof bytes);
    if (bytes > 0) std::memcpy(out + sizeof bytes, value.data(), bytes);
    out += sizeof bytes + bytes;
  }
  slot->text_bytes = static_cast<uint32_t>(out - slot->text);
  slot->ts_us = request.ts_us;
  slot->record_number = 0;
  StoreRelease(&slot->state, 1);
}

bool ReadLostRequest(const OpenSlot& untrusted, Record* record) {
  record->ts_us = untrusted.ts_us;
  record->verdict = "error";
  record->reason_code = "gateway.worker_lost";
  // Years 0 to 9999: what RFC 3339 can say.
  constexpr int64_t kMaxTime = 253'402'300'799'000'000;
  if (record->ts_us < 0 || record->ts_us > kMaxTime) record->ts_us = 0;
  if (untrusted.text_bytes == 0 || untrusted.text_bytes > sizeof untrusted.text) return false;
  std::string_view rest(untrusted.text, untrusted.text_bytes);
  record->stream = rest[0] == 1;
  rest.remove_prefix(1);
  for (const Field& field : kFields) {
    uint16_t bytes = 0;
    if (rest.size() < sizeof bytes) return false;
    std::memcpy(&bytes, rest.data(), sizeof bytes);
    rest.remove_prefix(sizeof bytes);
    if (bytes > field.max_bytes || bytes > rest.size()) return false;
    record->*field.to = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
  }
  return rest.empty();
}

}  // namespace kt::audit
