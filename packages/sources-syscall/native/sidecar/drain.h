/* How full the rings are, and how long the engine has not read from one that is not empty. */
#pragma once
#include "../wire.h"

struct drain;

/* What the rings look like. The engine writes the reader's positions: it decides what is seen here. */
struct drain_state {
	__u32 filled;      /* sixteenths of the fullest ring */
	__u64 unread_ns;   /* since a ring that is not empty was read, at most */
};

/* Maps the rings. 0, or -errno. */
int drain_open(struct drain **to, const int *rings, int count, __u32 ring_bytes);

/* `now_ns`: CLOCK_MONOTONIC. */
struct drain_state drain_look(struct drain *drain, __u64 now_ns);

void drain_close(struct drain *drain);
