// A thousand random changes of each kind to a healthy log: none is missed, none gets another name.
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
namespace {

constexpr int kTimes = 1000;
constexpr int64_t kEnd = kNoon + 2000 * kSecond;

using Lines = std::vector<std::string>;  // of one file, without newlines

Lines Split(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Join(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Members of a line: what is between the lineage and `prev`.
std::string MembersOf(const std::string& line) {
  const size_t begin = line.find(",\"lineage\":\"") + 12 + 16 + 2;
  return line.substr(begin, line.rfind(",\"prev\":\"") - begin);
}

// A log with four segments, intervals in each, a crash, and a clean end.
void BuildLog(const TemporaryDirectory& directory, const std::string& root, uint64_t first) {
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

TEST_F(Tamper, AChangedByteIsAnEdit) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = Below(lines.size());
    char& byte = lines[line][Below(lines[line].size())];
    char other = byte;
    while (other == byte || other == '\n') other = static_cast<char>(Below(256));
    byte = other;
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), line + 1); });
  });
}

TEST_F(Tamper, AChangedRecordWithItsHashComputedAnewIsAnEdit) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    Lines first(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(line) + 1);
    Rechain(&first, line);
    lines[line] = first.back();
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), line + 1); });
  });
}

TEST_F(Tamper, AChangedRecordWithAllHashesComputedAnewIsAnEdit) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    Rechain(&lines, line);
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index)); });
  });
}

TEST_F(Tamper, RecordsLeftOutWithAllHashesComputedAnewAreNotMissed) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(line));
    Rechain(&lines, line);
    With(index, Join(lines), [&] {
      const Tampering kind = Judge().kind;
      ASSERT_TRUE(kind == Tampering::kEdited || kind == Tampering::kTruncated) << NameOf(kind);
    });
  });
}

TEST_F(Tamper, MissingLinesAreDeleted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 2);
    const size_t count = 1 + Below(std::min<size_t>(3, lines.size() - line - 1));
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(line),
                lines.begin() + static_cast<ptrdiff_t>(line + count));
    With(index, Join(lines), [&] { Expect(Tampering::kDeleted, Name(index), line + 1); });
  });
}

TEST_F(Tamper, MissingSegmentsAreDeleted) {
  for (size_t index = 0; index + 1 < log_.size(); ++index) {
    std::filesystem::remove(directory_ / Name(index));
    Expect(Tampering::kDeleted, Name(index + 1));
    WriteFile(directory_ / Name(index), Join(Original(index)));
  }
}

TEST_F(Tamper, LinesThatAreNoneOfTheLogAreInserted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    const bool garbage = Below(2) == 0;
    std::string more = garbage ? std::string("{\"seq\":1}") : lines[line];
    if (!garbage) more[more.size() / 2] ^= 1;
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), 1 + Below(3), more);
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index), line + 1); });
  });
}

TEST_F(Tamper, CopiesOfOtherLinesAreInserted) {
  Times([&] {
    const size_t index = Below(log_.size()), from = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    const std::string copy = Original(from)[1 + Below(Original(from).size() - 1)];
    if (copy == lines.back() && line + 1 == lines.size()) return;  // behind the end: nothing
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), copy);
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index)); });
  });
}

TEST_F(Tamper, AForgedLineThatHoldsOnToTheOneBeforeIsInserted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    Lines forged(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(line));
    size_t other = 0, record = 0;
    PickRecord(&other, &record);
    forged.push_back(Original(other)[record]);
    Rechain(&forged, line);
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), forged.back());
    if (line + 2 == lines.size() && lines[line] == lines.back()) return;  // nothing has changed
    // Where nothing follows, nobody can say which of the two is the original.
    const size_t expected = line + 2 == lines.size() ? 0 : line + 1;
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index), expected); });
  });
}

TEST_F(Tamper, SwappedLinesAreReordered) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t a = 1 + Below(lines.size() - 1), b = 1 + Below(lines.size() - 1);
    if (a == b) return;
    std::swap(lines[a], lines[b]);
    With(index, Join(lines),
         [&] { Expect(Tampering::kReordered, Name(index), std::min(a, b) + 1); });
  });
}

TEST_F(Tamper, MovedLinesAreReordered) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t from = 1 + Below(lines.size() - 1), to = 1 + Below(lines.size() - 1);
    if (from == to) return;
    const std::string line = lines[from];
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(from));
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(to), line);
    With(index, Join(lines),
         [&] { Expect(Tampering::kReordered, Name(index), std::min(from, to) + 1); });
  });
}

TEST_F(Tamper, SwappedSegmentsAreReordered) {
  for (size_t a = 0; a < log_.size(); ++a) {
    for (size_t b = a + 1; b < log_.size(); ++b) {
      WriteFile(directory_ / Name(a), Join(Original(b)));
      With(b, Join(Original(a)), [&] { Expect(Tampering::kReordered, Name(a)); });
      WriteFile(directory_ / Name(a), Join(Original(a)));
    }
  }
}

TEST_F(Tamper, AMissingEndIsTruncated) {
  Times([&] {
    const size_t index = Below(log_.size());
    const std::string text = Join(Original(index));
    With(index, text.substr(0, Below(text.size())),
         [&] { Expect(Tampering::kTruncated, Name(index)); });
  });
}

TEST_F(Tamper, MissingNewestSegmentsAreTruncated) {
  for (size_t index = log_.size() - 1; index > 0; --index) {
    std::filesystem::remove(directory_ / Name(index));
    Expect(Tampering::kTruncated, Name(index - 1));
  }
}

TEST_F(Tamper, LinesOfAnotherLogAreSpliced) {
  Times([&] {
    const size_t index = Below(log_.size()), from = Below(other_.size());
    Lines lines = Original(index);
    const Lines& theirs = std::next(other_.begin(), static_cast<ptrdiff_t>(from))->second;
    const size_t line = 1 + Below(lines.size() - 1), begin = 1 + Below(theirs.size() - 1);
    const size_t count = 1 + Below(std::min<size_t>(5, theirs.size() - begin));
    const auto at = lines.begin() + static_cast<ptrdiff_t>(line);
    if (Below(2) == 0) {
      lines.erase(at, at + static_cast<ptrdiff_t>(std::min(count, lines.size() - line)));
    }
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line),
                 theirs.begin() + static_cast<ptrdiff_t>(begin),
                 theirs.begin() + static_cast<ptrdiff_t>(begin + count));
    With(index, Join(lines), [&] { Expect(Tampering::kSpliced, Name(index), line + 1); });
  });
}

TEST_F(Tamper, SegmentsOfAnotherLogAreSpliced) {
  for (size_t index = 0; index < log_.size(); ++index) {
    const auto theirs = std::next(other_.begin(), static_cast<ptrdiff_t>(index));
    With(index, Join(theirs->second), [&] { Expect(Tampering::kSpliced, Name(index)); });
    // Under the other log's name too.
    std::filesystem::remove(directory_ / Name(index));
    WriteFile(directory_ / theirs->first, Join(theirs->second));
    Expect(Tampering::kSpliced);
    std::filesystem::remove(directory_ / theirs->first);
    WriteFile(directory_ / Name(index), Join(Original(index)));
  }
}

// The thief of today's key changes yesterday's record, chains anew, and signs with what he has.
TEST_F(Tamper, ALaterKeysSignatureIsNamed) {
  const auto thief = SigningKey::FromSeedHex(keys_);
  ASSERT_TRUE(thief.ok());
  Times([&] {
    size_t index = 0, line = 0;
    do {
      PickRecord(&index, &line);
    } while (std::none_of(Original(index).begin() + static_cast<ptrdiff_t>(line),
                          Original(index).end(), IsSigned));
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    const bool states_it = Below(2) == 0;
    for (size_t i = line; i < lines.size() && states_it; ++i) {
      const size_t at = lines[i].find("\"key\":\"");
      if (at != std::string::npos) lines[i].replace(at + 7, 64, thief.value().public_hex());
    }
    Rechain(&lines, line, &thief.value());
    With(index, Join(lines), [&] { Expect(Tampering::kResigned, Name(index)); });
  });
}

TEST_F(Tamper, AnOlderCopyIsRolledBack) {
  VerifyOptions options;
  LineParser parser;
  const auto head = parser.Parse(Original(3).back(), 0);
  options.head = ChainHead{head->seq, Hex32(head->hash)};
  Expect(Tampering::kNone, "", 0, options);
  options.now_us = kNoon;  // young enough that nothing is overdue
  Times([&] {
    const size_t index = 1 + Below(3);
    Lines lines = Original(index);
    lines.resize(1 + Below(lines.size() - 1));
    for (size_t i = index + 1; i < 4; ++i) std::filesystem::remove(directory_ / Name(i));
    With(index, Join(lines), [&] { Expect(Tampering::kRolledBack, "", 0, options); });
    for (size_t i = index + 1; i < 4; ++i) WriteFile(directory_ / Name(i), Join(Original(i)));
  });
}

}  // namespace
}  // namespace kt::audit
