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
	__u64 patience_ns;
	int count;
	struct drained_ring rings[];
};

int drain_open(struct drain **to, const int *rings, int count, __u32 ring_bytes, __u64 patience_ns)
{
	struct drain *drain = calloc(1, sizeof(*drain) + count * sizeof(drain->rings[0]));
	if (!drain)
		return -ENOMEM;
	drain->patience_ns = patience_ns;
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

int drain_stalled(struct drain *drain, __u64 now_ns)
{
	int stalled = 0;
	for (int i = 0; i < drain->count; i++) {
		struct drained_ring *ring = &drain->rings[i];
		__u64 consumer = __atomic_load_n(ring->view.consumer, __ATOMIC_ACQUIRE);
		if (!ring->since || consumer != ring->position || consumer == __atomic_load_n(ring->view.producer, __ATOMIC_ACQUIRE)) {
			ring->position = consumer;
			ring->since = now_ns;
		} else if (now_ns - ring->since > drain->patience_ns) {
			stalled = 1;
		}
	}
	return stalled;
}

void drain_close(struct drain *drain)
{
	if (!drain)
		return;
	for (int i = 0; i < drain->count; i++)
		ring_unmap(&drain->rings[i].view);
	free(drain);
}
