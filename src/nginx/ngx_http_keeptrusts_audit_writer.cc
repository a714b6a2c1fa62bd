// The audit writer process. The master starts it, and starts it again when it dies, because
// directories with a `manager` make it run a "cache manager process": one process for all of them,
// with nginx's event loop, shared with proxy_cache where that is used.
//
// That process leaves by exit(0), without hooks, when it is told to quit: what is left to do is
// done in atexit. It goes when a successor waits (reload, binary upgrade) or no worker is left.
// With `master_process off` the one process does the writer's work itself.
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <new>

#include "core/audit/keys.h"
#include "core/audit/writer.h"
#include "core/json/view.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr ngx_msec_t kNever = 60 * 60 * 1000;
constexpr int64_t kSecondUs = 1'000'000;

int64_t UnixNow() {
  timeval tv;
  ngx_gettimeofday(&tv);
  return static_cast<int64_t>(tv.tv_sec) * kSecondUs + tv.tv_usec;
}

// The writer of one audit directory, driven by a timer and by the workers' bell.
struct WriterJob {
  explicit WriterJob(audit::WriterOptions options)
      : directory(options.log.directory), writer(std::move(options)) {}

  std::string directory;
  audit::Writer writer;
  ngx_event_t timer{};
  ngx_connection_t* bell = nullptr;
  uint64_t bell_number = 0;
};

// Of this process; outlives the configurations of reloads where there is one process only.
struct WriterProcess {
  std::vector<std::unique_ptr<WriterJob>> jobs;
  pid_t parent = 0;
};
WriterProcess* process;

ngx_uint_t LogLevel(audit::Writer::Level level) noexcept {
  switch (level) {
    case audit::Writer::Level::kError:
      return NGX_LOG_CRIT;
    case audit::Writer::Level::kWarning:
      return NGX_LOG_WARN;
    case audit::Writer::Level::kNotice:
      break;
  }
  return NGX_LOG_NOTICE;
}

void TellNotices(WriterJob* job) {
  for (const audit::Writer::Notice& notice : job->writer.TakeNotices()) {
    ngx_log_error(LogLevel(notice.level), ngx_cycle->log, 0,
                  "keeptrusts: audit directory \"%s\": %s", job->directory.c_str(),
                  notice.text.c_str());
  }
}

void OnBell(ngx_event_t* event) {
  auto* job = static_cast<WriterJob*>(static_cast<ngx_connection_t*>(event->data)->data);
  const uint64_t wait =
      Guard(ngx_cycle->log, uint64_t{kNever}, [&] { return job->writer.OnBell(); });
  if (!job->timer.timer_set || job->timer.timer.key > ngx_current_msec + wait) {
    ngx_add_timer(&job->timer, wait);
  }
  if (ngx_handle_read_event(event, 0) != NGX_OK) {
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "keeptrusts: the audit bell is out of order");
  }
}

// nginx gets a descriptor of its own: the writer may close its FIFO when the directory is replaced.
void WatchBell(WriterJob* job) {
  if (job->bell_number == job->writer.bell_number()) return;
  if (job->bell != nullptr) ngx_close_connection(job->bell);
  job->bell = nullptr;
  job->bell_number = job->writer.bell_number();
  if (job->writer.bell_fd() < 0) return;
  const int fd = fcntl(job->writer.bell_fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return;
  ngx_connection_t* c = ngx_get_connection(fd, ngx_cycle->log);
  if (c == nullptr) {
    close(fd);
    return;
  }
  c->data = job;
  c->read->handler = OnBell;
  c->read->log = ngx_cycle->log;
  c->write->log = ngx_cycle->log;
  c->log = ngx_cycle->log;
  job->bell = c;
  if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "keeptrusts: the audit bell is out of order");
  }
}

void OnTimer(ngx_event_t* event) {
  auto* job = static_cast<WriterJob*>(event->data);
  const uint64_t wait = Guard(ngx_cycle->log, uint64_t{1000}, [&] {
    const uint64_t next = job->writer.Run(UnixNow());
    WatchBell(job);
    TellNotices(job);
    return next;
  });
  ngx_time_update();
  ngx_add_timer(event, wait);
  // Without its master this process gets no signal any more: it leaves with the last worker.
  if (ngx_process == NGX_PROCESS_HELPER && getppid() != process->parent) ngx_quit = 1;
}

// In atexit: until another writer waits or no worker is left. A master that was told to stop at
// once kills after about a second; what is then still in the rings is written at the next start.
void FinishWriters() {
  if (process == nullptr) return;
  const int64_t began = UnixNow();
  for (;;) {
    bool busy = false;
    for (const auto& job : process->jobs) {
      Guard(ngx_cycle->log, 0, [&] {
        job->writer.Run(UnixNow());
        busy = !job->writer.MayLeave() || busy;
        TellNotices(job.get());
        return 0;
      });
    }
    if (!busy || (ngx_terminate && UnixNow() - began > kSecondUs * 8 / 10)) break;
    poll(nullptr, 0, 20);
  }
  for (const auto& job : process->jobs) {
    Guard(ngx_cycle->log, 0, [&] {
      job->writer.Close(UnixNow());
      TellNotices(job.get());
      return 0;
    });
  }
  delete std::exchange(process, nullptr);
}

// "ps" should say what it does, where it does nothing else.
void SetTitle() {
  auto* paths = static_cast<ngx_path_t**>(ngx_cycle->paths.elts);
  for (ngx_uint_t i = 0; i < ngx_cycle->paths.nelts; i++) {
    if (paths[i]->manager != nullptr && paths[i]->manager != ManageAuditWriter) return;
  }
  char title[] = "keeptrusts audit writer process";
  ngx_setproctitle(title);
}

audit::WriterOptions OptionsOf(const AuditEntry& entry) {
  audit::WriterOptions options;
  options.ring_directory = entry.ring_directory;
  options.log.directory = entry.directory;
  options.log.host = entry.host;
  options.log.packs = entry.packs;
  options.log.root_key = entry.root_key;
  options.log.immutable = entry.settings.immutable;
  options.log.retention_days = static_cast<uint32_t>(entry.settings.retention_days);
  return options;
}

void StartWriter(const AuditEntry& entry) {
  if (process == nullptr) {
    process = new WriterProcess;
    process->parent = getppid();
    if (ngx_process == NGX_PROCESS_HELPER) {
      // What FinishWriters uses must be made before it is registered, or it is gone by then: the
      // JSON library makes its tables at the first parse and takes them down at exit.
      const Status ready = json::View().Parse("{}", 0, json::Limits{});
      if (!ready.ok()) throw std::bad_alloc();  // the one way in which that can fail
      atexit(FinishWriters);
      SetTitle();
    }
  }
  for (const auto& job : process->jobs) {
    if (job->directory == entry.directory) return;
  }
  process->jobs.push_back(std::make_unique<WriterJob>(OptionsOf(entry)));
  WriterJob* job = process->jobs.back().get();
  job->timer.handler = OnTimer;
  job->timer.data = job;
  job->timer.log = ngx_cycle->log;
  ngx_add_timer(&job->timer, 0);
}

}  // namespace

// nginx calls it once the process runs; from then on our own timers and the bell do.
ngx_msec_t ManageAuditWriter(void* data) {
  const auto* entry = static_cast<AuditEntry*>(data);
  return Guard(ngx_cycle->log, kNever, [&] {
    StartWriter(*entry);
    return kNever;
  });
}

void StartOwnWriters(ngx_cycle_t* cycle) noexcept {
  auto* main = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keeptrusts_module));
  if (main == nullptr) return;
  Guard(cycle->log, 0, [&] {
    for (const auto& entry : main->audits) {
      if (ngx_process == NGX_PROCESS_SINGLE) StartWriter(*entry);
      if (ngx_process == NGX_PROCESS_WORKER) audit::Wipe(&entry->root_key);
    }
    return 0;
  });
}

// The one process of `master_process off` ends: its rings first, then what is in them.
void FinishOwnWriters(ngx_cycle_t* cycle) noexcept {
  if (ngx_process != NGX_PROCESS_SINGLE) return;
  auto* main = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keeptrusts_module));
  if (main != nullptr) {
    for (const auto& entry : main->audits) entry->rings.reset();
  }
  FinishWriters();
}

}  // namespace kt::nginx
