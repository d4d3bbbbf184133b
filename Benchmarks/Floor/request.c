// The requests that the load tool makes, and no others.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "floor.h"

#define BODY_BYTES_MAX (1024 * 1024)
#define LINES_MAX 1000

static struct text text_of(const char *bytes, size_t count) {
  struct text text = {bytes, count};
  return text;
}

static bool has_prefix(struct text text, const char *prefix) {
  size_t count = strlen(prefix);
  return text.count >= count && memcmp(text.bytes, prefix, count) == 0;
}

static struct text after(struct text text, size_t count) {
  return text_of(text.bytes + count, text.count - count);
}

static struct text until(struct text text, char end) {
  const char *place = memchr(text.bytes, end, text.count);
  return place == NULL ? text : text_of(text.bytes, (size_t)(place - text.bytes));
}

// The value of a header field; empty when there is none.
static struct text field(struct text head, const char *name) {
  size_t count = strlen(name);
  while (head.count > 0) {
    struct text line = until(head, '\r');
    if (line.count > count + 1 && line.bytes[count] == ':' &&
        strncasecmp(line.bytes, name, count) == 0) {
      size_t start = count + 1;
      while (start < line.count && line.bytes[start] == ' ') start++;
      return after(line, start);
    }
    if (line.count + 2 > head.count) break;
    head = after(head, line.count + 2);
  }
  return text_of("", 0);
}

static void answer(struct connection *connection, const char *bytes, size_t count) {
  // Answers are small against a socket's buffer, and the load tool reads them.
  if (send(connection->descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
}

static void say(struct connection *connection, const char *text) {
  answer(connection, text, strlen(text));
}

static long attach_sse(struct connection *connection, struct channel *channel) {
  char text[256];
  int count = snprintf(text, sizeof text,
                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                       "id: %llu." EPOCH "\n\n",
                       (unsigned long long)channel->head);
  connection->format = SSE;
  answer(connection, text, (size_t)count);
  follow(connection, channel);
  return 1;
}

static long attach_web_socket(struct connection *connection, struct channel *channel,
                              struct text key) {
  char accept[29] = {0};
  accept_key(key, accept);
  char text[1024];
  char message[512];
  int length = snprintf(message, sizeof message,
                        "{\"op\":\"attached\",\"channels\":[{\"channel\":\"%.*s\","
                        "\"verdict\":\"live\",\"position\":\"%llu." EPOCH "\"}]}",
                        (int)channel->name_bytes, channel->name,
                        (unsigned long long)channel->head);
  int count = snprintf(text, sizeof text,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                       accept);
  text[count++] = (char)0x81;
  if (length < 126) {
    text[count++] = (char)length;
  } else {
    text[count++] = 126;
    text[count++] = (char)(length >> 8);
    text[count++] = (char)length;
  }
  memcpy(text + count, message, (size_t)length);
  connection->format = WEB_SOCKET;
  answer(connection, text, (size_t)(count + length));
  follow(connection, channel);
  return 1;
}

// `{"channel":"…","type":"…","data":…}`, its members in this order, without blanks; `channel`
// only where the path names none.
static struct channel *publish_line(struct text line, struct channel *channel) {
  if (channel == NULL) {
    if (!has_prefix(line, "{\"channel\":\"")) return NULL;
    struct text name = until(after(line, 12), '"');
    channel = channel_named(name);
    // The comma behind the name becomes the brace before the type.
    line = after(line, 12 + name.count + 1);
  }
  if (line.count < 10 || memcmp(line.bytes + 1, "\"type\":\"", 8) != 0) return NULL;
  struct text type = until(after(line, 9), '"');
  line = after(line, 9 + type.count);
  if (!has_prefix(line, "\",\"data\":") || line.bytes[line.count - 1] != '}') return NULL;
  struct text data = text_of(line.bytes + 9, line.count - 10);
  return publish(channel, type, data) ? channel : NULL;
}

static long take_publish(struct connection *connection, struct text body, bool is_single,
                         struct channel *channel) {
  static char positions[LINES_MAX * 40];
  size_t count = 0;
  int lines = 0;
  while (body.count > 0 && lines++ < LINES_MAX) {
    struct text line = until(body, '\n');
    struct channel *into = publish_line(line, channel);
    if (into == NULL) {
      say(connection, "HTTP/1.1 422 Unprocessable Content\r\nContent-Length: 0\r\n\r\n");
      return 1;
    }
    count += (size_t)snprintf(positions + count, 40, "%s\"%llu." EPOCH "\"", count > 0 ? "," : "",
                              (unsigned long long)into->head);
    body = after(body, line.count < body.count ? line.count + 1 : line.count);
  }
  char head[256];
  size_t total = count + (is_single ? 13 : 16);
  int head_count = snprintf(head, sizeof head,
                            "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            is_single ? "201 Created" : "200 OK", total);
  static char whole[sizeof head + sizeof positions + 16];
  int whole_count = snprintf(whole, sizeof whole, "%.*s{\"position%s%.*s%s}", head_count, head,
                             is_single ? "\":" : "s\":[", (int)count, positions,
                             is_single ? "" : "]");
  answer(connection, whole, (size_t)whole_count);
  return 1;
}

static long route(struct connection *connection, struct text head, struct text body) {
  struct text target = until(head, '\r');
  bool is_post = has_prefix(target, "POST ");
  target = until(after(target, is_post ? 5 : 4), ' ');
  struct channel *channel = NULL;
  if (has_prefix(target, "/channels/")) {
    channel = channel_named(until(after(target, 10), '/'));
  } else if (has_prefix(target, "/ws?channels=")) {
    channel = channel_named(after(target, 13));
  }
  if (is_post) {
    struct text type = field(head, "Content-Type");
    return take_publish(connection, body, !has_prefix(type, "application/x-ndjson"), channel);
  }
  if (channel == NULL) {
    // The question whether it is ready.
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    return has_prefix(field(head, "Connection"), "close") ? -1 : 1;
  }
  if (has_prefix(field(head, "Upgrade"), "websocket")) {
    return attach_web_socket(connection, channel, field(head, "Sec-WebSocket-Key"));
  }
  return attach_sse(connection, channel);
}

long take_request(struct connection *connection, struct text input) {
  const char *end = memmem(input.bytes, input.count, "\r\n\r\n", 4);
  if (end == NULL) return input.count > 16384 ? -1 : 0;
  struct text head = text_of(input.bytes, (size_t)(end - input.bytes) + 2);
  struct text body = after(input, head.count + 2);
  if (!has_prefix(head, "GET ") && !has_prefix(head, "POST ")) return -1;
  long wanted = 0;
  if (has_prefix(head, "POST ")) wanted = strtol(field(head, "Content-Length").bytes, NULL, 10);
  if (wanted < 0 || wanted > BODY_BYTES_MAX) return -1;
  if (body.count < (size_t)wanted) return 0;
  body.count = (size_t)wanted;
  if (route(connection, head, body) < 0) return -1;
  return (long)head.count + 2 + wanted;
}
