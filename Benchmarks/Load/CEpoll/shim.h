// What the load side needs of Linux and Glibc's module does not show.
#ifndef LOAD_EPOLL_SHIM_H
#define LOAD_EPOLL_SHIM_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static inline int load_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int load_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int load_watch(int poll, int operation, int descriptor, uint32_t events,
                             uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(poll, operation, descriptor, &event);
}

static inline uint64_t load_token(const struct epoll_event *event) { return event->data.u64; }

static inline uint32_t load_events(const struct epoll_event *event) { return event->events; }

static inline uint64_t load_nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/// The processor time of another process, 0 when it is gone.
static inline uint64_t load_process_nanoseconds(pid_t process) {
  clockid_t clock;
  return clock_getcpuclockid(process, &clock) == 0 ? load_nanoseconds(clock) : 0;
}

static inline int load_timer(void) {
  return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

/// Lets a timer fire at an instant of CLOCK_MONOTONIC; 0 stops it.
static inline int load_arm(int timer, uint64_t nanoseconds) {
  struct itimerspec at = {.it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                                       .tv_nsec = (long)(nanoseconds % 1000000000)}};
  return timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/// Begins to connect from 127.0.0.`host` to a port of 127.0.0.1. Returns the descriptor, or the
/// negative error.
static inline int load_connect(uint16_t port, uint8_t host) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // The port is chosen by `connect`, which knows the whole pair.
  if (host != 1) setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(0x7F000000u + host)}};
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if ((host != 1 && bind(descriptor, (struct sockaddr *)&from, sizeof from) != 0) ||
      (connect(descriptor, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
    int code = errno;
    close(descriptor);
    return -code;
  }
  return descriptor;
}

#endif
