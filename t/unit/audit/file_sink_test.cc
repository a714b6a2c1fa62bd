#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "core/audit/sink.h"

namespace kt::audit {
namespace {

Record Numbered(int number) {
  Record record;
  record.request_id = "r" + std::to_string(number);
  return record;
}

class FileSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "kt_audit_XXXXXX";
    fd_ = mkstemp(path_.data());
    ASSERT_GE(fd_, 0);
    ASSERT_EQ(fcntl(fd_, F_SETFL, O_APPEND), 0);
    sink_ = NewFileSink([this] { return fd_; });
  }
  void TearDown() override {
    close(fd_);
    unlink(path_.c_str());
  }
  std::string Contents() const {
    std::string text(1 << 20, '\0');
    const int fd = open(path_.c_str(), O_RDONLY);
    const ssize_t n = read(fd, text.data(), text.size());
    close(fd);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }
  int fd_ = -1;
  std::string path_;
  std::unique_ptr<Sink> sink_;
};

// The ids of complete lines, in order.
std::string Ids(const std::string& text) {
  std::string ids;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) return ids + "torn";
    const std::string line = text.substr(at, end - at);
    const size_t id = line.find("\"request_id\":\"");
    if (line.empty() || line.front() != '{' || line.back() != '}' || id == std::string::npos) {
      ids += "broken ";
    } else {
      ids += line.substr(id + 14, line.find('"', id + 14) - id - 14) + " ";
    }
    at = end + 1;
  }
  return ids;
}

TEST_F(FileSinkTest, WritesOneLineForEachRecordInOrder) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(sink_->Admit().ok());
    ASSERT_TRUE(sink_->Append(Numbered(i)).ok());
  }
  EXPECT_EQ(Ids(Contents()), "r0 r1 r2 ");
  EXPECT_EQ(sink_->written(), 3u);
  EXPECT_EQ(Contents().rfind("{\"seq\":1,", 0), 0u);
}

TEST_F(FileSinkTest, AdmissionDoesNotChangeTheSize) {
  ASSERT_TRUE(sink_->Admit().ok());
  struct stat info;
  ASSERT_EQ(fstat(fd_, &info), 0);
  EXPECT_EQ(info.st_size, 0);
  sink_->Cancel();
}

TEST_F(FileSinkTest, AClosedFileRefusesAndKeepsUntilItIsBack) {
  const int good = fd_;
  ASSERT_TRUE(sink_->Admit().ok());
  fd_ = -1;
  EXPECT_EQ(sink_->Append(Numbered(1)).code(), StatusCode::kUnavailable);
  EXPECT_EQ(sink_->Admit().code(), StatusCode::kUnavailable);
  fd_ = good;
  EXPECT_TRUE(sink_->Admit().ok());
  EXPECT_EQ(Ids(Contents()), "r1 ");
  EXPECT_TRUE(sink_->Append(Numbered(2)).ok());
  EXPECT_EQ(Ids(Contents()), "r1 r2 ");
}

TEST_F(FileSinkTest, AFullDeviceRefusesTheNextAdmission) {
  const int good = fd_;
  fd_ = open("/dev/full", O_WRONLY | O_APPEND);
  ASSERT_GE(fd_, 0);
  EXPECT_TRUE(sink_->Admit().ok());  // a device has no room to reserve
  EXPECT_EQ(sink_->Append(Numbered(1)).code(), StatusCode::kUnavailable);
  EXPECT_EQ(sink_->Admit().code(), StatusCode::kUnavailable);
  EXPECT_EQ(sink_->written(), 0u);
  close(fd_);
  fd_ = good;
  EXPECT_TRUE(sink_->Admit().ok());
  EXPECT_EQ(Ids(Contents()), "r1 ");
}

TEST_F(FileSinkTest, KeepsABoundedNumberOfLinesAndCountsTheRest) {
  const int good = fd_;
  fd_ = -1;
  for (int i = 0; i < 1005; ++i) EXPECT_FALSE(sink_->Append(Numbered(i)).ok());
  EXPECT_EQ(sink_->dropped(), 5u);
  fd_ = good;
  EXPECT_TRUE(sink_->Append(Numbered(2000)).ok());
  EXPECT_EQ(sink_->written(), 1001u);
  const std::string ids = Ids(Contents());
  EXPECT_EQ(ids.rfind("r0 r1 ", 0), 0u);
  EXPECT_NE(ids.find("r999 r2000 "), std::string::npos);
  EXPECT_NE(Contents().find("{\"seq\":1006,"), std::string::npos);  // the gap is seen
}

TEST(FileSinkPipe, AFullPipeKeepsLinesAndGoesOnWhereItStopped) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  ASSERT_GT(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
  auto sink = NewFileSink([&] { return ends[1]; });
  Record big = Numbered(0);
  for (int i = 0; i < 400; ++i) big.unscanned.push_back("part-" + std::to_string(i));
  EXPECT_FALSE(sink->Append(big).ok());  // more than the pipe takes: partly written
  EXPECT_FALSE(sink->Append(Numbered(1)).ok());
  EXPECT_FALSE(sink->Admit().ok());
  std::string text;
  char buffer[4096];
  for (int i = 0; i < 20 && sink->written() < 2; ++i) {
    const ssize_t n = read(ends[0], buffer, sizeof buffer);
    if (n > 0) text.append(buffer, static_cast<size_t>(n));
    if (sink->Admit().ok()) sink->Cancel();
  }
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  EXPECT_EQ(Ids(text), "r0 r1 ");
  close(ends[0]);
  close(ends[1]);
}

// A limit on the file's size stands for a full disk: the write stops in the middle of a line.
class TornLine : public FileSinkTest {
 protected:
  void LimitSize(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {bytes, RLIM_INFINITY};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  void TearDown() override {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    FileSinkTest::TearDown();
  }
};

TEST_F(TornLine, IsCompletedWhenNobodyWroteBehindIt) {
  LimitSize(100);
  EXPECT_FALSE(sink_->Append(Numbered(1)).ok());
  EXPECT_EQ(Contents().size(), 100u);
  LimitSize(RLIM_INFINITY);
  EXPECT_TRUE(sink_->Append(Numbered(2)).ok());
  EXPECT_EQ(Ids(Contents()), "r1 r2 ");
}

TEST_F(TornLine, IsWrittenAgainWhenAnotherProcessWroteBehindIt) {
  LimitSize(100);
  EXPECT_FALSE(sink_->Append(Numbered(1)).ok());
  LimitSize(RLIM_INFINITY);
  ASSERT_EQ(write(fd_, "other\n", 6), 6);
  EXPECT_TRUE(sink_->Append(Numbered(2)).ok());
  const std::string ids = Ids(Contents());
  EXPECT_NE(ids.find("r1 r2 "), std::string::npos) << ids;
}

TEST_F(FileSinkTest, RefusesTheAdmissionWhenNoRoomCanBeReserved) {
  const int good = fd_;
  fd_ = open(path_.c_str(), O_RDONLY);
  EXPECT_EQ(sink_->Admit().code(), StatusCode::kUnavailable);
  close(fd_);
  fd_ = good;
  EXPECT_TRUE(sink_->Admit().ok());
}

}  // namespace
}  // namespace kt::audit
