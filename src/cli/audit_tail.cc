#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <deque>
#include <string>

#include "cli/audit_commands.h"
#include "cli/audit_common.h"
#include "cli/help.h"
#include "core/audit/segment_records.h"

namespace kt::cli {
namespace {

using audit::Fd;
using audit::SegmentName;
using audit::SegmentReader;

// Some file systems tell of no changes: then we look about once a second.
constexpr int kLookAgainMs = 1000;

class Tail {
 public:
  Tail(std::string directory, size_t lines, bool all)
      : path_(std::move(directory)), last_lines_(lines), all_(all) {}

  Status Open();
  // Prints what is there; Status: reading or writing failed.
  Status Catch();
  // False: nobody reads our output any more.
  bool Wait();

 private:
  Result<bool> NextSegment();
  Status ReadOn(uint64_t end);
  Status Give(std::string_view line);

  audit::FileSystem* fs_ = audit::FileSystem::Real();
  std::string path_;
  size_t last_lines_;
  bool all_;
  bool first_pass_ = true;
  std::deque<std::string> kept_;  // the last lines, until the first pass has ended
  Fd directory_, file_, watch_;
  SegmentName name_;
  uint64_t offset_ = 0;
};

Status Tail::Open() {
  directory_ = Fd(fs_->OpenDirectory(path_ + "/."));
  if (!directory_.valid()) {
    return audit::FileFailure("open the directory " + path_, directory_.get());
  }
  watch_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch_.valid()) inotify_add_watch(watch_.get(), path_.c_str(), IN_MODIFY | IN_MOVED_TO);
  std::vector<std::string> files;
  if (const int error = fs_->List(directory_.get(), &files); error != 0) {
    return audit::FileFailure("list " + path_, error);
  }
  const auto segments = audit::SegmentsOf(files);
  if (segments.empty()) return Status::NotFound("there is no audit log in " + path_);
  // One segment more than the newest, which may have only just begun.
  name_ = segments[segments.size() >= 2 ? segments.size() - 2 : 0];
  Result<Fd> file = audit::OpenRegular(fs_, directory_.get(), name_.File(), O_RDONLY);
  if (!file.ok()) return file.status();
  file_ = std::move(file).value();
  return Status::Ok();
}

Status Tail::Give(std::string_view line) {
  if (!all_ && line.find("\"event\":\"audit.") < 64) return Status::Ok();
  if (first_pass_) {
    kept_.emplace_back(line);
    if (kept_.size() > last_lines_) kept_.pop_front();
    return Status::Ok();
  }
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                       std::fputc('\n', stdout) != EOF;
  return written ? Status::Ok() : Status::Unavailable("cannot write to stdout");
}

Status Tail::ReadOn(uint64_t end) {
  SegmentReader reader(fs_, file_.get(), end, offset_);
  std::string_view line;
  SegmentReader::Outcome outcome;
  while ((outcome = reader.Next(&line)) == SegmentReader::Outcome::kLine) {
    if (Status status = Give(line); !status.ok()) return status;
    offset_ = reader.end();
  }
  return outcome == SegmentReader::Outcome::kFailed ? reader.error() : Status::Ok();
}

// Goes on to the segment behind the present one when there is one.
Result<bool> Tail::NextSegment() {
  std::vector<std::string> files;
  if (const int error = fs_->List(directory_.get(), &files); error != 0) {
    return audit::FileFailure("list " + path_, error);
  }
  for (const SegmentName& next : audit::SegmentsOf(files)) {
    if (next.number <= name_.number) continue;
    // What the writer has added before it went on.
    const uint64_t end = audit::CountedBytes(fs_, directory_.get(), next);
    if (Status status = ReadOn(end); !status.ok()) return status;
    Result<Fd> file = audit::OpenRegular(fs_, directory_.get(), next.File(), O_RDONLY);
    if (!file.ok()) return file.status();
    file_ = std::move(file).value();
    name_ = next;
    offset_ = 0;
    return true;
  }
  return false;
}

Status Tail::Catch() {
  while (true) {
    const Result<bool> moved = NextSegment();
    if (!moved.ok()) return moved.status();
    if (moved.value()) continue;
    if (Status status = ReadOn(UINT64_MAX); !status.ok()) return status;
    break;
  }
  if (first_pass_) {
    first_pass_ = false;
    for (const std::string& line : kept_) {
      if (Status status = Give(line); !status.ok()) return status;
    }
    kept_.clear();
  }
  return std::fflush(stdout) == 0 ? Status::Ok() : Status::Unavailable("cannot write to stdout");
}

bool Tail::Wait() {
  pollfd polled[] = {{watch_.get(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  poll(polled, 2, kLookAgainMs);
  char events[4096];
  while (watch_.valid() && read(watch_.get(), events, sizeof events) > 0) {
  }
  return (polled[1].revents & (POLLERR | POLLHUP)) == 0;
}

}  // namespace

int AuditTail(std::span<char*> arguments) {
  static constexpr Option kOptions[] = {
      {"lines", OptionKind::kValue}, {"no-follow", OptionKind::kFlag}, {"all", OptionKind::kFlag}};
  const auto parsed = ParseAuditArgs(arguments, kOptions, "DIR");
  if (!parsed.ok()) return UsageError("audit tail", parsed.status());
  const Args& args = parsed.value().args;
  if (args.Has("help")) return PrintAuditHelp("tail");
  const std::string count = args.Get("lines", "10");
  size_t lines = 0;
  const auto end = std::from_chars(count.data(), count.data() + count.size(), lines);
  if (end.ec != std::errc() || end.ptr != count.data() + count.size() || lines > 1'000'000) {
    return UsageError("audit tail", Status::InvalidArgument("--lines is a number to 1,000,000"));
  }
  Tail tail(parsed.value().directory, lines, args.Has("all"));
  if (Status status = tail.Open(); !status.ok()) return Unreadable(status);
  while (true) {
    if (Status status = tail.Catch(); !status.ok()) return Unreadable(status);
    if (args.Has("no-follow") || !tail.Wait()) return 0;
  }
}

}  // namespace kt::cli
