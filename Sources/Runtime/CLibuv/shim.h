#ifndef FANFARE_CLIBUV_SHIM_H
#define FANFARE_CLIBUV_SHIM_H

// What libuv offers, and the few Linux calls that Swift's Glibc module does not import.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <uv.h>

// Declared here because the header shows them only under _GNU_SOURCE, which would give this module
// another fd_set than Glibc's.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pthread_setname_np(pthread_t, const char *);

static inline int fanfare_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int fanfare_accept(int listener) {
  return accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static inline void fanfare_name_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
}

#endif
