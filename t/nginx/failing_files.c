/* LD_PRELOAD: the Nth write or sync of an audit file in a process fails with EIO, once.
   KT_FAIL_AT: N. KT_FAIL_MARK: a file that is made when it happens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int calls;

static int fails(int fd) {
  char link[64], path[4096];
  const char *at = getenv("KT_FAIL_AT"), *mark = getenv("KT_FAIL_MARK"), *name;
  static long wanted;
  static char marked[4096];
  int saved = errno;
  ssize_t n;
  /* nginx clears its environment later: what counts is what it was at the first call. */
  if (wanted == 0) {
    wanted = at != NULL ? atol(at) : -1;
    snprintf(marked, sizeof(marked), "%s", mark != NULL ? mark : "");
  }
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  n = readlink(link, path, sizeof(path) - 1);
  errno = saved;
  if (wanted < 0 || n <= 0) return 0;
  path[n] = '\0';
  name = strstr(path, "/audit/");
  if (name == NULL || strstr(name, "/rings") != NULL || strstr(name, ".lock") != NULL) return 0;
  if (++calls != wanted) return 0;
  close(open(marked, O_WRONLY | O_CREAT, 0644));
  errno = EIO;
  return 1;
}

__attribute__((constructor)) static void remember(void) { (void) fails(-1); }

ssize_t write(int fd, const void *data, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) real = (ssize_t(*)(int, const void *, size_t)) dlsym(RTLD_NEXT, "write");
  return fails(fd) ? -1 : real(fd, data, size);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
  return fails(fd) ? -1 : real(fd);
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int)) dlsym(RTLD_NEXT, "fsync");
  return fails(fd) ? -1 : real(fd);
}
