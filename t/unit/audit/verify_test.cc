#include "core/audit/verify.h"

#include <gtest/gtest.h>

#include "core/audit/keys_state.h"
#include "core/audit/segment.h"
#include "log_files.h"

namespace kt::audit {
namespace {

VerifyReport Judge(const std::string& directory, int64_t now_us = kNoon,
                   const VerifyOptions& given = {}) {
  VerifyOptions options = given;
  options.directory = directory;
  options.now_us = now_us;
  auto report = Verify(options, nullptr);
  EXPECT_TRUE(report.ok()) << report.status().message();
  return report.ok() ? std::move(report).value() : VerifyReport{};
}

std::string Describe(const Finding& finding) {
  return std::string(NameOf(finding.kind)) + " " + finding.file + ":" +
         std::to_string(finding.line) + " seq " + std::to_string(finding.seq) + ": " +
         finding.message;
}

#define EXPECT_WHOLE(report) EXPECT_TRUE((report).whole()) << Describe((report).finding)

void Fill(LogWriter* log, uint64_t from, uint64_t to, int64_t now_us) {
  for (uint64_t i = from; i <= to; ++i) ASSERT_TRUE(log->Append(RecordNumber(i), 7, i).ok());
  ASSERT_TRUE(log->Sync(now_us).ok());
}

TEST(Verify, ALiveLogIsWholeAndSaysWhatIsNotSealed) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 5, kNoon);
  const VerifyReport report = Judge(directory.path());
  EXPECT_WHOLE(report);
  EXPECT_EQ(report.records, 5u);
  EXPECT_EQ(report.unsealed, 5u);
  EXPECT_EQ(report.sealed.seq, 1u);
  EXPECT_FALSE(report.stopped);
  EXPECT_FALSE(report.origin_proven);
}

TEST(Verify, AClosedLogIsWholeAtAnyAge) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 5, kNoon);
  ASSERT_TRUE(log->Close(kNoon).ok());
  const VerifyReport report = Judge(directory.path(), kNoon + 1'000'000 * kSecond);
  EXPECT_WHOLE(report);
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.unsealed, 0u);
}

TEST(Verify, ALogWithoutEndIsTruncatedOnceACheckpointIsOverdue) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 5, kNoon);
  EXPECT_WHOLE(Judge(directory.path(), kNoon + 240 * kSecond));
  const VerifyReport late = Judge(directory.path(), kNoon + 241 * kSecond);
  EXPECT_EQ(late.finding.kind, Tampering::kTruncated);
}

TEST(Verify, TheRightPublicKeyProvesTheOriginAndAnotherDoesNot) {
  TemporaryDirectory directory;
  const auto root = SigningKey::Generate();
  LogOptions options = Options(directory);
  options.root_key = root.value().ToPem();
  OpenLog(options);
  VerifyOptions how;
  how.root_public = root.value().public_hex();
  EXPECT_TRUE(Judge(directory.path(), kNoon, how).origin_proven);
  how.root_public = SigningKey::Generate().value().public_hex();
  const VerifyReport report = Judge(directory.path(), kNoon, how);
  EXPECT_EQ(report.finding.kind, Tampering::kSpliced);
  EXPECT_FALSE(report.origin_proven);
}

TEST(Verify, ANewLineageIsAFindingUnlessAccepted) {
  TemporaryDirectory directory;
  OpenLog(Options(directory));
  std::filesystem::remove(directory / "epoch.key");
  OpenLog(Options(directory));
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kNewLineage);
  VerifyOptions how;
  how.allow_lineage = true;
  const VerifyReport report = Judge(directory.path(), kNoon, how);
  EXPECT_WHOLE(report);
  ASSERT_EQ(report.lineages.size(), 2u);
  EXPECT_EQ(report.lineages[1].reason, "key_missing");
}

TEST(Verify, ARolledBackLogMakesTheWriterBeginALineage) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 3, kNoon);
  ASSERT_TRUE(log->Tick(kNoon + 60 * kSecond).ok());
  const std::string file = SegmentFiles(directory.path()).front();
  const std::string old = ReadAll(file);
  Fill(log.get(), 4, 5, kNoon + 61 * kSecond);
  ASSERT_TRUE(log->Tick(kNoon + 120 * kSecond).ok());
  log.reset();
  WriteFile(file, old);
  // The key file knows better.
  EXPECT_EQ(Judge(directory.path(), kNoon + 120 * kSecond).finding.kind, Tampering::kTruncated);
  log = OpenLog(Options(directory), kNoon + 121 * kSecond);
  EXPECT_EQ(log->TakeNotices().back(), "a new lineage of the audit log begins: log_behind_keys");
  EXPECT_EQ(Judge(directory.path(), kNoon + 121 * kSecond).finding.kind, Tampering::kNewLineage);
}

TEST(Verify, AnOlderCopyIsRolledBackAgainstARememberedHead) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 3, kNoon);
  ASSERT_TRUE(log->Close(kNoon).ok());
  TemporaryDirectory copy;
  std::filesystem::copy(directory.path(), copy.path());
  log = nullptr;
  log = OpenLog(Options(directory));
  Fill(log.get(), 4, 6, kNoon);
  ASSERT_TRUE(log->Close(kNoon).ok());
  VerifyOptions how;
  how.head = Judge(directory.path()).sealed;
  EXPECT_WHOLE(Judge(copy.path()));
  EXPECT_EQ(Judge(copy.path(), kNoon, how).finding.kind, Tampering::kRolledBack);
  EXPECT_WHOLE(Judge(directory.path(), kNoon, how));
  how.head->hash[0] = how.head->hash[0] == '0' ? '1' : '0';
  EXPECT_EQ(Judge(directory.path(), kNoon, how).finding.kind, Tampering::kRolledBack);
}

TEST(Verify, AClockThatWentBackIsNamed) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 3, kNoon);
  ASSERT_TRUE(log->Tick(kNoon - 4 * kSecond).ok());
  EXPECT_WHOLE(Judge(directory.path()));
  ASSERT_TRUE(log->Tick(kNoon - 100 * kSecond).ok());
  const VerifyReport report = Judge(directory.path());
  EXPECT_EQ(report.finding.kind, Tampering::kClockBack);
  EXPECT_EQ(report.finding.seq, 6u);
  VerifyOptions how;
  how.allow_clock_back = true;
  EXPECT_WHOLE(Judge(directory.path(), kNoon, how));
}

TEST(Verify, ACrashedAndRestartedLogIsWhole) {
  TemporaryDirectory directory;
  for (uint64_t i = 0; i < 5; ++i) {
    auto log = OpenLog(Options(directory));
    Fill(log.get(), 10 * i + 1, 10 * i + 10, kNoon);
    log.reset();
    const std::string file = SegmentFiles(directory.path()).back();
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - i * 37);
  }
  const VerifyReport report = Judge(directory.path());
  EXPECT_WHOLE(report);
  EXPECT_EQ(report.segments, 5u);
}

TEST(Verify, WhatFollowsTheLastConfirmedRecordOfAFailedSegmentDoesNotCount) {
  TemporaryDirectory directory;
  auto log = OpenLog(Options(directory));
  Fill(log.get(), 1, 3, kNoon);
  const std::string file = SegmentFiles(directory.path()).front();
  log.reset();
  WriteFile(file, ReadAll(file) + "garbage\nmore garbage\n");
  log = OpenLog(Options(directory));
  const VerifyReport report = Judge(directory.path());
  EXPECT_WHOLE(report);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("21 bytes behind the last confirmed record do not count"),
            std::string::npos);
}

// ---- retention

constexpr int64_t kDay = 24 * 3600 * kSecond;

LogOptions Daily(const TemporaryDirectory& directory) {
  LogOptions options = Options(directory);
  options.retention_days = 3;
  return options;
}

std::unique_ptr<LogWriter> TenDays(const LogOptions& options) {
  auto log = OpenLog(options);
  for (uint64_t day = 0; day < 10; ++day) {
    EXPECT_TRUE(log->Append(RecordNumber(day + 1), 7, day + 1).ok());
    EXPECT_TRUE(log->Tick(kNoon + static_cast<int64_t>(day) * kDay).ok());
  }
  return log;
}

TEST(Retention, OldSegmentsGoAndTheRestStaysWhole) {
  TemporaryDirectory directory;
  auto log = TenDays(Daily(directory));
  const int64_t now_us = kNoon + 9 * kDay;
  const auto files = SegmentFiles(directory.path());
  ASSERT_EQ(files.size(), 4u);
  EXPECT_NE(files[0].find("audit-0000000007-"), std::string::npos);
  const VerifyReport report = Judge(directory.path(), now_us);
  EXPECT_WHOLE(report);
  EXPECT_EQ(report.segments, 4u);
  EXPECT_GT(report.first_seq, 1u);
}

// Refuses to remove one file.
class KeepsOneFile : public FastFileSystem {
 public:
  int Unlink(int directory, const std::string& name) override {
    return name.find("-0000000003-") != name.npos ? -EACCES
                                                  : FastFileSystem::Unlink(directory, name);
  }
};

TEST(Retention, ALogWhoseOldSegmentsAreGoneInPartIsWhole) {
  TemporaryDirectory directory;
  KeepsOneFile fs;
  auto log = OpenLog(Daily(directory), kNoon, &fs);
  for (int64_t day = 1; day < 10; ++day) {
    ASSERT_TRUE(log->Sync(kNoon + day * kDay).ok());
    static_cast<void>(log->Tick(kNoon + day * kDay));
    EXPECT_WHOLE(Judge(directory.path(), kNoon + day * kDay));
  }
  EXPECT_NE(SegmentFiles(directory.path()).front().find("-0000000003-"), std::string::npos);
}

TEST(Retention, SegmentsThatVanishWithoutARecordAreDeleted) {
  TemporaryDirectory directory;
  auto log = TenDays(Daily(directory));
  const auto files = SegmentFiles(directory.path());
  const std::string header = ReadAll(files[0]).substr(0, ReadAll(files[0]).find('\n') + 1);
  const std::string pruned = directory / "pruned.jsonl";
  const std::string kept = ReadAll(pruned);
  std::filesystem::remove(files[0]);
  EXPECT_EQ(Judge(directory.path(), kNoon + 9 * kDay).finding.kind, Tampering::kDeleted);
  WriteFile(pruned, kept + header);
  EXPECT_EQ(Judge(directory.path(), kNoon + 9 * kDay).finding.kind, Tampering::kDeleted);
}

TEST(Retention, WithoutTheHeadersOfPrunedSegmentsNothingIsProven) {
  TemporaryDirectory directory;
  auto log = TenDays(Daily(directory));
  const std::string pruned = directory / "pruned.jsonl";
  std::string text = ReadAll(pruned);
  std::filesystem::remove(pruned);
  EXPECT_EQ(Judge(directory.path(), kNoon + 9 * kDay).finding.kind, Tampering::kDeleted);
  text[text.find("host-1")] = 'g';
  WriteFile(pruned, text);
  const Finding finding = Judge(directory.path(), kNoon + 9 * kDay).finding;
  EXPECT_EQ(finding.kind, Tampering::kEdited);
  EXPECT_EQ(finding.file, "pruned.jsonl");
}

TEST(Retention, AnOldHeadIsNotedAndNoError) {
  TemporaryDirectory directory;
  auto log = TenDays(Daily(directory));
  VerifyOptions how;
  how.head = ChainHead{1, Hex32(64, 'a')};
  const VerifyReport report = Judge(directory.path(), kNoon + 9 * kDay, how);
  EXPECT_WHOLE(report);
  EXPECT_EQ(report.notes.back(), "the remembered head is older than what retention has left");
}

TEST(Verify, SinceReadsOnlyTheSegmentsThatReachThere) {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  auto log = TenDays(options);
  VerifyOptions how;
  how.since_us = kNoon + 8 * kDay + kDay / 2;
  const VerifyReport report = Judge(directory.path(), kNoon + 9 * kDay, how);
  EXPECT_WHOLE(report);
  EXPECT_EQ(report.segments, 2u);
  // Damage before that time is not looked at.
  const std::string file = SegmentFiles(directory.path())[2];
  std::string text = ReadAll(file);
  text[text.find("verdict") + 10] ^= 1;
  WriteFile(file, text);
  EXPECT_WHOLE(Judge(directory.path(), kNoon + 9 * kDay, how));
  EXPECT_EQ(Judge(directory.path(), kNoon + 9 * kDay).finding.kind, Tampering::kEdited);
}

TEST(Verify, NothingToJudgeIsAnError) {
  TemporaryDirectory directory;
  VerifyOptions options;
  options.directory = directory.path();
  EXPECT_FALSE(Verify(options, nullptr).ok());
  options.directory = directory / "none";
  EXPECT_FALSE(Verify(options, nullptr).ok());
}

TEST(Verify, AllSegmentsGoneIsDeleted) {
  TemporaryDirectory directory;
  OpenLog(Options(directory));
  std::filesystem::remove(SegmentFiles(directory.path()).front());
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kDeleted);
}

// The very first start died between its keys and segment 1: nothing is missing.
TEST(Verify, KeysThatCountNoSegmentMissNone) {
  TemporaryDirectory directory;
  FastFileSystem fs;
  const Fd at(fs.OpenDirectory(directory.path()));
  ASSERT_TRUE(KeysState::Generate(std::string(16, 'a'))->Save(&fs, at.get()).ok());
  VerifyOptions options;
  options.directory = directory.path();
  const Status status = Verify(options, &fs).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "there is no audit log in " + directory.path());
}

TEST(Verify, HostileFilesAreBounded) {
  TemporaryDirectory directory;
  OpenLog(Options(directory));
  const std::string file = SegmentFiles(directory.path()).front();
  const std::string header = ReadAll(file);
  WriteFile(file, header + std::string(3 << 20, 'x'));
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kEdited);
  WriteFile(file, header + "{\"seq\":2,\"lin");
  EXPECT_WHOLE(Judge(directory.path()));  // an unfinished line
  WriteFile(file, header + std::string(100'000, '['));
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kInserted);
  WriteFile(file, header + std::string(100'000, '[') + "\n");
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kEdited);
  WriteFile(file, std::string(1 << 20, '\n'));
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kEdited);
  WriteFile(file, "");
  EXPECT_EQ(Judge(directory.path()).finding.kind, Tampering::kTruncated);
}

TEST(Head, TextAndBack) {
  const ChainHead head{42, Hex32(64, 'b')};
  EXPECT_EQ(ParseHead(FormatHead(head)), head);
  EXPECT_FALSE(ParseHead("42").has_value());
  EXPECT_FALSE(ParseHead("x:" + Hex32(64, 'b')).has_value());
  EXPECT_FALSE(ParseHead("42:" + Hex32(63, 'b')).has_value());
}

}  // namespace
}  // namespace kt::audit
