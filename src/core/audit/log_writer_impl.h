// The writer's state, shared by log_writer.cc, log_writer_open.cc and retention.cc. Not for others.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/audit/file_system.h"
#include "core/audit/keys_state.h"
#include "core/audit/log_writer.h"
#include "core/audit/segment.h"
#include "core/audit/segment_recovery.h"

namespace kt::audit {

class Log final : public LogWriter {
 public:
  Log(const LogOptions& options, FileSystem* fs, int64_t now_us);

  Status Append(std::string_view record_json, RingId ring, uint64_t number) override;
  Status Sync(int64_t now_us) override;
  Status Tick(int64_t now_us) override;
  Status Close(int64_t now_us) override;
  uint64_t LastNumber(RingId ring) const override;
  void Forget(RingId ring) override;
  int64_t NextTickUs() const override;
  uint64_t last_seq() const override { return head_.seq; }
  std::vector<std::string> TakeNotices() override { return std::exchange(notices_, {}); }

  // log_writer_open.cc
  Status Start(const std::string& root_key);

 private:
  struct RingState {
    uint64_t number = 0, seq = 0;  // seq: of its last record, says which rings are in use
  };

  // ---- log_writer.cc
  Status Flush();  // writes the buffer, makes it durable
  Status CheckInPlace();
  void GiveUpSegment();
  Status SignCheckpoint(std::string_view reason);
  // Signed by `root` where a lineage begins, otherwise by the key that the header before named.
  Status BeginSegment(const std::string& reason, const SigningKey* root);
  std::string HeaderMembers(const std::string& reason, const SigningKey* root) const;
  Status PlaceSegment(const std::string& name, std::string_view bytes);
  Status EnsureSegment();
  Status SaveKeys();
  Status Rotate(const std::string& reason);

  // ---- log_writer_open.cc
  Status TakeLock();
  Status ReadNewest(std::vector<SegmentName>* segments, SegmentState* newest, Fd* fd);
  Status BeginBehindDamage(const std::vector<SegmentName>& segments, const std::string& root_key);
  void Adopt(const SegmentState& newest, const SegmentName& name);
  // Why the keys cannot go on with the log; empty: they can, and now stand behind it.
  Result<std::string> MatchKeys(Result<KeysState> keys, const SegmentState& newest);
  Status BeginLineage(const std::string& reason, const std::string& root_key);
  Status GoOn(const SegmentState& newest, const SegmentName& name, Fd fd);

  // ---- retention.cc
  Status Prune();
  Status KeepHeaders(const std::vector<std::string>& lines, uint64_t last_kept);

  LogOptions options_;  // without the root key
  FileSystem* fs_;
  int64_t now_us_;
  Fd directory_, lock_, segment_;
  FileInfo directory_info_;
  KeysState keys_;
  bool keys_unsaved_ = false;
  ChainBuilder chain_;

  // Of the segment that is written, or was written last when segment_ is not open.
  uint64_t number_ = 0;
  uint64_t damaged_ = 0;  // segments behind it whose header cannot be read: nothing of them counts
  std::string number_lineage_;
  int64_t segment_begun_us_ = 0;
  uint64_t durable_bytes_ = 0;
  bool closed_ = false;      // nothing lies behind them, and nothing will
  std::string next_reason_;  // why the next segment begins

  ChainHead head_, durable_head_;
  std::string buffer_;
  std::map<RingId, RingState> rings_;
  std::vector<std::pair<RingId, RingState>> undo_;  // rings as they were at the last sync
  int64_t checkpoint_us_ = 0;                       // of the last checkpoint or header
  uint64_t checkpoint_seq_ = 0;
  int64_t retention_us_ = 0;  // when retention looks again
  json::View record_view_;
  std::string line_;
  std::vector<std::string> notices_;
};

}  // namespace kt::audit
