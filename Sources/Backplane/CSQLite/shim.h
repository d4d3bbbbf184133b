#ifndef FANFARE_CSQLITE_SHIM_H
#define FANFARE_CSQLITE_SHIM_H

#include <sqlite3.h>

// SQLite counts the bytes it has in use unless it is told before its first use that nobody asks: a
// lock taken twice for every piece of memory, of which a statement takes dozens.
static inline int fanfare_sqlite_counts_no_memory(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
