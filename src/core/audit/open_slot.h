// What is known of a request when it is admitted: enough for the record that is written in its
// place when its worker is killed (`gateway.worker_lost`). Never text, never a secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/audit/record.h"
#include "core/audit/ring_layout.h"

namespace kt::audit {

struct OpenRequest {
  int64_t ts_us = 0;  // UTC
  std::string_view request_id, client_request_id, pack_name, pack_version, pack_sha256, route,
      client, user_id, agent_id, conversation_id;  // client strings untrusted; kept up to a bound
  bool stream = false;
};

// Takes the slot, which must be free, for `request`.
void OpenTheSlot(const OpenRequest& request, OpenSlot* slot) noexcept;
inline void FreeTheSlot(OpenSlot* slot) noexcept {
  StoreRelease(&slot->state, 0);
}

// The record of a request whose worker died, from a copy of its slot, which the record refers to.
// False: the slot's bytes are not what OpenTheSlot writes; the record then has what could be read.
bool ReadLostRequest(const OpenSlot& untrusted, Record* record);

}  // namespace kt::audit
