#ifndef FANFARE_CHIREDIS_SHIM_H
#define FANFARE_CHIREDIS_SHIM_H

// hiredis 0.14's asynchronous API, and a guard without which a peer that does not keep to the
// protocol would end the process: hiredis asserts, in Debian's build too, that nothing comes unasked
// and that what a subscriber receives has the shape of a message.
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <strings.h>

// The elements of one array. hiredis would set aside memory for as many as the peer announces.
#define FANFARE_ELEMENTS_MAX (1 << 20)

typedef struct fanfare_guard {
  redisReplyObjectFunctions guarded;
  redisReplyObjectFunctions *plain;
  redisAsyncContext *context;
  // Whether the guard refused a reply; hiredis then reports that it is out of memory.
  int refused;
} fanfare_guard;

static inline fanfare_guard *fanfare_guard_of(const redisReadTask *task) {
  return (fanfare_guard *)task->privdata;
}

// Whether the next whole reply is taken as a message of a subscription.
static inline int fanfare_is_message(const fanfare_guard *guard) {
  return guard->context->replies.head == NULL && (guard->context->c.flags & REDIS_SUBSCRIBED);
}

// Whether hiredis may take a message of this kind for the answer to an unsubscription.
static inline int fanfare_unsubscribes(const char *kind, size_t length) {
  if (length > 0 && (kind[0] == 'p' || kind[0] == 'P')) {
    kind++;
    length--;
  }
  return length >= 11 && strncasecmp(kind, "unsubscribe", 11) == 0;
}

// Whether a value of this type may stand at its place.
static inline int fanfare_allows(const redisReadTask *task, int type) {
  fanfare_guard *guard = fanfare_guard_of(task);
  int allowed = 1;
  if (task->parent == NULL) {
    // Nothing was asked: an error is what a server says before it hangs up.
    if (guard->context->replies.head == NULL && type != REDIS_REPLY_ERROR)
      allowed = fanfare_is_message(guard);
  } else if (task->parent->parent == NULL && fanfare_is_message(guard)) {
    if (task->idx < 2) {
      allowed = type == REDIS_REPLY_STRING;
    } else if (task->idx == 2) {
      const redisReply *message = (const redisReply *)task->parent->obj;
      const redisReply *kind = message->element[0];
      if (kind != NULL && fanfare_unsubscribes(kind->str, kind->len))
        allowed = type == REDIS_REPLY_INTEGER;
    }
  }
  if (!allowed) guard->refused = 1;
  return allowed;
}

static inline void *fanfare_create_string(const redisReadTask *task, char *text, size_t length) {
  if (!fanfare_allows(task, task->type)) return NULL;
  // hiredis looks for the number of subscriptions behind this word without counting.
  if (task->parent != NULL && task->parent->parent == NULL && task->idx == 0 &&
      task->parent->elements < 3 && fanfare_is_message(fanfare_guard_of(task)) &&
      fanfare_unsubscribes(text, length)) {
    fanfare_guard_of(task)->refused = 1;
    return NULL;
  }
  return fanfare_guard_of(task)->plain->createString(task, text, length);
}

static inline void *fanfare_create_array(const redisReadTask *task, int elements) {
  fanfare_guard *guard = fanfare_guard_of(task);
  if (!fanfare_allows(task, REDIS_REPLY_ARRAY)) return NULL;
  if (elements > FANFARE_ELEMENTS_MAX ||
      (task->parent == NULL && elements < 2 && fanfare_is_message(guard))) {
    guard->refused = 1;
    return NULL;
  }
  return guard->plain->createArray(task, elements);
}

static inline void *fanfare_create_integer(const redisReadTask *task, long long value) {
  if (!fanfare_allows(task, REDIS_REPLY_INTEGER)) return NULL;
  return fanfare_guard_of(task)->plain->createInteger(task, value);
}

static inline void *fanfare_create_nil(const redisReadTask *task) {
  if (!fanfare_allows(task, REDIS_REPLY_NIL)) return NULL;
  return fanfare_guard_of(task)->plain->createNil(task);
}

// Puts a guard before the replies of a context; NULL where there is no memory for it.
static inline fanfare_guard *fanfare_guard_replies(redisAsyncContext *context) {
  fanfare_guard *guard = (fanfare_guard *)calloc(1, sizeof(fanfare_guard));
  if (guard == NULL) return NULL;
  redisReader *reader = context->c.reader;
  guard->plain = reader->fn;
  guard->context = context;
  guard->guarded.createString = fanfare_create_string;
  guard->guarded.createArray = fanfare_create_array;
  guard->guarded.createInteger = fanfare_create_integer;
  guard->guarded.createNil = fanfare_create_nil;
  guard->guarded.freeObject = guard->plain->freeObject;
  reader->fn = &guard->guarded;
  reader->privdata = guard;
  return guard;
}

// Takes the guard away again, before the context is freed.
static inline void fanfare_unguard_replies(fanfare_guard *guard) {
  guard->context->c.reader->fn = guard->plain;
  guard->context->c.reader->privdata = NULL;
  free(guard);
}

#endif
