// Counts what each thread asks the allocator for. The functions of the C library are replaced by
// ones that count and pass on, so that everything is seen: Swift's objects and arrays, libuv's
// handles, buffers of the library itself.
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

// The allocations of the calling thread so far.
uint64_t allocations_of_thread(void);

#endif
