// Writes an audit log as told on stdin, through the gateway's own LogWriter: for tests of those who
// read logs. And measures it: `audit_log DIR bench RECORDS BATCH`.
//
//   audit_log DIR ROOT_KEY|- NOW_US [SEGMENT_SECONDS [RETENTION_DAYS]]
//
// A line that begins with a brace is a record; `sync`; `advance SECONDS` (with all that falls due);
// `close` (a clean end); without it the log ends as after a crash. Echoes each other command when
// it is done.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "core/audit/log_writer.h"

namespace {

using kt::audit::LogOptions;
using kt::audit::LogWriter;

constexpr int64_t kSecond = 1'000'000;

int Fail(const kt::Status& status) {
  std::fprintf(stderr, "audit_log: %s\n", status.message().c_str());
  return 1;
}

// A record as long as an ordinary one.
std::string Sample(uint64_t n) {
  return R"({"ts":"2026-09-21T12:00:00.000000Z","request_id":"0123456789abcdef)" +
         std::to_string(n) + R"(","pack":{"name":"p","version":"1.0.0","sha256":")" +
         std::string(64, 'a') + R"("},"verdict":"allowed","note":")" + std::string(600, 'x') +
         "\"}";
}

int Bench(const LogOptions& options, uint64_t records, uint64_t batch) {
  auto log = LogWriter::Open(options, nullptr, kSecond);
  if (!log.ok()) return Fail(log.status());
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 1; i <= records; ++i) {
    if (auto status = log.value()->Append(Sample(i), 7, i); !status.ok()) return Fail(status);
    if (i % batch != 0 && i != records) continue;
    if (auto status = log.value()->Sync(kSecond); !status.ok()) return Fail(status);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f records/s, batches of %llu\n", static_cast<double>(records) / took.count(),
              static_cast<unsigned long long>(batch));
  return log.value()->Close(kSecond).ok() ? 0 : 1;
}

int Write(const LogOptions& options, int64_t now_us) {
  auto log = LogWriter::Open(options, nullptr, now_us);
  if (!log.ok()) return Fail(log.status());
  uint64_t number = log.value()->LastNumber(7);
  for (std::string line; std::getline(std::cin, line);) {
    kt::Status status;
    if (line.starts_with("{")) {
      status = log.value()->Append(line, 7, ++number);
    } else if (line.starts_with("advance ")) {
      now_us += std::stoll(line.substr(8)) * kSecond;
      status = log.value()->Tick(now_us);
    } else if (line == "sync") {
      status = log.value()->Sync(now_us);
    } else if (line == "close") {
      status = log.value()->Close(now_us);
    } else {
      status = kt::Status::InvalidArgument("unknown command " + line);
    }
    if (!status.ok()) return Fail(status);
    if (!line.starts_with("{")) std::cout << line << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  LogOptions options;
  options.directory = argv[1];
  options.host = "host-1";
  options.packs = {{"pack", "1.0.0", std::string(64, 'a')}};
  if (auto status = kt::audit::PrepareDirectory(options.directory, nullptr); !status.ok()) {
    return Fail(status);
  }
  if (std::string(argv[2]) == "bench") {
    return Bench(options, std::stoull(argv[3]), argc > 4 ? std::stoull(argv[4]) : 1000);
  }
  if (std::string(argv[2]) != "-") options.root_key = argv[2];
  if (argc > 4) options.segment_seconds = std::stoull(argv[4]);
  if (argc > 5) options.retention_days = static_cast<uint32_t>(std::stoul(argv[5]));
  return Write(options, std::stoll(argv[3]));
}
