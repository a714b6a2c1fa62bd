#include "core/audit/segment_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/audit/chain.h"
#include "log_files.h"

namespace kt::audit {
namespace {

using Outcome = SegmentReader::Outcome;

// Gives at most `most` bytes a call.
class ShortReads : public FileSystem {
 public:
  explicit ShortReads(size_t most) : most_(most) {}
  ssize_t Read(int fd, char* buffer, size_t size, uint64_t offset) override {
    return FileSystem::Read(fd, buffer, std::min(size, most_), offset);
  }

 private:
  size_t most_;
};

struct Got {
  std::vector<std::string> lines;
  Outcome end;
  uint64_t bytes;
};

Got ReadLines(const std::string& path, size_t most, uint64_t end = UINT64_MAX, uint64_t begin = 0) {
  ShortReads fs(most);
  const Fd fd(fs.Open(kWorkingDirectory, path, O_RDONLY, 0));
  SegmentReader reader(&fs, fd.get(), end, begin);
  Got got{};
  std::string_view line;
  while ((got.end = reader.Next(&line)) == Outcome::kLine) {
    got.lines.emplace_back(line);
    EXPECT_EQ(reader.line_number(), got.lines.size());
    EXPECT_EQ(reader.end() - reader.begin(), line.size() + 1);
  }
  if (got.end == Outcome::kTorn) got.lines.emplace_back(line);
  got.bytes = reader.end();
  return got;
}

TEST(SegmentReader, GivesTheSameLinesForEveryCut) {
  TemporaryDirectory directory;
  WriteFile(directory / "f", "one\n\nthree is longer\nlast");
  for (size_t most = 1; most <= 30; ++most) {
    const Got got = ReadLines(directory / "f", most);
    EXPECT_EQ(got.lines, (std::vector<std::string>{"one", "", "three is longer", "last"}));
    EXPECT_EQ(got.end, Outcome::kTorn);
    EXPECT_EQ(got.bytes, 21u);
  }
}

TEST(SegmentReader, KeepsToItsPartOfTheFile) {
  TemporaryDirectory directory;
  WriteFile(directory / "f", "one\ntwo\nthree\n");
  EXPECT_EQ(ReadLines(directory / "f", 100, 8).lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(ReadLines(directory / "f", 100, 8).end, Outcome::kEnd);
  EXPECT_EQ(ReadLines(directory / "f", 100, 10).end, Outcome::kTorn);
  EXPECT_EQ(ReadLines(directory / "f", 100, UINT64_MAX, 4).lines,
            (std::vector<std::string>{"two", "three"}));
}

TEST(SegmentReader, LinesOfEveryLengthUpToTheLimit) {
  TemporaryDirectory directory;
  for (const size_t length :
       {size_t{65'535}, size_t{65'536}, size_t{65'537}, size_t{200'000}, kMaxLineBytes - 1}) {
    const std::string line(length, 'x');
    WriteFile(directory / "f", "a\n" + line + "\nb\n");
    const Got got = ReadLines(directory / "f", SIZE_MAX);
    EXPECT_EQ(got.lines, (std::vector<std::string>{"a", line, "b"})) << length;
    EXPECT_EQ(got.end, Outcome::kEnd);
  }
  for (const char* end : {"", "\n"}) {
    WriteFile(directory / "f", "a\n" + std::string(kMaxLineBytes, 'x') + end);
    EXPECT_EQ(ReadLines(directory / "f", SIZE_MAX).end, Outcome::kTooLong);
  }
}

}  // namespace
}  // namespace kt::audit
