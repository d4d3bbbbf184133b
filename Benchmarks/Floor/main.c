// A bare broadcast server: what the machine itself costs. `fanfare-floor --port N [--batch]`
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

#define EVENTS_MAX 1024
// A whole publish: head and body.
#define INPUT_BYTES (2 * 1024 * 1024)

static int poll_descriptor;
static struct connection **connections;
static size_t descriptors_max;
static char input[INPUT_BYTES];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(struct connection *connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = connection->descriptor}};
  if (epoll_ctl(poll_descriptor, operation, connection->descriptor, &event) != 0) die("epoll_ctl");
}

void watch_output(struct connection *connection, bool is_wanted) {
  watch(connection, EPOLL_CTL_MOD, is_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void end(struct connection *connection) {
  unfollow(connection);
  connections[connection->descriptor] = NULL;
  close(connection->descriptor);
  free(connection->pending);
  free(connection);
}

static void accept_all(int listener) {
  for (int i = 0; i < 128; i++) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || (size_t)descriptor >= descriptors_max) die("too many connections");
    connection->descriptor = descriptor;
    connections[descriptor] = connection;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
  }
}

// Returns false when the connection is to be closed.
static bool take_input(struct connection *connection, size_t count) {
  size_t start = 0;
  // What a follower says (a pong) is nothing to the floor.
  while (connection->channel == NULL && start < count) {
    struct text rest = {input + start, count - start};
    long taken = take_request(connection, rest);
    if (taken < 0) return false;
    if (taken == 0) break;
    start += (size_t)taken;
  }
  if (connection->channel != NULL || start == count) return true;
  connection->pending_bytes = count - start;
  connection->pending = malloc(count - start);
  if (connection->pending == NULL) return false;
  memcpy(connection->pending, input + start, count - start);
  return true;
}

static void receive(struct connection *connection) {
  size_t held = connection->pending_bytes;
  if (held > 0) {
    memcpy(input, connection->pending, held);
    free(connection->pending);
    connection->pending = NULL;
    connection->pending_bytes = 0;
  }
  ssize_t count = recv(connection->descriptor, input + held, sizeof input - held, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) count = 0;
  else if (count <= 0) return end(connection);
  if (!take_input(connection, held + (size_t)count)) end(connection);
}

static int listen_on(uint16_t port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
  if (listen(listener, 4096) != 0) die("listen");
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};
  if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
  return listener;
}

static void serve(int listener) {
  static struct epoll_event events[EVENTS_MAX];
  while (true) {
    int count = epoll_wait(poll_descriptor, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        accept_all(listener);
        continue;
      }
      // One that was closed in this round may have a successor by now; it is only looked at.
      struct connection *connection = connections[descriptor];
      if (connection == NULL) continue;
      if (events[i].events & EPOLLOUT && connection->is_blocked) {
        connection->is_blocked = false;
        watch_output(connection, false);
        if (connection->channel != NULL) feed(connection);
      }
      if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(connection);
    }
    flush();
  }
}

int main(int count, char **arguments) {
  uint16_t port = 0;
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--batch") == 0) is_batching = true;
    if (strcmp(arguments[i], "--port") == 0 && i + 1 < count) {
      port = (uint16_t)atoi(arguments[++i]);
    }
  }
  if (port == 0) {
    fputs("Usage: fanfare-floor --port PORT [--batch]\n", stderr);
    return 64;
  }
  // Whoever starts it may have blocked the signal by which it is ended.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  descriptors_max = (size_t)limit.rlim_cur;
  connections = calloc(descriptors_max, sizeof *connections);
  poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (connections == NULL || poll_descriptor < 0) die("epoll_create1");
  serve(listen_on(port));
}
