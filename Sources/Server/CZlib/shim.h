#ifndef FANFARE_CZLIB_SHIM_H
#define FANFARE_CZLIB_SHIM_H

// Raw DEFLATE as RFC 7692 wants it. zlib's own initialisers are macros, which Swift does not see.
#include <zlib.h>

static inline int fanfare_deflate_init(z_stream *stream, int level, int memory) {
  return deflateInit2(stream, level, Z_DEFLATED, -15, memory, Z_DEFAULT_STRATEGY);
}

static inline int fanfare_inflate_init(z_stream *stream) { return inflateInit2(stream, -15); }

#endif
