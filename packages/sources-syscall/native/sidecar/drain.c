#include "drain.h"

#include <errno.h>
#include <stdlib.h>

#include "ring.h"

struct drained_ring {
	struct ring_view view;
	__u64 position;   /* the reader's, when it last moved or the ring was empty */
	__u64 since;      /* the time then */
};

struct drain {
	int count;
	struct drained_ring rings[];
};

int drain_open(struct drain **to, const int *rings, int count, __u32 ring_bytes)
{
	struct drain *drain = calloc(1, sizeof(*drain) + count * sizeof(drain->rings[0]));
	if (!drain)
		return -ENOMEM;
	for (; drain->count < count; drain->count++) {
		int err = ring_map(&drain->rings[drain->count].view, rings[drain->count], ring_bytes);
		if (err) {
			drain_close(drain);
			return err;
		}
	}
	*to = drain;
	return 0;
}

struct drain_state drain_look(struct drain *drain, __u64 now_ns)
{
	struct drain_state state = {};
	for (int i = 0; i < drain->count; i++) {
		struct drained_ring *ring = &drain->rings[i];
		__u64 consumer = __atomic_load_n(ring->view.consumer, __ATOMIC_ACQUIRE);
		__u64 filled = __atomic_load_n(ring->view.producer, __ATOMIC_ACQUIRE) - consumer;
		__u32 sixteenths = filled <= ring->view.bytes ? filled / (ring->view.bytes / 16) : 0;
		if (!ring->since || consumer != ring->position || !filled) {
			ring->position = consumer;
			ring->since = now_ns;
		}
		if (now_ns - ring->since > state.unread_ns)
			state.unread_ns = now_ns - ring->since;
		if (sixteenths > state.filled)
			state.filled = sixteenths;
	}
	return state;
}

void drain_close(struct drain *drain)
{
	if (!drain)
		return;
	for (int i = 0; i < drain->count; i++)
		ring_unmap(&drain->rings[i].view);
	free(drain);
}
