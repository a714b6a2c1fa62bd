// Directories, faults and shortcuts for tests of the log on disk.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/audit/file_system.h"
#include "core/audit/log_writer.h"

namespace kt::audit {

inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kNoon = 1'790'000'000 * kSecond;

// In memory where there is such a place: thousands of files are made here.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const std::filesystem::path memory = "/dev/shm";
    for (const auto& place : {memory, std::filesystem::temp_directory_path()}) {
      std::string path = (place / "kt-audit-XXXXXX").string();
      if (const char* made = mkdtemp(path.data())) {
        path_ = made;
        return;
      }
    }
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Leaves out what only matters when the machine dies.
class FastFileSystem : public FileSystem {
 public:
  int DataSync(int) override { return 0; }
  int Sync(int) override { return 0; }
};

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// Segment files, oldest first.
inline std::vector<std::string> SegmentFiles(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("audit-") && name.ends_with(".jsonl")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline LogOptions Options(const TemporaryDirectory& directory) {
  LogOptions options;
  options.directory = directory.path();
  options.host = "host-1";
  options.packs = {{"pack", "1.0.0", std::string(64, 'a')}};
  return options;
}

inline std::unique_ptr<LogWriter> OpenLog(const LogOptions& options, int64_t now_us = kNoon,
                                          FileSystem* fs = nullptr) {
  auto log = LogWriter::Open(options, fs, now_us);
  EXPECT_TRUE(log.ok()) << log.status().message();
  return log.ok() ? std::move(log).value() : nullptr;
}

inline std::string RecordNumber(uint64_t n) {
  return R"({"ts":"2026-09-21T12:00:00.000000Z","request_id":"r)" + std::to_string(n) +
         R"(","verdict":"allowed","note":"\u0000 ,\"hash\":\" \n"})";
}

}  // namespace kt::audit
