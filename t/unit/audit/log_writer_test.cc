#include "core/audit/log_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit/chain.h"
#include "core/audit/segment.h"
#include "log_files.h"

namespace kt::audit {
namespace {

// The lines of all segments; each checked to be the next of the chain.
std::vector<std::string> Lines(const std::string& directory) {
  std::vector<std::string> lines;
  ChainHead head;
  Sha256 sha256;
  LineParser parser;
  for (const std::string& file : SegmentFiles(directory)) {
    std::istringstream text(ReadAll(file));
    for (std::string line; std::getline(text, line);) {
      const auto envelope = parser.Parse(line, 0);
      EXPECT_TRUE(envelope.ok()) << line;
      if (!envelope.ok()) continue;
      EXPECT_EQ(envelope->seq, head.seq + 1);
      EXPECT_EQ(envelope->prev, head.hash);
      EXPECT_EQ(sha256.Hex(line.substr(0, envelope->hashed_bytes)), envelope->hash);
      head = {envelope->seq, Hex32(envelope->hash)};
      lines.push_back(line);
    }
  }
  return lines;
}

size_t Count(const std::vector<std::string>& lines, std::string_view part) {
  return std::count_if(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != line.npos; });
}

TEST(LogWriter, WhatSyncConfirmedIsInTheFileInOrder) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(log->Append(RecordNumber(i), 7, i).ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  const auto lines = Lines(directory.path());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[0].find("\"event\":\"audit.segment\""), std::string::npos);
  EXPECT_NE(lines[3].find("\"request_id\":\"r3\""), std::string::npos);
  EXPECT_NE(lines[3].find("\"origin\":\"0000000000000007.3\""), std::string::npos);
}

TEST(LogWriter, ASecondDeliveryIsSkipped) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  ASSERT_TRUE(log->Append(RecordNumber(1), 8, 1).ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  EXPECT_EQ(Count(Lines(directory.path()), "\"r1\""), 2u);
}

TEST(LogWriter, RingNumbersOutliveTheWriterAndRotation) {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  options.segment_seconds = 10;
  {
    auto log = OpenLog(options);
    ASSERT_TRUE(log->Append(RecordNumber(5), 7, 5).ok());
    ASSERT_TRUE(log->Tick(kNoon + 10 * kSecond).ok());
    ASSERT_TRUE(log->Append(RecordNumber(2), 9, 2).ok());
    ASSERT_TRUE(log->Sync(kNoon + 10 * kSecond).ok());
  }
  auto log = OpenLog(options, kNoon + 11 * kSecond);
  EXPECT_EQ(SegmentFiles(directory.path()).size(), 3u);
  EXPECT_EQ(log->LastNumber(7), 5u);
  EXPECT_EQ(log->LastNumber(9), 2u);
  EXPECT_EQ(log->LastNumber(8), 0u);
}

TEST(LogWriter, ASecondWriterIsRefused) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  const auto second = LogWriter::Open(Options(directory), nullptr, kNoon);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find("another writer"), std::string::npos);
}

TEST(LogWriter, ATornLineIsCutAndTheNumberUsedAgain) {
  TemporaryDirectory directory;
  {
    auto log = OpenLog(Options(directory));
    ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
    ASSERT_TRUE(log->Append(RecordNumber(2), 7, 2).ok());
    ASSERT_TRUE(log->Sync(kNoon).ok());
  }
  const std::string file = SegmentFiles(directory.path()).front();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 10);
  auto log = OpenLog(Options(directory));
  EXPECT_EQ(log->LastNumber(7), 1u);
  ASSERT_TRUE(log->Append(RecordNumber(2), 7, 2).ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  const auto lines = Lines(directory.path());
  EXPECT_EQ(Count(lines, "\"r2\""), 1u);
  EXPECT_EQ(Count(lines, "\"reason\":\"restarted\""), 1u);
}

TEST(LogWriter, AfterCloseTheSameSegmentGoesOn) {
  TemporaryDirectory directory;
  {
    auto log = OpenLog(Options(directory));
    ASSERT_TRUE(log->Close(kNoon).ok());
  }
  auto log = OpenLog(Options(directory), kNoon + kSecond);
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  ASSERT_TRUE(log->Sync(kNoon + kSecond).ok());
  EXPECT_EQ(SegmentFiles(directory.path()).size(), 1u);
  EXPECT_EQ(Count(Lines(directory.path()), "\"r1\""), 1u);
}

TEST(LogWriter, ChangedPacksBeginASegment) {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  ASSERT_TRUE(OpenLog(options)->Close(kNoon).ok());
  options.packs[0].version = "1.0.1";
  auto log = OpenLog(options);
  EXPECT_EQ(Count(Lines(directory.path()), "\"reason\":\"packs_changed\""), 1u);
}

TEST(LogWriter, CheckpointsComeAlsoWhenIdle) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  for (int i = 0; i <= 180; ++i) ASSERT_TRUE(log->Tick(kNoon + i * kSecond).ok());
  EXPECT_EQ(Count(Lines(directory.path()), "\"reason\":\"interval\""), 3u);
  EXPECT_EQ(log->NextTickUs(), kNoon + 240 * kSecond);
}

TEST(LogWriter, SegmentsRotateBySize) {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  options.segment_bytes = 10'000;
  auto log = OpenLog(options);
  for (uint64_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(log->Append(RecordNumber(i), 7, i).ok());
    ASSERT_TRUE(log->Tick(kNoon).ok());
  }
  const auto lines = Lines(directory.path());
  EXPECT_GE(SegmentFiles(directory.path()).size(), 4u);
  EXPECT_EQ(Count(lines, "\"request_id\""), 100u);
  EXPECT_EQ(Count(lines, "\"reason\":\"rotate\""), SegmentFiles(directory.path()).size() - 1);
}

TEST(LogWriter, AMissingKeyFileBeginsALineage) {
  TemporaryDirectory directory;
  OpenLog(Options(directory));
  std::filesystem::remove(directory / "epoch.key");
  auto log = OpenLog(Options(directory));
  const auto notices = log->TakeNotices();
  EXPECT_EQ(Count(notices, "new lineage of the audit log begins: key_missing"), 1u);
  EXPECT_TRUE(log->TakeNotices().empty());
  EXPECT_EQ(Count(Lines(directory.path()), "\"begins_lineage\":true"), 2u);
}

TEST(LogWriter, FilesAreOnlyForTheOwnerAndItsGroup) {
  TemporaryDirectory directory;
  const std::string path = directory / "audit";
  ASSERT_TRUE(PrepareDirectory(path, nullptr).ok());
  LogOptions options = Options(directory);
  options.directory = path;
  const mode_t before = umask(0);
  auto log = OpenLog(options);
  umask(before);
  struct stat info;
  ASSERT_EQ(stat(SegmentFiles(path).front().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  for (const char* name : {"/epoch.key", "/root.key"}) {
    ASSERT_EQ(stat((path + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
}

struct BadRecord {
  const char* name;
  std::string json;
};
class BadRecords : public testing::TestWithParam<BadRecord> {};

TEST_P(BadRecords, AreRefusedAndLeaveNoTrace) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  const Status status = log->Append(GetParam().json, 7, 1);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log->LastNumber(7), 0u);
  ASSERT_TRUE(log->Sync(kNoon).ok());
  EXPECT_EQ(Lines(directory.path()).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRecords,
    testing::Values(BadRecord{"Empty", ""}, BadRecord{"Array", "[1]"},
                    BadRecord{"Cut", R"({"a":"b)"}, BadRecord{"TwoLines", "{\"a\":1,\n\"b\":2}"},
                    BadRecord{"TwoObjects", "{}{}"}, BadRecord{"BadUtf8", "{\"a\":\"\xff\"}"},
                    BadRecord{"Duplicate", R"({"a":1,"a":2})"}, BadRecord{"OwnSeq", R"({"seq":1})"},
                    BadRecord{"OwnHash", R"({"h\u0061sh":1})"},
                    BadRecord{"OwnEvent", R"({"event":"audit.segment"})"},
                    BadRecord{"Long", "{\"a\":\"" + std::string(16 * 1024, 'x') + "\"}"}),
    [](const auto& info) { return info.param.name; });

TEST(LogWriter, AnEmptyRecordIsALine) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  ASSERT_TRUE(log->AppendEvent("{}").ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  EXPECT_EQ(Lines(directory.path()).size(), 2u);
}

TEST(LogWriter, ADirectoryThatIsALinkIsRefused) {
  TemporaryDirectory directory;
  std::filesystem::create_directory_symlink(directory.path(), directory / "link");
  LogOptions options = Options(directory);
  options.directory = directory / "link";
  EXPECT_EQ(LogWriter::Open(options, nullptr, kNoon).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(PrepareDirectory(options.directory, nullptr).ok());
}

class Planted : public testing::TestWithParam<const char*> {};

// Neither a link nor a FIFO in the place of the newest segment is written to, or waited for.
TEST_P(Planted, FilesAreRefused) {
  TemporaryDirectory directory, elsewhere;
  OpenLog(Options(directory));
  const std::string file = SegmentFiles(directory.path()).front();
  const std::string kind = GetParam();
  std::filesystem::rename(file, elsewhere / "victim");
  if (kind == "symlink") std::filesystem::create_symlink(elsewhere / "victim", file);
  if (kind == "hardlink") std::filesystem::create_hard_link(elsewhere / "victim", file);
  if (kind == "fifo") {
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  }
  const std::string before = ReadAll(elsewhere / "victim");
  const auto log = LogWriter::Open(Options(directory), nullptr, kNoon);
  EXPECT_EQ(log.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReadAll(elsewhere / "victim"), before);
}
INSTANTIATE_TEST_SUITE_P(All, Planted, testing::Values("symlink", "hardlink", "fifo"));

TEST(LogWriter, ARemovedSegmentIsNoticedAndLinkedBehind) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  std::filesystem::remove(SegmentFiles(directory.path()).front());
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  EXPECT_EQ(log->Sync(kNoon).code(), StatusCode::kUnavailable);
  EXPECT_EQ(log->LastNumber(7), 0u);
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  const auto files = SegmentFiles(directory.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_NE(ReadAll(files[0]).find("\"reason\":\"write_failed\""), std::string::npos);
}

TEST(LogWriter, AReplacedDirectoryIsNotWrittenTo) {
  TemporaryDirectory directory;
  const std::string path = directory / "audit";
  ASSERT_TRUE(PrepareDirectory(path, nullptr).ok());
  LogOptions options = Options(directory);
  options.directory = path;
  auto log = OpenLog(options);
  std::filesystem::rename(path, directory / "old");
  ASSERT_TRUE(PrepareDirectory(path, nullptr).ok());
  ASSERT_TRUE(log->Append(RecordNumber(1), 7, 1).ok());
  const Status status = log->Sync(kNoon);
  EXPECT_NE(status.message().find("was replaced"), std::string::npos) << status.message();
  EXPECT_TRUE(SegmentFiles(path).empty());
}

TEST(LogWriter, AGivenRootKeyIsUsedAndNotKept) {
  TemporaryDirectory directory;
  const auto root = SigningKey::Generate();
  LogOptions options = Options(directory);
  options.root_key = root.value().ToPem();
  auto log = OpenLog(options);
  EXPECT_TRUE(log->TakeNotices().empty());
  EXPECT_FALSE(std::filesystem::exists(directory / "root.key"));
  const auto lines = Lines(directory.path());
  EXPECT_EQ(Count(lines, "\"key\":\"" + root.value().public_hex() + "\""), 1u);
}

TEST(LogWriter, ABadRootKeyIsAnError) {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  options.root_key = directory / "none";
  EXPECT_FALSE(LogWriter::Open(options, nullptr, kNoon).ok());
  WriteFile(directory / "bad", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  options.root_key = directory / "bad";
  EXPECT_EQ(LogWriter::Open(options, nullptr, kNoon).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kt::audit
