#include "stream.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connection.h"

/* kernel/bpf/ringbuf.c: a page with the reader's position, one with the writer's, then the data twice in a row. */
struct mapped_ring {
	volatile __u64 *consumer;
	const volatile __u64 *producer;
	const char *data;
};

struct stream {
	long page;
	__u32 ring_bytes;
	int count;
	char *frame;
	struct mapped_ring rings[];
};

int stream_open(struct stream **to, const int *rings, int count, __u32 ring_bytes)
{
	struct stream *stream = calloc(1, sizeof(*stream) + count * sizeof(stream->rings[0]));
	if (!stream)
		return -ENOMEM;
	stream->page = sysconf(_SC_PAGESIZE);
	stream->ring_bytes = ring_bytes;
	stream->frame = malloc(MAX_EVENTS_FRAME);
	if (!stream->frame)
		goto failed;
	for (int i = 0; i < count; i++) {
		void *consumer = mmap(NULL, stream->page, PROT_READ | PROT_WRITE, MAP_SHARED, rings[i], 0);
		char *rest;
		if (consumer == MAP_FAILED)
			goto failed;
		rest = mmap(NULL, stream->page + 2 * (size_t)ring_bytes, PROT_READ, MAP_SHARED, rings[i], stream->page);
		if (rest == MAP_FAILED) {
			munmap(consumer, stream->page);
			goto failed;
		}
		stream->rings[i].consumer = consumer;
		stream->rings[i].producer = (void *)rest;
		stream->rings[i].data = rest + stream->page;
		stream->count++;
	}
	*to = stream;
	return 0;
failed:
	stream_close(stream);
	return -ENOMEM;
}

static int send_ring(struct stream *stream, int which, int socket)
{
	struct mapped_ring *ring = &stream->rings[which];
	__u64 at = *ring->consumer, end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	while (at < end) {
		__u32 size = sizeof(struct events_frame);
		int busy = 0, err;
		((struct events_frame *)stream->frame)->ring = which;
		while (at < end) {
			const char *record = ring->data + (at & (stream->ring_bytes - 1));
			__u32 head = __atomic_load_n((const __u32 *)record, __ATOMIC_ACQUIRE), length;
			if (head & BPF_RINGBUF_BUSY_BIT) {
				busy = 1;
				break;
			}
			length = ((head & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ + 7) & ~7u;
			if (size + length > MAX_EVENTS_FRAME)
				break;
			memcpy(stream->frame + size, record, length);
			size += length;
			at += length;
		}
		if (size > sizeof(struct events_frame)) {
			__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
			err = send_frame(socket, FRAME_EVENTS, stream->frame, size, NULL, 0);
			if (err)
				return err;
		}
		if (busy)
			break;
	}
	return 0;
}

int stream_send(struct stream *stream, int socket)
{
	int err = 0;
	for (int i = 0; i < stream->count && !err; i++)
		err = send_ring(stream, i, socket);
	return err;
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	for (int i = 0; i < stream->count; i++) {
		munmap((void *)stream->rings[i].consumer, stream->page);
		munmap((void *)stream->rings[i].producer, stream->page + 2 * (size_t)stream->ring_bytes);
	}
	free(stream->frame);
	free(stream);
}
