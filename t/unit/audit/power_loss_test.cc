// The power fails behind every call of the log's writer: what no sync has made durable is there or
// not, sector by sector and name by name, in any mixture. The next writer goes on from that.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "log_life.h"

namespace kt::audit {
namespace {

constexpr size_t kSector = 512;

using Files = std::map<std::string, std::string>;

// Does everything for real, and keeps what a disk would hold beside it.
class Disk final : public FileSystem {
 public:
  std::function<void()> after_each;  // call that changes something

  int Open(int directory, const std::string& name, int flags, mode_t mode) override {
    const int fd = FileSystem::Open(directory, name, flags, mode);
    if (fd < 0) return fd;
    const bool made = !names_.contains(name);
    if (made) names_[name] = static_cast<int>(inodes_.size());
    if (made) inodes_.emplace_back();
    open_[fd] = names_[name];
    if (made) Rename({"", name, names_[name]});
    return fd;
  }
  ssize_t Write(int fd, std::string_view bytes) override {
    const ssize_t n = FileSystem::Write(fd, bytes);
    if (n > 0) Change(fd, {inode(fd).size, std::string(bytes.substr(0, static_cast<size_t>(n)))});
    return n;
  }
  int Truncate(int fd, uint64_t size) override {
    const int result = FileSystem::Truncate(fd, size);
    if (result == 0) Change(fd, {size, ""});
    return result;
  }
  int DataSync(int fd) override { return Sync(fd); }
  int Sync(int fd) override {
    if (open_.contains(fd)) {
      Inode& synced = inode(fd);
      for (const Pending& change : synced.pending) Apply(change, &synced.durable);
      synced.pending.clear();
    } else {  // the directory
      for (const Naming& naming : namings_) Apply(naming, &durable_names_);
      namings_.clear();
    }
    after_each();
    return 0;
  }
  int Rename(int directory, const std::string& from, const std::string& to) override {
    const int result = FileSystem::Rename(directory, from, to);
    if (result == 0) {
      const int moved = names_.at(from);
      names_.erase(from);
      names_[to] = moved;
      Rename({from, to, moved});
    }
    return result;
  }
  int Unlink(int directory, const std::string& name) override {
    const int result = FileSystem::Unlink(directory, name);
    if (result == 0 && names_.erase(name) > 0) Rename({name, "", -1});
    return result;
  }

  // What one may find after the power has failed now.
  Files AfterFailure(std::mt19937* random) const {
    const auto maybe = [&] { return (*random)() % 2 == 0; };
    const bool all_names = maybe();
    std::map<std::string, int> names = durable_names_;
    for (const Naming& naming : namings_) {
      if (all_names || maybe()) Apply(naming, &names);
    }
    Files files;
    for (const auto& [name, number] : names) {
      std::string& content = files[name] = inodes_[static_cast<size_t>(number)].durable;
      for (const Pending& change : inodes_[static_cast<size_t>(number)].pending) {
        Spoil(change, &content, maybe);
      }
    }
    return files;
  }

 private:
  struct Pending {
    uint64_t at = 0;
    std::string bytes;  // none: cut there
  };
  struct Inode {
    std::string durable;
    uint64_t size = 0;
    std::vector<Pending> pending;
  };
  struct Naming {
    std::string from, to;
    int number = -1;
  };

  Inode& inode(int fd) { return inodes_[static_cast<size_t>(open_.at(fd))]; }
  void Change(int fd, Pending change) {
    inode(fd).size = change.at + change.bytes.size();
    inode(fd).pending.push_back(std::move(change));
    after_each();
  }
  void Rename(Naming naming) {
    namings_.push_back(std::move(naming));
    after_each();
  }
  static void Apply(const Pending& change, std::string* content) {
    content->resize(change.at, '\0');
    *content += change.bytes;
  }
  static void Apply(const Naming& naming, std::map<std::string, int>* names) {
    if (!naming.from.empty() && names->erase(naming.from) == 0) return;
    if (!naming.to.empty()) (*names)[naming.to] = naming.number;
  }
  // The size and each sector by themselves.
  template <typename Maybe>
  static void Spoil(const Pending& change, std::string* content, const Maybe& maybe) {
    const size_t end = change.at + change.bytes.size();
    if (change.bytes.empty()) {
      if (maybe()) content->resize(change.at, '\0');
      return;
    }
    if (maybe() && content->size() < end) content->resize(end, '\0');
    for (size_t at = change.at; at < end;) {
      const size_t next = std::min(end, (at / kSector + 1) * kSector);
      const size_t known = std::min(next, content->size());
      if (maybe() && known > at) {
        content->replace(at, known - at, change.bytes, at - change.at, known - at);
      }
      at = next;
    }
  }

  std::vector<Inode> inodes_;
  std::map<int, int> open_;  // by descriptor; a number that is used again names its newest file
  std::map<std::string, int> names_, durable_names_;
  std::vector<Naming> namings_;
};

TEST(PowerLoss, BehindEveryCallLosesAndDoublesNothing) {
  constexpr int kMixtures = 4;
  Life life;
  Disk disk;
  std::mt19937 random(20261129);
  int calls = 0;
  disk.after_each = [&] {
    ++calls;
    for (int i = 0; i < kMixtures && !testing::Test::HasFailure(); ++i) {
      Life next;
      next.now_us = life.now_us;
      next.produced = life.produced;
      next.tail = life.tail;
      for (const auto& [name, content] : disk.AfterFailure(&random)) {
        WriteFile(next.directory / name, content);
      }
      next.CheckAfterwards("behind call " + std::to_string(calls));
    }
  };
  life.Run(&disk, [] { return testing::Test::HasFailure(); });
  EXPECT_GT(calls, 100);
}

}  // namespace
}  // namespace kt::audit
