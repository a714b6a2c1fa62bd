// The Nth system call fails, for every N, in every way; and the program dies behind every call.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "log_life.h"

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
