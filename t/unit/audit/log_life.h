// The life of a log, to be ended or spoilt at any call, and what must be true after it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "core/audit/segment.h"
#include "core/audit/verify.h"
#include "log_files.h"

namespace kt::audit {

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
        // The parser borrows the line.
        ASSERT_TRUE(parser.Parse(std::string_view(next).substr(0, next.find('\n')), 0).ok());
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

}  // namespace kt::audit
