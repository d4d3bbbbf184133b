// Channels: what they have sent last, who follows them, and the sends.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "floor.h"

// What a follower may be behind, and the room for it and as much again, so that bytes are moved
// once for each byte that has come.
#define RING_BYTES (128 * 1024)
#define ROOM_BYTES (2 * RING_BYTES)
#define FRAME_BYTES_MAX RING_BYTES
#define BUCKETS 4096

bool is_batching = false;
static struct channel *buckets[BUCKETS];
static struct channel *to_flush = NULL;

static void *must(void *memory) {
  if (memory == NULL) {
    fputs("floor: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

struct channel *channel_named(struct text name) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < name.count; i++) hash = (hash ^ (uint8_t)name.bytes[i]) * 16777619u;
  struct channel **bucket = &buckets[hash % BUCKETS];
  for (struct channel *found = *bucket; found != NULL; found = found->next_in_bucket) {
    if (found->name_bytes == name.count && memcmp(found->name, name.bytes, name.count) == 0) {
      return found;
    }
  }
  struct channel *channel = must(calloc(1, sizeof *channel));
  channel->name = must(malloc(name.count + 1));
  memcpy(channel->name, name.bytes, name.count);
  channel->name_bytes = name.count;
  channel->next_in_bucket = *bucket;
  *bucket = channel;
  return channel;
}

void follow(struct connection *connection, struct channel *channel) {
  if (channel->follower_count == channel->follower_room) {
    channel->follower_room = channel->follower_room == 0 ? 8 : 2 * channel->follower_room;
    channel->followers = must(
        realloc(channel->followers, channel->follower_room * sizeof *channel->followers));
  }
  struct run *run = &channel->runs[connection->format];
  run->readers += 1;
  connection->channel = channel;
  connection->cursor = run->base + run->count;
  connection->slot = channel->follower_count;
  channel->followers[channel->follower_count++] = connection;
}

void unfollow(struct connection *connection) {
  struct channel *channel = connection->channel;
  if (channel == NULL) return;
  channel->runs[connection->format].readers -= 1;
  struct connection *last = channel->followers[--channel->follower_count];
  channel->followers[connection->slot] = last;
  last->slot = connection->slot;
  connection->channel = NULL;
}

// The place for a frame of so many bytes.
static char *frame(struct run *run, size_t count) {
  if (run->bytes == NULL) run->bytes = must(malloc(ROOM_BYTES));
  if (run->count + count > ROOM_BYTES) {
    size_t kept = run->count < RING_BYTES ? run->count : RING_BYTES;
    size_t gone = run->count - kept;
    memmove(run->bytes, run->bytes + gone, kept);
    run->base += gone;
    run->count = kept;
  }
  char *place = run->bytes + run->count;
  run->count += count;
  return place;
}

static char *put(char *place, const void *bytes, size_t count) {
  memcpy(place, bytes, count);
  return place + count;
}

static void append_sse(struct channel *channel, struct text type, struct text data) {
  char start[64];
  int count = snprintf(start, sizeof start, "id: %llu." EPOCH "\nevent: ",
                       (unsigned long long)channel->head);
  size_t total = (size_t)count + type.count + 7 + data.count + 2;
  char *place = frame(&channel->runs[SSE], total);
  place = put(place, start, (size_t)count);
  place = put(place, type.bytes, type.count);
  place = put(place, "\ndata: ", 7);
  place = put(place, data.bytes, data.count);
  put(place, "\n\n", 2);
}

// `2026-01-31T12:00:00.000Z`, written anew once a millisecond.
static const char *timestamp(void) {
  static char text[32];
  static int64_t written = -1;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t milliseconds = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (milliseconds == written) return text;
  written = milliseconds;
  struct tm parts;
  gmtime_r(&now.tv_sec, &parts);
  size_t seconds = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + seconds, sizeof text - seconds, ".%03dZ", (int)(milliseconds % 1000));
  return text;
}

static void append_web_socket(struct channel *channel, struct text type, struct text data) {
  char position[64];
  int count = snprintf(position, sizeof position, "\",\"position\":\"%llu." EPOCH "\",\"type\":\"",
                       (unsigned long long)channel->head);
  size_t length =
      25 + channel->name_bytes + (size_t)count + type.count + 9 + data.count + 9 + 24 + 2;
  size_t head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  char *place = frame(&channel->runs[WEB_SOCKET], head + length);
  *place++ = (char)0x81;
  if (head == 2) {
    *place++ = (char)length;
  } else {
    *place++ = head == 4 ? 126 : 127;
    for (size_t i = head - 2; i > 0; i--) *place++ = (char)((uint64_t)length >> (8 * (i - 1)));
  }
  place = put(place, "{\"op\":\"event\",\"channel\":\"", 25);
  place = put(place, channel->name, channel->name_bytes);
  place = put(place, position, (size_t)count);
  place = put(place, type.bytes, type.count);
  place = put(place, "\",\"data\":", 9);
  place = put(place, data.bytes, data.count);
  place = put(place, ",\"time\":\"", 9);
  place = put(place, timestamp(), 24);
  put(place, "\"}", 2);
}

bool publish(struct channel *channel, struct text type, struct text data) {
  if (channel->name_bytes + type.count + data.count > FRAME_BYTES_MAX - 256) return false;
  channel->head += 1;
  if (channel->runs[SSE].readers > 0) append_sse(channel, type, data);
  if (channel->runs[WEB_SOCKET].readers > 0) append_web_socket(channel, type, data);
  if (!is_batching) {
    for (uint32_t i = 0; i < channel->follower_count; i++) feed(channel->followers[i]);
  } else if (!channel->is_to_flush) {
    channel->is_to_flush = true;
    channel->next_to_flush = to_flush;
    to_flush = channel;
  }
  return true;
}

void flush(void) {
  while (to_flush != NULL) {
    struct channel *channel = to_flush;
    to_flush = channel->next_to_flush;
    channel->is_to_flush = false;
    for (uint32_t i = 0; i < channel->follower_count; i++) feed(channel->followers[i]);
  }
}

void feed(struct connection *connection) {
  if (connection->is_blocked || connection->is_lapped) return;
  struct run *run = &connection->channel->runs[connection->format];
  if (connection->cursor < run->base) {
    connection->is_lapped = true;
    return;
  }
  size_t start = (size_t)(connection->cursor - run->base);
  size_t count = run->count - start;
  if (count == 0) return;
  ssize_t sent = send(connection->descriptor, run->bytes + start, count,
                      MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) connection->cursor += (uint64_t)sent;
  // A connection that has failed is closed when its end is read.
  if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) return;
  if (sent < (ssize_t)count) {
    connection->is_blocked = true;
    watch_output(connection, true);
  }
}
