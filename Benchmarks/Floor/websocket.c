// The answer to a WebSocket handshake (RFC 6455 section 4.2.2): SHA-1 (RFC 3174) and Base64.
#include <string.h>

#include "floor.h"

static uint32_t rotate(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

static void sha1_block(uint32_t state[5], const uint8_t *block) {
  uint32_t words[80];
  for (int i = 0; i < 16; i++) {
    words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 80; i++) {
    words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mix, constant;
    if (i < 20) {
      mix = (b & c) | (~b & d);
      constant = 0x5A827999;
    } else if (i < 40) {
      mix = b ^ c ^ d;
      constant = 0x6ED9EBA1;
    } else if (i < 60) {
      mix = (b & c) | (b & d) | (c & d);
      constant = 0x8F1BBCDC;
    } else {
      mix = b ^ c ^ d;
      constant = 0xCA62C1D6;
    }
    uint32_t next = rotate(a, 5) + mix + e + constant + words[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

// At most 119 bytes: two blocks.
static void sha1(const uint8_t *bytes, size_t count, uint8_t digest[20]) {
  uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  uint8_t padded[128] = {0};
  memcpy(padded, bytes, count);
  padded[count] = 0x80;
  size_t total = count + 9 <= 64 ? 64 : 128;
  uint64_t bits = (uint64_t)count * 8;
  for (int i = 0; i < 8; i++) padded[total - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
  for (size_t start = 0; start < total; start += 64) sha1_block(state, padded + start);
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void accept_key(struct text key, char *answer) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t text[119];
  size_t key_bytes = key.count < 64 ? key.count : 64;
  memcpy(text, key.bytes, key_bytes);
  memcpy(text + key_bytes, guid, sizeof guid - 1);
  // One more than a digest, for the last group of three.
  uint8_t digest[21] = {0};
  sha1(text, key_bytes + sizeof guid - 1, digest);
  for (int i = 0; i < 7; i++) {
    uint32_t group = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 |
                     digest[3 * i + 2];
    for (int j = 0; j < 4; j++) answer[4 * i + j] = digits[group >> (18 - 6 * j) & 63];
  }
  answer[27] = '=';
}
