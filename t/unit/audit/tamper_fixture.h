// A healthy log, and the means to change it: for tests that name each change.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "core/audit/chain.h"
#include "core/audit/keys_state.h"
#include "core/audit/segment.h"
#include "core/audit/verify.h"
#include "log_files.h"

namespace kt::audit {
inline constexpr int kTimes = 1000;
inline constexpr int64_t kEnd = kNoon + 2000 * kSecond;

using Lines = std::vector<std::string>;  // of one file, without newlines

inline Lines Split(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::string Join(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Members of a line: what is between the lineage and `prev`.
inline std::string MembersOf(const std::string& line) {
  const size_t begin = line.find(",\"lineage\":\"") + 12 + 16 + 2;
  return line.substr(begin, line.rfind(",\"prev\":\"") - begin);
}

// A log with four segments, intervals in each, a crash, and a clean end.
inline void BuildLog(const TemporaryDirectory& directory, const std::string& root, uint64_t first) {
  FastFileSystem fs;
  LogOptions options = Options(directory);
  options.root_key = root;
  options.segment_seconds = 300;
  auto log = OpenLog(options, kNoon, &fs);
  std::mt19937 random(static_cast<uint32_t>(first));
  uint64_t number = first;
  for (int second = 0; second < 900; second += 20) {
    const int64_t now_us = kNoon + second * kSecond;
    for (uint32_t i = random() % 4; i > 0; --i, ++number) {
      ASSERT_TRUE(log->Append(RecordNumber(number), 7, number).ok());
    }
    ASSERT_TRUE(log->Tick(now_us).ok());
    if (second == 400) {
      log.reset();
      log = OpenLog(options, now_us, &fs);
    }
  }
  for (int i = 0; i < 4; ++i, ++number)
    ASSERT_TRUE(log->Append(RecordNumber(number), 7, number).ok());
  ASSERT_TRUE(log->Close(kNoon + 900 * kSecond).ok());
}

class Tamper : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto root = SigningKey::Generate();
    root_public_ = root.value().public_hex();
    TemporaryDirectory ours, other;
    BuildLog(ours, root.value().ToPem(), 1);
    BuildLog(other, root.value().ToPem(), 10'000);
    log_ = Load(ours);
    other_ = Load(other);
    FileSystem* fs = FileSystem::Real();
    const Fd at(fs->OpenDirectory(ours.path()));
    keys_ = KeysState::Load(fs, at.get()).value().epoch_key.SeedHex();
  }

  static std::map<std::string, Lines> Load(const TemporaryDirectory& directory) {
    std::map<std::string, Lines> files;
    for (const std::string& path : SegmentFiles(directory.path())) {
      files[std::filesystem::path(path).filename()] = Split(ReadAll(path));
    }
    return files;
  }

  void SetUp() override {
    ASSERT_EQ(log_.size(), 4u);
    for (const auto& [name, lines] : log_) WriteFile(directory_ / name, Join(lines));
    Expect(Tampering::kNone);
  }

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Name(size_t index) const { return std::next(log_.begin(), index)->first; }
  const Lines& Original(size_t index) const { return log_.at(Name(index)); }
  static bool IsSigned(const std::string& line) {
    return line.find(",\"signature\":\"") != std::string::npos;
  }

  Finding Judge(const VerifyOptions& given = {}) {
    VerifyOptions options = given;
    options.directory = directory_.path();
    options.root_public = root_public_;
    if (options.now_us == 0) options.now_us = kEnd;
    auto report = Verify(options, &fs_);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? report->finding : Finding{};
  }
  void Expect(Tampering kind, const std::string& file = "", uint64_t line = 0,
              const VerifyOptions& options = {}) {
    const Finding found = Judge(options);
    ASSERT_EQ(NameOf(found.kind), NameOf(kind))
        << found.file << ":" << found.line << " " << found.message << " (expected " << file << ":"
        << line << ", try " << try_ << ")";
    if (!file.empty()) {
      ASSERT_EQ(found.file, file) << found.message << " try " << try_;
    }
    if (line != 0) {
      ASSERT_EQ(found.line, line) << found.file << ": " << found.message << " try " << try_;
    }
  }
  // Puts `text` in the place of a file, judges, and puts the file back.
  void With(size_t index, const std::string& text, const std::function<void()>& judge) {
    const std::string path = directory_ / Name(index);
    WriteFile(path, text);
    judge();
    WriteFile(path, Join(Original(index)));
  }
  void Times(const std::function<void()>& tamper) {
    for (try_ = 0; try_ < kTimes && !HasFailure(); ++try_) tamper();
  }

  // Rewrites lines [from, to) behind lines[from - 1], so that hashes fit again.
  void Rechain(Lines* lines, size_t from, const SigningKey* thief = nullptr) {
    ChainBuilder builder;
    LineParser parser;
    const auto before = parser.Parse((*lines)[from - 1], 0);
    ASSERT_TRUE(before.ok());
    ChainHead head{before->seq, Hex32(before->hash)};
    const std::string lineage(before->lineage);
    for (size_t i = from; i < lines->size(); ++i) {
      std::string& line = (*lines)[i];
      const size_t at = line.find(",\"signature\":\"");
      const std::string signature = at == std::string::npos ? "" : line.substr(at + 14, 128);
      std::string out;
      if (thief != nullptr && !signature.empty()) {
        ASSERT_TRUE(
            builder.AddSigned(lineage, MembersOf(line), *thief, kCheckpointContext, &head, &out));
      } else {
        ASSERT_TRUE(builder.Add(lineage, MembersOf(line), &head, &out));
      }
      out.pop_back();
      if (thief == nullptr && !signature.empty()) {
        out.pop_back();
        out += ",\"signature\":\"" + signature + "\"}";
      }
      line = out;
    }
  }
  // Changes the host in a header and signs it with `thief`; `named`: as its member `key` says.
  void Resign(Lines* lines, size_t index, const SigningKey& thief, bool named,
              std::string_view context) {
    std::string members = MembersOf(lines->front());
    const size_t host = members.find("\"host\":\"");
    ASSERT_NE(host, std::string::npos);
    members.insert(host + 8, "x");
    const size_t key = members.find("\"key\":\"");
    ASSERT_NE(key, std::string::npos);
    if (named) members.replace(key + 7, 64, thief.public_hex());
    LineParser parser;
    ChainHead head;
    if (index > 0) {
      const auto before = parser.Parse(Original(index - 1).back(), 0);
      ASSERT_TRUE(before.ok());
      head = {before->seq, Hex32(before->hash)};
    }
    const auto header = parser.Parse(Original(index).front(), 0);
    ASSERT_TRUE(header.ok());
    ChainBuilder builder;
    std::string out;
    ASSERT_TRUE(
        builder.AddSigned(std::string(header->lineage), members, thief, context, &head, &out));
    out.pop_back();
    lines->front() = out;
  }
  // A random record of a random segment: never a line that is signed.
  void PickRecord(size_t* index, size_t* line) {
    do {
      *index = Below(log_.size());
      *line = Below(Original(*index).size());
    } while (IsSigned(Original(*index)[*line]));
  }

  static inline std::map<std::string, Lines> log_, other_;
  static inline std::string root_public_, keys_;
  TemporaryDirectory directory_;
  FastFileSystem fs_;
  std::mt19937_64 random_{20261121};
  int try_ = 0;
};

}  // namespace kt::audit
