/* Notices an engine that hangs: it has not read from a ring for a time although the ring is not empty. */
#pragma once
#include "../wire.h"

struct drain;

/* Maps the rings. `patience_ns`: how long a ring may stay unread. 0, or -errno. */
int drain_open(struct drain **to, const int *rings, int count, __u32 ring_bytes, __u64 patience_ns);

/* Whether some ring is unread for too long, at the time `now_ns` (CLOCK_MONOTONIC). */
int drain_stalled(struct drain *drain, __u64 now_ns);

void drain_close(struct drain *drain);
