/*
 * A BPF ring buffer as seen from its reader's side. The engine, which has no privilege, may write to the page with the reader's
 * position at any time: what is read there is compared, and never followed.
 */
#pragma once
#include <stddef.h>
#include "../wire.h"

struct ring_view {
	volatile __u64 *consumer;         /* the reader's position; written by the engine, or here when records are streamed */
	const volatile __u64 *producer;   /* the kernel's position */
	const char *data;                 /* the ring's bytes twice in a row */
	__u32 bytes;
	long page;
};

/* Maps the ring behind `fd`. 0, or -errno. */
int ring_map(struct ring_view *view, int fd, __u32 bytes);
void ring_unmap(struct ring_view *view);
