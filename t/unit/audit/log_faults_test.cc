// The Nth system call fails, for every N, in every way; and the program dies behind every call.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/audit/segment.h"
#include "core/audit/verify.h"
#include "log_files.h"

namespace kt::audit {
namespace {

enum class Fault { kNone, kError, kFull, kShort, kDie };

// Counts the calls that change something, and spoils one of them, or all from it on.
class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(Fault fault, int at, bool forever) : fault_(fault), at_(at), forever_(forever) {}
  int calls() const { return calls_; }
  void Heal() { healed_ = true; }

  int Open(int directory, const std::string& name, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0 && Fails()) return error();
    return FileSystem::Open(directory, name, flags, mode);
  }
  ssize_t Write(int fd, std::string_view bytes) override {
    if (Fails()) {
      if (fault_ == Fault::kShort || fault_ == Fault::kDie) {
        const ssize_t n = FileSystem::Write(fd, bytes.substr(0, (bytes.size() + 1) / 2));
        if (fault_ == Fault::kShort) return n;
      }
      return error();
    }
    return FileSystem::Write(fd, bytes);
  }
  int DataSync(int) override { return Fails() ? error() : 0; }
  int Sync(int) override { return Fails() ? error() : 0; }
  int Truncate(int fd, uint64_t size) override {
    return Fails() ? error() : FileSystem::Truncate(fd, size);
  }
  int Rename(int directory, const std::string& from, const std::string& to) override {
    return Fails() ? error() : FileSystem::Rename(directory, from, to);
  }
  int Unlink(int directory, const std::string& name) override {
    return Fails() ? error() : FileSystem::Unlink(directory, name);
  }

 private:
  bool Fails() {
    ++calls_;
    if (healed_ || fault_ == Fault::kNone) return false;
    if (calls_ == at_ || (calls_ > at_ && (forever_ || fault_ == Fault::kDie))) return true;
    return false;
  }
  int error() const { return fault_ == Fault::kFull ? -ENOSPC : -EIO; }

  Fault fault_;
  int at_;
  bool forever_, healed_ = false;
  int calls_ = 0;
};

// A gateway's life in small: a ring whose tail moves when Sync has said so. Rotation, checkpoints,
// retention, a clean stop and a second writer are all in it.
struct Life {
  TemporaryDirectory directory;
  LogOptions options = Options(directory);
  int64_t now_us = kNoon;
  uint64_t produced = 0, tail = 0;  // what lies between is in the ring

  Life() {
    options.segment_seconds = 100;
    options.checkpoint_seconds = 30;
    options.retention_days = 1;
  }

  // False: something failed; what was not confirmed is tried again later.
  bool Drain(LogWriter* log) {
    uint64_t number = tail;
    for (; number < produced; ++number) {
      if (!log->Append(RecordNumber(number + 1), 7, number + 1).ok()) return false;
    }
    if (!log->Sync(now_us).ok()) return false;
    tail = number;
    return log->Tick(now_us).ok();
  }

  // Runs through, and ends early once `stop` says so (the program has died).
  template <typename Stop>
  void Run(FileSystem* fs, const Stop& stop) {
    for (int generation = 0; generation < 2; ++generation) {
      std::unique_ptr<LogWriter> log;
      for (int step = 0; step < 6; ++step) {
        produced += 2;
        now_us += (step == 3 ? 2 * 86400 : 40) * kSecond;
        if (!log) {
          auto opened = LogWriter::Open(options, fs, now_us);
          if (opened.ok()) log = std::move(opened).value();
        }
        if (log) Drain(log.get());
        if (stop()) return;
      }
      if (log) static_cast<void>(log->Close(now_us));
      if (stop()) return;
    }
  }

  // Everything works again: what is in the ring gets into the log, which is whole, and holds each
  // record once, as far as retention has left it.
  void CheckAfterwards(const std::string& what) {
    FastFileSystem fs;
    {
      auto log = LogWriter::Open(options, &fs, now_us);
      ASSERT_TRUE(log.ok()) << what << ": " << log.status().message();
      EXPECT_GE(log.value()->LastNumber(7), tail) << what;
      ASSERT_TRUE(Drain(log.value().get())) << what;
      ASSERT_TRUE(log.value()->Close(now_us).ok()) << what;
    }
    VerifyOptions how;
    how.directory = directory.path();
    how.now_us = now_us;
    const auto report = Verify(how, &fs);
    ASSERT_TRUE(report.ok()) << what << ": " << report.status().message();
    const Finding& finding = report.value().finding;
    ASSERT_TRUE(report.value().whole())
        << what << ": " << NameOf(finding.kind) << " " << finding.file << ":" << finding.line << " "
        << finding.message;
    EXPECT_EQ(report.value().lineages.size(), report.value().lineages.empty() ? 0u : 1u) << what;
    CheckRecords(what);
  }

  void CheckRecords(const std::string& what) {
    uint64_t last = 0;
    const auto files = SegmentFiles(directory.path());
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string& file = files[i];
      // Where even cutting has failed, only what the next header confirms counts.
      std::string counted = ReadAll(file);
      LineParser parser;
      if (i + 1 < files.size()) {
        const std::string next = ReadAll(files[i + 1]);
        ASSERT_TRUE(parser.Parse(next.substr(0, next.find('\n')), 0).ok());
        counted.resize(SegmentHeader::Read(parser)->previous.bytes);
      }
      std::istringstream text(counted);
      for (std::string line; std::getline(text, line);) {
        const size_t at = line.find("\"request_id\":\"r");
        if (at == std::string::npos) continue;
        const uint64_t number = std::stoull(line.substr(at + 15));
        if (last != 0) {
          ASSERT_EQ(number, last + 1) << what << " in " << file;
        }
        last = number;
      }
    }
    EXPECT_EQ(last, produced) << what;
  }
};

struct Way {
  const char* name;
  Fault fault;
  bool forever;
};
class Faults : public testing::TestWithParam<Way> {};

TEST_P(Faults, OfEveryCallLoseAndDoubleNothing) {
  const auto [name, fault, forever] = GetParam();
  int at = 1;
  for (;; ++at) {
    Life life;
    FaultyFileSystem fs(fault, at, forever);
    int heal_at = 0;
    life.Run(&fs, [&] {
      if (fs.calls() < at) return false;
      if (fault == Fault::kDie) return true;
      // A lasting fault ends two steps later, within the same writer's life.
      if (++heal_at == 2) fs.Heal();
      return false;
    });
    const bool reached = fs.calls() >= at;
    life.CheckAfterwards(std::string(name) + " at call " + std::to_string(at));
    if (!reached || HasFailure()) break;
  }
  EXPECT_GT(at, 50);
}

INSTANTIATE_TEST_SUITE_P(All, Faults,
                         testing::Values(Way{"ErrorOnce", Fault::kError, false},
                                         Way{"ErrorForAWhile", Fault::kError, true},
                                         Way{"FullOnce", Fault::kFull, false},
                                         Way{"FullForAWhile", Fault::kFull, true},
                                         Way{"ShortWrites", Fault::kShort, false},
                                         Way{"Death", Fault::kDie, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace kt::audit
