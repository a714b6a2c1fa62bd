// The verifier and the next writer on hostile files. Starts from a healthy log of several segments,
// and changes it as the input says: lines, members, whole files, with hashes computed anew or not,
// so that what lies behind the first checks is reached too. Both must end; the verifier must never
// call whole what is not the writer's.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/chain.h"
#include "core/audit/file_system.h"
#include "core/audit/log_writer.h"
#include "core/audit/segment.h"
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

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kEnd = 200 * 86'400 * kSecond;

// Crashes, intervals, pruned segments, a clean end.
const MemoryFiles& HealthyLog() {
  static const MemoryFiles log = [] {
    MemoryFiles fs;
    kt::audit::LogOptions options;
    options.directory = "/audit";
    options.retention_days = 60;
    options.segment_seconds = 20 * 86'400;
    int64_t now_us = kSecond;
    uint64_t number = 0;
    for (int life = 0; life < 2; ++life) {
      auto writer = kt::audit::LogWriter::Open(options, &fs, now_us).value();
      for (int day = 0; day < 8; ++day) {
        now_us += 12 * 86'400 * kSecond;
        ++number;
        if (!writer->Append(R"({"verdict":"allowed"})", 7, number).ok()) std::abort();
        if (!writer->Tick(now_us).ok()) std::abort();
      }
      if (life == 1 && !writer->Close(kEnd).ok()) std::abort();
    }
    return fs;
  }();
  return log;
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  uint8_t Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  size_t Below(size_t limit) {
    const size_t value = Byte() * 256u + Byte();
    return limit == 0 ? 0 : value % limit;
  }
  std::string Bytes() {
    const size_t n = std::min<size_t>(size_, Byte());
    std::string bytes(reinterpret_cast<const char*>(data_), std::min(n, size_));
    data_ += bytes.size();
    size_ -= bytes.size();
    return bytes;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

using Lines = std::vector<std::string>;

Lines Split(const std::string& text) {
  Lines lines;
  for (size_t from = 0; from < text.size();) {
    const size_t newline = std::min(text.find('\n', from), text.size() - 1);
    lines.push_back(text.substr(from, newline + 1 - from));
    from = newline + 1;
  }
  return lines;
}

// Hashes and numbers of the lines from `from` on, so that they fit again; signatures stay.
void Rechain(Lines* lines, size_t from) {
  kt::audit::Sha256 sha256;
  for (size_t i = from; i < lines->size(); ++i) {
    std::string& line = (*lines)[i];
    const size_t hash = line.rfind(",\"hash\":\"");
    if (hash == std::string::npos || line.size() < hash + 10 + 64) continue;
    if (i > 0) {
      const std::string& before = (*lines)[i - 1];
      const size_t held = before.rfind(",\"hash\":\"");
      const size_t prev = line.rfind("\"prev\":\"", hash);
      if (held != std::string::npos && before.size() >= held + 10 + 64 &&
          prev != std::string::npos && prev + 8 + 64 <= hash) {
        line.replace(prev + 8, 64, before, held + 10, 64);
      }
      if (before.starts_with("{\"seq\":") && line.starts_with("{\"seq\":")) {
        const uint64_t seq = std::strtoull(before.c_str() + 7, nullptr, 10);
        line.replace(7, std::min(line.find(',', 7), line.size()) - 7, std::to_string(seq + 1));
      }
    }
    const size_t end = line.rfind(",\"hash\":\"");
    line.replace(end + 9, 64, sha256.Hex(std::string_view(line).substr(0, end)));
  }
}

void ChangeLines(Input* input, std::string* text, const std::string& other) {
  Lines lines = Split(*text);
  if (lines.empty()) lines.push_back("\n");
  const size_t at = input->Below(lines.size());
  std::string& line = lines[at];
  const uint8_t how = input->Byte();
  switch (how % 8) {
    case 0:
      lines.erase(lines.begin() + static_cast<ptrdiff_t>(at));
      break;
    case 1:
      lines.insert(lines.begin() + static_cast<ptrdiff_t>(at), lines[input->Below(lines.size())]);
      break;
    case 2:
      std::swap(line, lines[input->Below(lines.size())]);
      break;
    case 3: {
      const Lines theirs = Split(other);
      if (!theirs.empty()) line = theirs[input->Below(theirs.size())];
      break;
    }
    case 4: {  // a value: of a member, a number, a list
      const size_t colon = line.find("\":", input->Below(line.size()));
      if (colon == std::string::npos) break;
      const size_t end = std::min(line.find(",\"", colon), line.size());
      line.replace(colon + 2, end - colon - 2, input->Bytes());
      break;
    }
    case 5:
      line.insert(input->Below(line.size()), input->Bytes());
      break;
    case 6: {
      const std::string bytes = input->Bytes();
      const size_t from = input->Below(line.size());
      line.replace(from, std::min(bytes.size(), line.size() - from), bytes);
      break;
    }
    default:
      line = input->Bytes() + "\n";
  }
  if ((how & 0x80) != 0) Rechain(&lines, (how & 0x40) != 0 ? 0 : std::min(at, lines.size()));
  text->clear();
  for (const std::string& changed : lines) *text += changed;
}

void Change(Input* input, std::map<std::string, std::string>* files) {
  const auto pick = [&] { return std::next(files->begin(), input->Below(files->size())); };
  const auto file = pick(), other = pick();
  switch (input->Byte() % 8) {
    case 0:
      std::swap(file->second, other->second);
      break;
    case 1:
      file->second.resize(input->Below(file->second.size() + 1));
      break;
    case 2:
      file->second += input->Bytes();
      break;
    case 3: {  // another number in its name
      std::string name = file->first;
      if (name.size() > 15) name[15] = static_cast<char>('0' + input->Byte() % 10);
      (*files)[name] = file->second;
      break;
    }
    case 4:
      if (files->size() > 2) files->erase(file);
      break;
    default:
      ChangeLines(input, &file->second, other->second);
  }
}

std::map<std::string, std::string> SegmentsOf(const MemoryFiles& fs) {
  std::map<std::string, std::string> segments;
  for (const auto& [name, text] : fs.files) {
    if (kt::audit::SegmentName::Parse(name) || name == kt::audit::kPrunedFile) {
      segments[name] = text;
    }
  }
  return segments;
}

// The same, but for what an unfinished line of the next writer may add to the newest segment.
bool IsTheWriters(const MemoryFiles& fs) {
  auto now = SegmentsOf(fs);
  const auto before = SegmentsOf(HealthyLog());
  const auto newest = std::prev(before.find(std::string(kt::audit::kPrunedFile)));
  if (now[newest->first].starts_with(newest->second)) now[newest->first] = newest->second;
  return now == before;
}

// The next writer goes on, or says why it cannot.
void GoOn(MemoryFiles* fs) {
  kt::audit::LogOptions options;
  options.directory = "/audit";
  auto log = kt::audit::LogWriter::Open(options, fs, kEnd + 2 * kSecond);
  if (!log.ok()) return;
  if (!log.value()->AppendEvent(R"({"verdict":"allowed"})").ok()) return;
  static_cast<void>(log.value()->Close(kEnd + 3 * kSecond));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  MemoryFiles fs = HealthyLog();
  static const std::string root = kt::audit::ReadPublicKey(fs.files.at("root.pub")).value();
  const uint8_t what = input.Byte();
  for (int changes = 0; changes < 8 && !input.empty(); ++changes) Change(&input, &fs.files);
  kt::audit::VerifyOptions options;
  options.directory = "/audit";
  options.root_public = root;
  options.now_us = kEnd + kSecond;
  if (what % 4 < 2) {
    const auto report = kt::audit::Verify(options, &fs);
    if (report.ok() && report.value().whole() && !IsTheWriters(fs)) std::abort();
  } else if (what % 4 == 2) {
    options.allow_lineage = options.allow_clock_back = true;
    options.since_us = kEnd / 2;
    static_cast<void>(kt::audit::Verify(options, &fs));
  } else {
    GoOn(&fs);
  }
  return 0;
}
