// Damage to what a writer, or a verifier, cannot do without: the newest header, a file's place, the
// key file, the list of pruned headers.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/audit/keys_state.h"
#include "core/audit/segment.h"
#include "core/audit/verify.h"
#include "log_files.h"

namespace kt::audit {
namespace {

VerifyReport Judge(const TemporaryDirectory& directory, bool allow_lineage = false,
                   int64_t now_us = kNoon) {
  VerifyOptions options;
  options.directory = directory.path();
  options.now_us = now_us;
  options.allow_lineage = allow_lineage;
  FastFileSystem fs;
  auto report = Verify(options, &fs);
  EXPECT_TRUE(report.ok()) << report.status().message();
  return report.ok() ? std::move(report).value() : VerifyReport{};
}

class Damage : public testing::Test {
 protected:
  // Another segment, with a record, begun by a crash of the writer before.
  void Crash() {
    auto log = OpenLog(Options(directory_), kNoon, &fs_);
    ++number_;
    ASSERT_TRUE(log->Append(RecordNumber(number_), 7, number_).ok());
    ASSERT_TRUE(log->Sync(kNoon).ok());
  }
  std::string Segment(size_t index) { return SegmentFiles(directory_.path()).at(index); }
  static std::string FileName(const std::string& path) {
    return std::filesystem::path(path).filename();
  }

  TemporaryDirectory directory_;
  FastFileSystem fs_;
  uint64_t number_ = 0;
};

TEST_F(Damage, ALineageBehindADamagedNewestHeaderVerifiesOnceItIsAccepted) {
  Crash();
  Crash();
  const std::string damaged = Segment(1);
  WriteFile(damaged, "x" + ReadAll(damaged));
  Crash();
  Crash();
  const VerifyReport report = Judge(directory_);
  EXPECT_EQ(report.finding.kind, Tampering::kEdited);
  EXPECT_EQ(report.finding.file, FileName(damaged));
  const VerifyReport accepted = Judge(directory_, true);
  EXPECT_TRUE(accepted.whole()) << accepted.finding.message;
  EXPECT_EQ(accepted.records, 3u);
  ASSERT_EQ(accepted.lineages.size(), 2u);
  EXPECT_EQ(accepted.lineages[1].reason, "log_damaged");
  ASSERT_EQ(accepted.notes.size(), 1u);
  EXPECT_TRUE(accepted.notes[0].starts_with(FileName(damaged)));
}

TEST_F(Damage, SeveralDamagedHeadersAreLeftOutAtOnce) {
  for (int i = 0; i < 4; ++i) Crash();
  for (const size_t i : {2, 3}) WriteFile(Segment(i), "");
  Crash();
  EXPECT_EQ(Judge(directory_).finding.kind, Tampering::kTruncated);
  EXPECT_TRUE(Judge(directory_, true).whole());
}

TEST_F(Damage, ADamagedFirstHeaderLeavesNothingToHoldOnTo) {
  Crash();
  WriteFile(Segment(0), "{}\n");
  Crash();
  EXPECT_FALSE(Judge(directory_).whole());
  EXPECT_TRUE(Judge(directory_, true).whole());
}

// Only what the root key's holder left out: not what is damaged later.
TEST_F(Damage, AnAcceptedLineageExcusesNoOtherDamage) {
  Crash();
  Crash();
  WriteFile(Segment(1), "");
  Crash();
  Crash();
  const std::string first = ReadAll(Segment(0));
  WriteFile(Segment(0), "");
  EXPECT_FALSE(Judge(directory_, true).whole());
  WriteFile(Segment(0), first);
  ASSERT_TRUE(Judge(directory_, true).whole());
  WriteFile(Segment(3), "");
  EXPECT_FALSE(Judge(directory_, true).whole());
}

TEST_F(Damage, SomethingElseInASegmentsPlaceIsNamed) {
  Crash();
  Crash();
  const std::string file = Segment(0), aside = directory_ / "aside";
  std::filesystem::rename(file, aside);
  const auto expect_named = [&] {
    const Finding finding = Judge(directory_).finding;
    EXPECT_EQ(finding.kind, Tampering::kEdited);
    EXPECT_EQ(finding.file, FileName(file));
    std::filesystem::remove(file);
  };
  std::filesystem::create_symlink(aside, file);
  expect_named();
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  expect_named();
  std::filesystem::create_directory(file);
  expect_named();
  std::filesystem::create_symlink("nowhere", file);
  expect_named();
}

TEST_F(Damage, ASegmentThatIsMovedAwayUnderTheWriterIsNotWrittenOn) {
  auto log = OpenLog(Options(directory_), kNoon, &fs_);
  const std::string file = Segment(0);
  std::filesystem::rename(file, directory_ / "aside");
  std::filesystem::create_symlink(directory_ / "aside", file);
  ASSERT_TRUE(log->AppendEvent(RecordNumber(1)).ok());
  EXPECT_FALSE(log->Sync(kNoon).ok());
  ASSERT_TRUE(log->AppendEvent(RecordNumber(1)).ok());
  ASSERT_TRUE(log->Sync(kNoon).ok());
  EXPECT_NE(ReadAll(Segment(1)).find("\"r1\""), std::string::npos);
  EXPECT_EQ(Judge(directory_).finding.file, FileName(file));
}

TEST_F(Damage, LinesBehindASegmentThatACrashEndedAreInserted) {
  Crash();
  Crash();
  WriteFile(Segment(0), ReadAll(Segment(0)) + "garbage\n");
  const Finding finding = Judge(directory_).finding;
  EXPECT_EQ(finding.kind, Tampering::kInserted);
  EXPECT_EQ(finding.file, FileName(Segment(0)));
  EXPECT_EQ(finding.line, 3u);
}

// ---- the key file

class DamagedKeyFile : public Damage {
 protected:
  void Check(const std::string& content, Tampering kind) {
    const std::string file = directory_ / std::string(kKeyFile), before = ReadAll(file);
    WriteFile(file, content);
    const VerifyReport report = Judge(directory_);
    EXPECT_EQ(NameOf(report.finding.kind), NameOf(kind)) << report.finding.message;
    WriteFile(file, before);
  }
  std::string Keys() { return ReadAll(directory_ / std::string(kKeyFile)); }
};

TEST_F(DamagedKeyFile, AnOlderCopyIsNamed) {
  Crash();
  const std::string older = Keys();
  Crash();
  Crash();
  Check(older, Tampering::kRolledBack);
  Check(Keys(), Tampering::kNone);
}

TEST_F(DamagedKeyFile, OtherKeysOfTheSameLineageAreNamed) {
  Crash();
  std::string keys = Keys();
  const size_t at = keys.find("\"epoch_key\":\"") + 13;
  keys[at] = keys[at] == '0' ? '1' : '0';
  Check(keys, Tampering::kEdited);
}

TEST_F(DamagedKeyFile, TheKeysOfAnotherLogAreNamed) {
  Crash();
  Crash();
  TemporaryDirectory other;
  OpenLog(Options(other), kNoon, &fs_);
  Check(ReadAll(other / std::string(kKeyFile)), Tampering::kEdited);
}

TEST_F(DamagedKeyFile, OneThatCannotBeReadIsNoted) {
  Crash();
  Check("{}", Tampering::kNone);
  WriteFile(directory_ / std::string(kKeyFile), "{}");
  EXPECT_EQ(Judge(directory_).notes.size(), 1u);
}

TEST_F(DamagedKeyFile, AMissingLineageShowsByTheKeysOfTheNextOne) {
  ASSERT_TRUE(OpenLog(Options(directory_), kNoon, &fs_)->Close(kNoon).ok());
  std::filesystem::remove(directory_ / std::string(kKeyFile));
  Crash();
  ASSERT_EQ(Judge(directory_).finding.kind, Tampering::kNewLineage);
  std::filesystem::remove(Segment(1));
  EXPECT_EQ(Judge(directory_).finding.kind, Tampering::kTruncated);
}

// ---- pruned.jsonl

TEST_F(Damage, WhatStandsBehindThePrunedHeadersMustBeHeadersToo) {
  LogOptions options = Options(directory_);
  options.retention_days = 1;
  options.segment_seconds = 3600;
  auto log = OpenLog(options, kNoon, &fs_);
  int64_t now_us = kNoon;
  for (int hour = 0; hour < 30; ++hour) {
    ASSERT_TRUE(log->Tick(now_us += 3600 * kSecond).ok());
  }
  ASSERT_TRUE(log->Close(now_us).ok());
  const std::string file = directory_ / std::string(kPrunedFile), pruned = ReadAll(file);
  ASSERT_FALSE(pruned.empty());
  const auto judge = [&](const std::string& content) {
    WriteFile(file, content);
    return Judge(directory_, false, now_us).finding;
  };
  EXPECT_EQ(judge(pruned + "{}\n").kind, Tampering::kInserted);
  EXPECT_EQ(judge(pruned + "x").kind, Tampering::kInserted);
  EXPECT_EQ(judge(pruned + pruned).kind, Tampering::kInserted);
  EXPECT_EQ(judge(pruned.substr(0, pruned.find('\n') + 1)).file, kPrunedFile);
  // Retention died after it had kept the headers.
  const std::string next = ReadAll(Segment(0));
  EXPECT_EQ(judge(pruned + next.substr(0, next.find('\n') + 1)).kind, Tampering::kNone);
  EXPECT_EQ(judge(pruned).kind, Tampering::kNone);
}

}  // namespace
}  // namespace kt::audit
