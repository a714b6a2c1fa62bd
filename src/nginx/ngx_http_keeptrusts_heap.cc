// What a worker keeps of its heap.
//
// The C library gives what lies free at the end of the heap back to the kernel, and takes large
// blocks from it: with each body of 100 KB, for more time than its request takes otherwise. So it
// is told to keep them, and a timer gives them back once no large body has come for a while.
#include <stdlib.h>  // says whether this is glibc

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {

#if defined(__GLIBC__)
namespace {

constexpr int kKeptWhileUsedBytes = 32 * 1024 * 1024;
constexpr size_t kKeptBytes = 512 * 1024, kLargeBytes = 64 * 1024;
constexpr ngx_msec_t kQuietMs = 1000;

void GiveBack(ngx_event_t* event) {
  auto* heap = static_cast<HeapKeeper*>(event->data);
  if (!heap->used) {
    malloc_trim(kKeptBytes);
    return;
  }
  heap->used = false;
  ngx_add_timer(event, kQuietMs);
}

}  // namespace

HeapKeeper::~HeapKeeper() {
  if (timer.timer_set) ngx_del_timer(&timer);
}

void TrimHeap() noexcept {
  malloc_trim(0);
}

void KeepHeap() noexcept {
  mallopt(M_TRIM_THRESHOLD, kKeptWhileUsedBytes);
  mallopt(M_MMAP_THRESHOLD, kKeptWhileUsedBytes / 2);
}

void NoteBody(HeapKeeper* heap, size_t bytes) noexcept {
  if (bytes < kLargeBytes) return;
  heap->used = true;
  if (heap->timer.timer_set || ngx_exiting) return;
  heap->timer.handler = GiveBack;
  heap->timer.data = heap;
  heap->timer.log = ngx_cycle->log;
  heap->timer.cancelable = 1;
  ngx_add_timer(&heap->timer, kQuietMs);
}

#else

HeapKeeper::~HeapKeeper() = default;
void TrimHeap() noexcept {}
void KeepHeap() noexcept {}
void NoteBody(HeapKeeper*, size_t) noexcept {}

#endif

}  // namespace kt::nginx
