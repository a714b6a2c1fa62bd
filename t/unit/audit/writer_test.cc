#include "core/audit/writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "core/audit/file_system.h"
#include "core/audit/worker_rings.h"
#include "log_files.h"

namespace kt::audit {
namespace {

constexpr int64_t kStart = 1'700'000'000'000'000;

class WriterTest : public testing::Test {
 protected:
  WriterTest() { Make(log_directory_); }

  static void Make(const std::string& path) { ASSERT_EQ(mkdir(path.c_str(), 0750), 0); }
  std::unique_ptr<Writer> MakeWriter(FileSystem* fs = nullptr) {
    WriterOptions options;
    options.ring_directory = ring_directory_;
    options.log.directory = log_directory_;
    return std::make_unique<Writer>(options, fs);
  }
  std::unique_ptr<WorkerRings> MakeRings(uint64_t max_bytes = 128 << 20) {
    EXPECT_TRUE(MakeRingDirectory(ring_directory_).ok());
    return std::make_unique<WorkerRings>(RingOptions{ring_directory_, max_bytes});
  }
  void Run(Writer* writer, int rounds = 3) {
    for (int i = 0; i < rounds; ++i) writer->Run(now_us_ += 1'100'000);
  }
  Ticket Write(WorkerRings* rings, const std::string& id) {
    OpenRequest open;
    open.request_id = id;
    Ticket ticket = rings->Admit(open).value();
    Record record;
    record.ts_us = kStart;
    record.request_id = id;
    rings->Append(&ticket, record, false);
    return ticket;
  }
  // The request ids in the log, in order; "gap" for a gap.
  std::vector<std::string> Logged() {
    std::vector<std::string> files, ids;
    for (const auto& entry : std::filesystem::directory_iterator(log_directory_)) {
      if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) {
        constexpr std::string_view kName = "\"request_id\":\"";
        if (line.find("gateway.gap") != std::string::npos) ids.push_back("gap");
        const size_t at = line.find(kName);
        if (at == std::string::npos) continue;
        const size_t begin = at + kName.size();
        ids.push_back(line.substr(begin, line.find('"', begin) - begin));
      }
    }
    return ids;
  }

  TemporaryDirectory directory_;
  std::string log_directory_ = directory_.path() + "/log";
  std::string ring_directory_ = log_directory_ + "/rings";
  int64_t now_us_ = kStart;
};

using Ids = std::vector<std::string>;

// Fails the Nth write or sync, once.
class FailingOnce : public FileSystem {
 public:
  explicit FailingOnce(int nth) : left_(nth) {}
  ssize_t Write(int fd, std::string_view bytes) override {
    if (--left_ != 0) return FileSystem::Write(fd, bytes);
    // Some of it arrives, as on a disk that fills up.
    return FileSystem::Write(fd, bytes.substr(0, bytes.size() / 2)) < 0 ? -EIO : -ENOSPC;
  }
  int DataSync(int fd) override { return --left_ == 0 ? -EIO : FileSystem::DataSync(fd); }
  int Sync(int fd) override { return --left_ == 0 ? -EIO : FileSystem::Sync(fd); }
  bool failed() const { return left_ <= 0; }

 private:
  int left_;
};

TEST_F(WriterTest, WarnsOfARootKeyThatItMadeItself) {
  auto writer = MakeWriter();
  Run(writer.get(), 1);
  const auto notices = writer->TakeNotices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].level, Writer::Level::kWarning);
  EXPECT_TRUE(notices[0].text.starts_with("no root key was given")) << notices[0].text;
}

TEST_F(WriterTest, OneFailureOfTheDiskLosesAndRepeatsNothing) {
  for (int nth = 1;; ++nth) {
    std::filesystem::remove_all(log_directory_);
    Make(log_directory_);
    FailingOnce disk(nth);
    auto rings = MakeRings();
    auto writer = MakeWriter(&disk);
    for (const char* id : {"a", "b", "c"}) {
      Write(rings.get(), id);
      Run(writer.get(), 2);
    }
    Run(writer.get(), 5);
    EXPECT_EQ(Logged(), (Ids{"a", "b", "c"})) << "failure " << nth;
    EXPECT_EQ(rings->stats().used_bytes, 0u) << "failure " << nth;
    if (!disk.failed()) break;
    ASSERT_LT(nth, 200);
  }
}

TEST_F(WriterTest, MovesRecordsIntoTheLogAndGivesRoomBack) {
  auto writer = MakeWriter();
  auto rings = MakeRings();
  const Ticket ticket = Write(rings.get(), "a");
  EXPECT_FALSE(rings->Durable(ticket));
  Run(writer.get());
  EXPECT_TRUE(rings->Durable(ticket));
  EXPECT_EQ(Logged(), (Ids{"a"}));
  EXPECT_EQ(rings->stats().used_bytes, 0u);
}

TEST_F(WriterTest, OneThatFollowsAKilledOneRepeatsNothing) {
  auto rings = MakeRings();
  for (int i = 0; i < 5; ++i) {
    auto writer = MakeWriter();
    Write(rings.get(), std::to_string(i));
    Run(writer.get());
  }
  EXPECT_EQ(Logged(), (Ids{"0", "1", "2", "3", "4"}));
}

// Killed after the sync and before the tail was moved.
TEST_F(WriterTest, WhatTheLogHasIsNotTakenTwice) {
  auto rings = MakeRings();
  Write(rings.get(), "a");
  Write(rings.get(), "b");
  auto first = MakeWriter();
  Run(first.get());
  first.reset();
  Result<RingFile> file = RingFile::Open(ring_directory_, ListRings(ring_directory_).value()[0]);
  auto* header = reinterpret_cast<RingHeader*>(file->memory().data());
  header->tail = 0;
  header->released_number = 0;
  Write(rings.get(), "c");
  auto second = MakeWriter();
  Run(second.get());
  EXPECT_EQ(Logged(), (Ids{"a", "b", "c"}));
}

TEST_F(WriterTest, TheOpenRequestsOfADeadWorkerAreRecordedOnce) {
  auto writer = MakeWriter();
  auto rings = MakeRings();
  Write(rings.get(), "done");
  OpenRequest open;
  open.request_id = "open";
  ASSERT_TRUE(rings->Admit(open).ok());
  Run(writer.get());
  rings.reset();
  Run(writer.get());
  EXPECT_EQ(Logged(), (Ids{"done", "open"}));
  EXPECT_TRUE(ListRings(ring_directory_).value().empty());
}

TEST_F(WriterTest, OnlyOneWritesAndTheNextTakesOver) {
  auto first = MakeWriter();
  Run(first.get());
  auto rings = MakeRings();
  auto second = MakeWriter();
  Run(second.get());
  EXPECT_TRUE(first->writes());
  EXPECT_FALSE(second->writes());
  EXPECT_TRUE(first->MayLeave());  // somebody waits
  Write(rings.get(), "a");
  Run(first.get());
  first->Close(now_us_);
  Write(rings.get(), "b");
  Run(second.get());
  EXPECT_TRUE(second->writes());
  EXPECT_EQ(Logged(), (Ids{"a", "b"}));
}

TEST_F(WriterTest, StaysWhileAWorkerLivesAndNobodyWaits) {
  auto writer = MakeWriter();
  auto rings = MakeRings();
  Write(rings.get(), "a");
  Run(writer.get());
  EXPECT_FALSE(writer->MayLeave());
  rings.reset();
  EXPECT_TRUE(writer->MayLeave());
}

TEST_F(WriterTest, TellsOfDroppedRecords) {
  auto writer = MakeWriter();
  auto rings = MakeRings(kFirstRingBytes);
  Write(rings.get(), "a");
  rings->Drop();
  Run(writer.get());
  Run(writer.get());
  EXPECT_EQ(Logged(), (Ids{"a", "gap"}));
}

TEST_F(WriterTest, PutsADamagedRingAsideAndSaysSo) {
  auto writer = MakeWriter();
  auto rings = MakeRings();
  Write(rings.get(), "a");
  Write(rings.get(), "b");
  const std::string name = ListRings(ring_directory_).value()[0];
  {
    Result<RingFile> file = RingFile::Open(ring_directory_, name);
    auto* header = reinterpret_cast<RingHeader*>(file->memory().data());
    file->memory()[header->data_offset + 40] ^= 1;
  }
  Run(writer.get());
  EXPECT_EQ(Logged(), (Ids{"gap"}));
  Write(rings.get(), "c");  // into another ring
  Run(writer.get());
  rings.reset();
  Run(writer.get());
  EXPECT_EQ(Logged(), (Ids{"gap", "c"}));
  EXPECT_EQ(access((ring_directory_ + "/damaged-" + name).c_str(), F_OK), 0);
}

TEST_F(WriterTest, GoesOnInADirectoryThatWasPutBack) {
  auto writer = MakeWriter();
  auto rings = MakeRings();
  Write(rings.get(), "a");
  Run(writer.get());
  const std::string away = directory_.path() + "/away";
  std::filesystem::rename(log_directory_, away);
  Ticket ticket = Write(rings.get(), "b");
  Run(writer.get());
  EXPECT_FALSE(rings->Durable(ticket));
  EXPECT_TRUE(rings->stats().writer_failing);
  std::filesystem::rename(away, log_directory_);
  Run(writer.get(), 5);
  EXPECT_TRUE(rings->Durable(ticket));
  EXPECT_EQ(Logged(), (Ids{"a", "b"}));
}

}  // namespace
}  // namespace kt::audit
