// The verifier on hostile files: any bytes as a newest segment, behind a header that was really
// signed or instead of it. It must end, judge, and never call whole what is not the writer's.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "core/audit/file_system.h"
#include "core/audit/log_writer.h"
#include "core/audit/segment.h"
#include "core/audit/segment_recovery.h"
#include "core/audit/verify.h"

namespace {

using kt::audit::FileInfo;

// Files in memory: the fuzzer needs no disk.
class MemoryFiles : public kt::audit::FileSystem {
 public:
  std::map<std::string, std::string> files;

  int MakeDirectory(const std::string&, mode_t) override { return 0; }
  int OpenDirectory(const std::string&) override { return Hold(""); }
  int Open(int, const std::string& name, int flags, mode_t) override {
    if (!files.contains(name)) {
      if ((flags & 0100) == 0) return -ENOENT;  // O_CREAT
      files[name];
    }
    return Hold(name);
  }
  ssize_t Write(int fd, std::string_view bytes) override {
    files[names_[fd]] += bytes;
    return static_cast<ssize_t>(bytes.size());
  }
  ssize_t Read(int fd, char* buffer, size_t size, uint64_t offset) override {
    const std::string& text = files[names_[fd]];
    if (offset >= text.size()) return 0;
    size = std::min<size_t>(size, text.size() - offset);
    std::memcpy(buffer, text.data() + offset, size);
    return static_cast<ssize_t>(size);
  }
  int DataSync(int) override { return 0; }
  int Sync(int) override { return 0; }
  int Truncate(int fd, uint64_t size) override {
    files[names_[fd]].resize(size);
    return 0;
  }
  int Rename(int, const std::string& from, const std::string& to) override {
    for (auto& [fd, name] : names_) {
      if (name == from) name = to;
    }
    files[to] = std::move(files[from]);
    files.erase(from);
    return 0;
  }
  int Unlink(int, const std::string& name) override {
    files.erase(name);
    return 0;
  }
  int Lock(int) override { return 0; }
  int Stat(int fd, FileInfo* info) override {
    *info = {true, files[names_[fd]].size(), 1, 1, 1};
    return 0;
  }
  int StatPath(const std::string&, FileInfo* info) override {
    *info = {true, 0, 1, 1, 1};
    return 0;
  }
  int List(int, std::vector<std::string>* names) override {
    names->clear();
    for (const auto& [name, text] : files) names->push_back(name);
    return 0;
  }

 private:
  // A descriptor that the kernel knows too, since it is closed.
  int Hold(const std::string& name) {
    const int fd = kt::audit::FileSystem::Open(-100, "/dev/null", 0, 0);
    if (fd >= 0) names_[fd] = name;
    return fd;
  }
  std::map<int, std::string> names_;
};

const MemoryFiles& HealthyLog() {
  static const MemoryFiles log = [] {
    MemoryFiles fs;
    kt::audit::LogOptions options;
    options.directory = "/audit";
    auto writer = kt::audit::LogWriter::Open(options, &fs, 1'000'000).value();
    for (uint64_t i = 1; i <= 3; ++i) {
      if (!writer->Append(R"({"verdict":"allowed"})", 7, i).ok()) std::abort();
    }
    if (!writer->Close(2'000'000).ok()) std::abort();
    return fs;
  }();
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 3), size - 3);
  MemoryFiles fs = HealthyLog();
  const std::string original = [&] {
    for (const auto& [name, text] : fs.files) {
      if (name.starts_with("audit-")) return text;
    }
    std::abort();
  }();
  std::string* segment = nullptr;
  for (auto& [name, text] : fs.files) {
    if (name.starts_with("audit-")) segment = &text;
  }
  // Where the bytes go: over the file, into it, or into the list of pruned headers.
  const size_t at = (data[1] * 256u + data[2]) % (segment->size() + 1);
  switch (data[0] % 4) {
    case 0:
      *segment = input;
      break;
    case 1:
      segment->insert(at, input);
      break;
    case 2:
      segment->replace(at, std::min(input.size(), segment->size() - at), input);
      break;
    default:
      fs.files["pruned.jsonl"] = input;
      break;
  }
  kt::audit::VerifyOptions options;
  options.directory = "/audit";
  options.now_us = 3'000'000;
  const auto report = kt::audit::Verify(options, &fs);
  // Behind the last signature anybody can append what fits the chain; before it, nothing.
  if (report.ok() && report.value().whole() && !segment->starts_with(original)) std::abort();
  kt::audit::Fd fd(fs.Open(-100, "epoch.key", 0, 0));
  static_cast<void>(kt::audit::ReadSegment(&fs, fd.get()));
  return 0;
}
