#include "core/audit/worker_rings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/audit/ring_file.h"
#include "core/audit/ring_reader.h"
#include "log_files.h"

namespace kt::audit {
namespace {

class WorkerRingsTest : public testing::Test {
 protected:
  WorkerRings Make(uint64_t max_bytes) { return WorkerRings({directory_.path(), max_bytes}); }
  TemporaryDirectory directory_;
};

TEST_F(WorkerRingsTest, MakesNoFileBeforeTheFirstRequest) {
  WorkerRings rings = Make(kFirstRingBytes);
  EXPECT_TRUE(ListRings(directory_.path()).value().empty());
  EXPECT_EQ(rings.stats().rings, 0u);
}

// A writer that looks for dead workers' files sees them before they are locked.
TEST_F(WorkerRingsTest, AreMadeWhileTheDirectoryIsListed) {
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    while (!ended) EXPECT_TRUE(ListRings(directory_.path()).ok());
  });
  for (int i = 0; i < 2000; ++i) {
    const Result<RingFile> ring = RingFile::Create(directory_.path(), kMinRingDataBytes);
    EXPECT_TRUE(ring.ok()) << i << " " << ring.status().message();
    const auto names = ListRings(directory_.path());
    for (const std::string& name : names.value()) {
      EXPECT_TRUE(RetireRing(directory_.path(), name, true).ok());
    }
  }
  ended = true;
  writer.join();
}

TEST_F(WorkerRingsTest, GrowsForManyOpenRequests) {
  WorkerRings rings = Make(128 * 1024 * 1024);
  std::vector<Ticket> open;
  for (int i = 0; i < 3000; ++i) {
    Result<Ticket> ticket = rings.Admit({});
    ASSERT_TRUE(ticket.ok()) << i << " " << ticket.status().message();
    open.push_back(ticket.value());
  }
  EXPECT_EQ(rings.stats().open_requests, 3000u);
  EXPECT_LE(rings.stats().ring_bytes, 128u * 1024 * 1024);
  for (Ticket& ticket : open) rings.Append(&ticket, Record(), false);
  EXPECT_EQ(rings.stats().open_requests, 0u);
  EXPECT_EQ(rings.stats().written, 3000u);
}

TEST_F(WorkerRingsTest, RefusesAtItsLimitAndRecovers) {
  WorkerRings rings = Make(kFirstRingBytes);
  Ticket first;
  for (bool some = false;; some = true) {
    Result<Ticket> ticket = rings.Admit({});
    if (!ticket.ok()) {
      EXPECT_EQ(ticket.status().code(), StatusCode::kUnavailable);
      ASSERT_TRUE(some);
      break;
    }
    first = ticket.value();
  }
  rings.Cancel(first);
  EXPECT_TRUE(rings.Admit({}).ok());
}

TEST_F(WorkerRingsTest, UsesTheWholeOfAnOddLimit) {
  WorkerRings rings = Make(4 * kFirstRingBytes);  // 1 + 2 + 1
  while (rings.Admit({}).ok()) continue;
  EXPECT_EQ(rings.stats().ring_bytes, 4 * kFirstRingBytes);
}

TEST_F(WorkerRingsTest, WorksAgainOnceItsDirectoryIsThere) {
  const std::string later = directory_.path() + "/later";
  WorkerRings rings({later, kFirstRingBytes});
  EXPECT_EQ(rings.Admit({}).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(MakeRingDirectory(later).ok());
  EXPECT_TRUE(rings.Admit({}).ok());
}

TEST_F(WorkerRingsTest, CountsDropsAlsoBeforeThereIsARing) {
  const std::string later = directory_.path() + "/later";
  WorkerRings rings({later, kFirstRingBytes});
  rings.Drop();
  rings.Drop();
  ASSERT_TRUE(MakeRingDirectory(later).ok());
  ASSERT_TRUE(rings.Admit({}).ok());
  rings.Drop();
  EXPECT_EQ(rings.stats().dropped, 3u);
  Result<RingFile> file = RingFile::Open(later, ListRings(later).value().at(0));
  ASSERT_TRUE(file.ok());
  Result<RingReader> reader = RingReader::Open(file->memory());
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->NewlyDropped(), 3u);
  reader->MarkDroppedLogged(3);
  EXPECT_EQ(reader->NewlyDropped(), 0u);
}

TEST_F(WorkerRingsTest, TakesAnotherRingWhenOneIsCondemned) {
  WorkerRings rings = Make(kFirstRingBytes);
  const Ticket ticket = rings.Admit({}).value();
  Result<RingFile> file =
      RingFile::Open(directory_.path(), ListRings(directory_.path()).value()[0]);
  RingReader::Open(file->memory())->Condemn();
  EXPECT_TRUE(rings.Admit({}).ok());
  EXPECT_EQ(rings.stats().rings, 2u);
  rings.Cancel(ticket);
}

TEST_F(WorkerRingsTest, RingsTheBellForWhoeverWaits) {
  Result<Doorbell> bell = Doorbell::Open(directory_.path());
  ASSERT_TRUE(bell.ok());
  WorkerRings rings = Make(kFirstRingBytes);
  Ticket ticket = rings.Admit({}).value();
  rings.Append(&ticket, Record(), true);
  char byte = 0;
  EXPECT_EQ(read(bell->fd(), &byte, 1), 1);
  EXPECT_FALSE(rings.Durable(ticket));
}

}  // namespace
}  // namespace kt::audit
