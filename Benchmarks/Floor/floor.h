// What the parts of the floor know of each other. One thread, one epoll, no framework: nothing is
// done here but what a broadcast cannot do without.
#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Where every position of every channel belongs; as long as Fanfare's.
#define EPOCH "floor00000"

enum format { SSE, WEB_SOCKET, FORMATS };

struct channel;

struct connection {
  int descriptor;
  enum format format;
  // NULL unless it follows.
  struct channel *channel;
  // Its place among the followers of the channel.
  uint32_t slot;
  // Whether the kernel is full.
  bool is_blocked;
  // Whether it has fallen out of the ring: it is given nothing more.
  bool is_lapped;
  // The place in the channel's run up to which it has been sent everything.
  uint64_t cursor;
  // The beginning of a request that has not come whole; NULL while there is none.
  char *pending;
  size_t pending_bytes;
};

// The newest frames of a channel in one format, back to back.
struct run {
  char *bytes;
  size_t count;
  // The place of `bytes[0]`, counted from the first frame ever.
  uint64_t base;
  int readers;
};

struct channel {
  struct channel *next_in_bucket;
  struct channel *next_to_flush;
  bool is_to_flush;
  char *name;
  size_t name_bytes;
  // The offset of the newest event.
  uint64_t head;
  struct run runs[FORMATS];
  struct connection **followers;
  uint32_t follower_count;
  uint32_t follower_room;
};

// A part of a buffer.
struct text {
  const char *bytes;
  size_t count;
};

// channel.c
extern bool is_batching;
struct channel *channel_named(struct text name);
void follow(struct connection *connection, struct channel *channel);
void unfollow(struct connection *connection);
// Appends an event, and sends it unless batching is on. False when it is too long.
bool publish(struct channel *channel, struct text type, struct text data);
// Sends a follower what it has not had.
void feed(struct connection *connection);
// Sends all followers of the channels with news what they have not had.
void flush(void);

// request.c
// Answers one request. Returns the bytes that it took, 0 while it is not all there, -1 when the
// connection is to be closed.
long take_request(struct connection *connection, struct text input);

// websocket.c
// Writes the 28 characters that answer a handshake's key.
void accept_key(struct text key, char *answer);

// main.c
void watch_output(struct connection *connection, bool is_wanted);

#endif
