#ifndef FANFARE_CLIBUV_SHIM_H
#define FANFARE_CLIBUV_SHIM_H

// What libuv offers, and the few Linux calls that Swift's Glibc module does not import.
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

// Declared here because the header shows them only under _GNU_SOURCE, which would give this module
// another fd_set than Glibc's.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);
extern int pthread_setname_np(pthread_t, const char *);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

static inline int fanfare_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int fanfare_accept(int listener) {
  return accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static inline int fanfare_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

// `epoll_event` is packed on some machines; these keep its layout out of Swift. The bits are those of
// `SocketPoller.Readiness`: 1 readable, 2 writable, 4 failed.
static inline int fanfare_epoll_set(int set, int operation, int socket, int reads, int writes,
                                    uint64_t data) {
  struct epoll_event event = {.events = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u)};
  event.data.u64 = data;
  return epoll_ctl(set, operation, socket, &event);
}

static inline int fanfare_epoll_take(int set, uint64_t *data, uint32_t *ready, int max) {
  struct epoll_event events[256];
  int count = epoll_wait(set, events, max < 256 ? max : 256, 0);
  for (int i = 0; i < count; i++) {
    uint32_t seen = events[i].events;
    data[i] = events[i].data.u64;
    // A peer that has gone both ways is told of by whatever is asked for.
    ready[i] = (seen & EPOLLERR) ? 4u
                                 : ((seen & (EPOLLIN | EPOLLHUP)) ? 1u : 0u)
                                       | ((seen & (EPOLLOUT | EPOLLHUP)) ? 2u : 0u);
  }
  return count;
}

static inline int fanfare_spawn_in(posix_spawn_file_actions_t *actions, const char *directory) {
  return posix_spawn_file_actions_addchdir_np(actions, directory);
}

static inline int fanfare_spawn_without(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

// Swift takes the name for the structure of fcntl(2).
static inline int fanfare_lock_file(int descriptor) {
  return flock(descriptor, LOCK_EX | LOCK_NB);
}

// A process as it is now: its number may be another's later, this is not.
static inline int fanfare_open_process(pid_t number) {
  return (int)syscall(SYS_pidfd_open, number, 0);
}

static inline int fanfare_signal_process(int process, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, process, signal, (void *)0, 0);
}

static inline void fanfare_name_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
}

#endif
