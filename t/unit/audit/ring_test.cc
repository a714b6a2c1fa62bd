#include "core/audit/ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <set>

#include "core/audit/ring_reader.h"
#include "log_files.h"

namespace kt::audit {
namespace {

constexpr uint64_t kBytes = 128 * 1024;

std::string Json(int i, size_t padding = 0) {
  return "{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(padding, 'x') + "\"}";
}

OpenRequest Request(std::string_view id) {
  OpenRequest request;
  request.ts_us = 1'700'000'000'000'000;
  request.request_id = id;
  request.pack_name = "demo";
  request.route = "chat/completions";
  request.user_id = "user";
  return request;
}

class RingTest : public testing::Test {
 protected:
  Ring MakeRing(uint64_t bytes = kBytes) {
    Result<Ring> ring = Ring::Create(directory_.path(), bytes);
    EXPECT_TRUE(ring.ok()) << ring.status().message();
    return std::move(ring).value();
  }
  std::string OnlyName() {
    const auto names = ListRings(directory_.path());
    EXPECT_TRUE(names.ok() && names.value().size() == 1);
    return names.value().at(0);
  }
  RingFile MapOnly() {
    Result<RingFile> file = RingFile::Open(directory_.path(), OnlyName());
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::move(file).value();
  }
  static RingReader ReaderOf(const RingFile& file) {
    Result<RingReader> reader = RingReader::Open(file.memory());
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    return std::move(reader).value();
  }
  static std::vector<std::string> ReadAll(RingReader* reader) {
    std::vector<std::string> all;
    std::string record;
    uint64_t number = 0;
    for (;;) {
      const Result<bool> next = reader->Next(&record, &number);
      EXPECT_TRUE(next.ok()) << next.status().message();
      if (!next.ok() || !next.value()) return all;
      all.push_back(record);
    }
  }

  TemporaryDirectory directory_;
};

TEST_F(RingTest, GivesRecordsInOrder) {
  Ring ring = MakeRing();
  for (int i = 0; i < 5; ++i) ring.Publish(ring.Admit(Request("r")), Json(i));
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  EXPECT_EQ(ReadAll(&reader),
            (std::vector<std::string>{Json(0), Json(1), Json(2), Json(3), Json(4)}));
}

TEST_F(RingTest, GivesBackRoomOnRelease) {
  Ring ring = MakeRing();
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  // Many times its size, with lengths that meet the end of the data at every remainder.
  for (int i = 0; i < 5000; ++i) {
    const int slot = ring.Admit(Request("r"));
    ASSERT_GE(slot, 0) << i;
    const std::string json = Json(i, static_cast<size_t>(i * 37 % 3000));
    const uint64_t position = ring.Publish(slot, json);
    EXPECT_FALSE(ring.Durable(position));
    ASSERT_EQ(ReadAll(&reader), std::vector<std::string>{json});
    reader.Release(1);
    EXPECT_TRUE(ring.Durable(position));
  }
}

TEST_F(RingTest, RefusesWhatMightNotFit) {
  Ring ring = MakeRing();
  std::vector<int> slots;
  for (;;) {
    const int slot = ring.Admit(Request("r"));
    if (slot < 0) break;
    slots.push_back(slot);
  }
  EXPECT_EQ(slots.size(), kBytes / kMaxFrameBytes);
  // Every admitted request can write the largest record.
  for (const int slot : slots) ring.Publish(slot, Json(0, kMaxRecordBytes - 20));
  EXPECT_LT(ring.Admit(Request("r")), 0);
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  EXPECT_EQ(ReadAll(&reader).size(), slots.size());
}

TEST_F(RingTest, IsFullUntilTheConsumerReleases) {
  Ring ring = MakeRing();
  int published = 0;
  for (int slot = ring.Admit(Request("r")); slot >= 0; slot = ring.Admit(Request("r"))) {
    ring.Publish(slot, Json(published++, 1000));
  }
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  EXPECT_EQ(ReadAll(&reader).size(), static_cast<size_t>(published));
  EXPECT_LT(ring.Admit(Request("r")), 0);
  reader.Release(1);
  EXPECT_GE(ring.Admit(Request("r")), 0);
}

TEST_F(RingTest, RewindGivesUnreleasedRecordsAgain) {
  Ring ring = MakeRing();
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  ring.Publish(ring.Admit(Request("r")), Json(1));
  ReadAll(&reader);
  reader.Release(1);
  ring.Publish(ring.Admit(Request("r")), Json(2));
  EXPECT_EQ(ReadAll(&reader), std::vector<std::string>{Json(2)});
  reader.Rewind();
  EXPECT_EQ(ReadAll(&reader), std::vector<std::string>{Json(2)});
  RingReader follower = ReaderOf(file);
  EXPECT_EQ(ReadAll(&follower), std::vector<std::string>{Json(2)});
}

TEST_F(RingTest, NamesTheRequestsThatHaveNoRecord) {
  Ring ring = MakeRing();
  const int done = ring.Admit(Request("done")), open = ring.Admit(Request("open"));
  const int cancelled = ring.Admit(Request("cancelled"));
  ring.Publish(done, Json(1));
  ring.Cancel(cancelled);
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  ReadAll(&reader);
  reader.Release(1);
  const auto lost = reader.LostRequests();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].record.request_id, "open");
  EXPECT_EQ(lost[0].record.reason_code, "gateway.worker_lost");
  EXPECT_EQ(lost[0].record.pack_name, "demo");
  EXPECT_EQ(lost[0].record.user_id, "user");
  EXPECT_EQ(lost[0].number, 2u + static_cast<uint64_t>(open));
}

// Killed between the commit and the freeing of the slot.
TEST_F(RingTest, ARecordedRequestIsNotLostThoughItsSlotIsOpen) {
  Ring ring = MakeRing();
  const int slot = ring.Admit(Request("r"));
  ring.Publish(slot, Json(1));
  const RingFile file = MapOnly();
  auto* slots = reinterpret_cast<OpenSlot*>(file.memory().data() + kRingPageBytes);
  ASSERT_EQ(slots[slot].record_number, 1u);
  slots[slot].state = 1;
  RingReader reader = ReaderOf(file);
  ReadAll(&reader);
  reader.Release(1);
  EXPECT_TRUE(reader.LostRequests().empty());
  RingReader follower = ReaderOf(file);  // one that has read no frame itself
  EXPECT_TRUE(follower.LostRequests().empty());
}

// Killed between the note in the slot and the commit.
TEST_F(RingTest, ARequestWhoseRecordWasNotPublishedIsLost) {
  Ring ring = MakeRing();
  const int slot = ring.Admit(Request("r"));
  const RingFile file = MapOnly();
  auto* slots = reinterpret_cast<OpenSlot*>(file.memory().data() + kRingPageBytes);
  slots[slot].record_number = 1;
  RingReader reader = ReaderOf(file);
  EXPECT_TRUE(ReadAll(&reader).empty());
  EXPECT_EQ(reader.LostRequests().size(), 1u);
}

TEST_F(RingTest, BoundsWhatASlotKeeps) {
  Ring ring = MakeRing();
  const std::string large(5000, 'u');
  OpenRequest request;
  request.request_id = request.client_request_id = request.pack_name = request.pack_version =
      request.pack_sha256 = request.route = request.client = request.user_id = request.agent_id =
          request.conversation_id = large;
  ring.Admit(request);
  const RingFile file = MapOnly();
  const RingReader reader = ReaderOf(file);
  const auto lost = reader.LostRequests();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].record.user_id, large.substr(0, 128));
  EXPECT_EQ(lost[0].record.conversation_id, large.substr(0, 128));
}

TEST_F(RingTest, TheKernelTellsWhenTheProducerHasEnded) {
  auto ring = std::make_unique<Ring>(MakeRing());
  RingFile file = MapOnly();
  EXPECT_FALSE(file.ProducerEnded());
  ring.reset();
  EXPECT_TRUE(file.ProducerEnded());
}

TEST_F(RingTest, TheBellIsNeededOnceForEachSleep) {
  Ring ring = MakeRing();
  const RingFile file = MapOnly();
  RingReader reader = ReaderOf(file);
  EXPECT_TRUE(ring.TakeSleeping());  // a new ring: nobody knows it yet
  EXPECT_FALSE(ring.TakeSleeping());
  EXPECT_TRUE(reader.BeginSleep());
  ring.Publish(ring.Admit(Request("r")), Json(1));
  EXPECT_TRUE(ring.TakeSleeping());
  EXPECT_FALSE(ring.TakeSleeping());
  EXPECT_FALSE(reader.BeginSleep());  // something is published
}

TEST_F(RingTest, AllBlocksOfAFileAreThere) {
  const Ring ring = MakeRing();
  struct stat info;
  ASSERT_EQ(stat((directory_.path() + "/" + OnlyName()).c_str(), &info), 0);
  EXPECT_GE(info.st_blocks * 512, info.st_size);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(RingTest, ALinkOrAFifoInPlaceOfARingIsRefused) {
  const std::string path = directory_.path() + "/ring-0000000000000001";
  ASSERT_EQ(symlink("/etc/passwd", path.c_str()), 0);
  EXPECT_FALSE(RingFile::Open(directory_.path(), "ring-0000000000000001").ok());
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(RingFile::Open(directory_.path(), "ring-0000000000000001").ok());
}

TEST_F(RingTest, ADirectoryThatIsALinkIsRefused) {
  const std::string link = directory_.path() + "/link";
  ASSERT_EQ(symlink("/tmp", link.c_str()), 0);
  EXPECT_FALSE(Ring::Create(link, kBytes).ok());
}

TEST_F(RingTest, HalfMadeFilesOfTheDeadAreRemoved) {
  const std::string path = directory_.path() + "/ring-0000000000000001.new";
  close(creat(path.c_str(), 0600));
  EXPECT_TRUE(ListRings(directory_.path()).value().empty());
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

// Every byte of header and first frame, changed: an error or other records, never more than that.
TEST_F(RingTest, DamageIsAnErrorAndNothingWorse) {
  Ring ring = MakeRing(kMinRingDataBytes);
  for (int i = 0; i < 3; ++i) ring.Publish(ring.Admit(Request("r")), Json(i));
  const RingFile file = MapOnly();
  const std::vector<uint8_t> whole(file.memory().begin(), file.memory().end());
  const uint64_t data = reinterpret_cast<const RingHeader*>(whole.data())->data_offset;
  for (uint64_t at = 0; at < data + 64; at = at == 511 ? data : at + 1) {
    for (const uint8_t bits : {0x01, 0x10, 0x80, 0xff}) {
      std::vector<uint8_t> bytes = whole;
      bytes[at] ^= bits;
      Result<RingReader> reader = RingReader::Open(bytes);
      if (!reader.ok()) continue;
      std::string record;
      uint64_t number = 0;
      int records = 0;
      for (;;) {
        const Result<bool> next = reader->Next(&record, &number);
        if (!next.ok() || !next.value()) break;
        ASSERT_LT(++records, 4);
        EXPECT_EQ(record, Json(static_cast<int>(number) - 1));
      }
      reader->LostRequests();
    }
  }
}

// A worker that is killed at any moment: every record that it was told is kept is there, whole,
// and each admitted request is either recorded or lost, never both.
TEST_F(RingTest, AKilledProducerLosesAndRepeatsNothing) {
  for (int round = 0; round < 20; ++round) {
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipes[0]);
      Result<Ring> ring = Ring::Create(directory_.path(), 8 * 1024 * 1024);
      for (int i = 0; ring.ok(); ++i) {
        const int slot = ring->Admit(Request(std::to_string(i)));
        if (slot < 0) break;
        if (write(pipes[1], &i, sizeof i) != sizeof i) break;
        ring->Publish(slot, Json(i, static_cast<size_t>(i % 900)));
        const int done = ~i;
        if (write(pipes[1], &done, sizeof done) != sizeof done) break;
      }
      _exit(0);
    }
    close(pipes[1]);
    std::set<int> admitted, kept;
    int told = 0;
    while (read(pipes[0], &told, sizeof told) == sizeof told) {
      if (told >= 0) admitted.insert(told);
      if (told < 0) kept.insert(~told);
      if (kept.size() > static_cast<size_t>(round * 13)) kill(child, SIGKILL);
    }
    close(pipes[0]);
    waitpid(child, nullptr, 0);
    const std::string name = OnlyName();
    RingFile file = MapOnly();
    ASSERT_TRUE(file.ProducerEnded());
    RingReader reader = ReaderOf(file);
    std::multiset<int> found;
    for (const std::string& json : ReadAll(&reader)) found.insert(std::atoi(json.c_str() + 5));
    reader.Release(1);
    for (const int i : kept) EXPECT_EQ(found.count(i), 1u) << i;
    for (const LostRequest& lost : reader.LostRequests()) {
      found.insert(std::stoi(std::string(lost.record.request_id)));
    }
    for (const int i : admitted) EXPECT_EQ(found.count(i), 1u) << i;
    ASSERT_TRUE(RetireRing(directory_.path(), name, true).ok());
  }
}

}  // namespace
}  // namespace kt::audit
