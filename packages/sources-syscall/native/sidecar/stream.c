#include "stream.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "ring.h"

struct streamed_ring {
	struct ring_view view;
	__u64 cursor;   /* up to where records were taken */
	__u64 told;     /* the reader's position as it was last published: the page that the engine can write to is only checked against it */
	__u64 end;      /* the kernel's position at the last look */
	__u64 aged;     /* and at the look before */
	/* of the record at the cursor */
	__u64 time;     /* NONE: there is none before `end` */
	__u32 head;
	__u32 length;   /* in the ring */
};

#define NONE (~0ull)

struct stream {
	int count;
	char *frame;
	size_t size;    /* of the frame so far */
	struct streamed_ring rings[];
};

int stream_open(struct stream **to, const int *rings, int count, __u32 ring_bytes)
{
	struct stream *stream = calloc(1, sizeof(*stream) + count * sizeof(stream->rings[0]));
	int err = -ENOMEM;
	if (!stream)
		return err;
	stream->frame = malloc(MAX_EVENTS_FRAME);
	if (!stream->frame)
		goto failed;
	for (; stream->count < count; stream->count++) {
		err = ring_map(&stream->rings[stream->count].view, rings[stream->count], ring_bytes);
		if (err)
			goto failed;
	}
	*to = stream;
	return 0;
failed:
	stream_close(stream);
	return err;
}

/* Whether somebody else has moved the reader's position, which only `flush` does while records are streamed. */
static int is_moved(const struct streamed_ring *ring)
{
	return __atomic_load_n(ring->view.consumer, __ATOMIC_ACQUIRE) != ring->told;
}

/* Sends what was taken, and frees its room. */
static int flush(struct stream *stream, int socket)
{
	int err = 0;
	for (int i = 0; i < stream->count; i++) {
		struct streamed_ring *ring = &stream->rings[i];
		if (ring->cursor == ring->told)
			continue;
		if (is_moved(ring))
			return -EPROTO;
		ring->told = ring->cursor;
		__atomic_store_n(ring->view.consumer, ring->cursor, __ATOMIC_RELEASE);
	}
	if (stream->size)
		err = send_frame(socket, FRAME_EVENTS, stream->frame, stream->size, NULL, 0);
	stream->size = 0;
	return err;
}

/*
 * Reads the kernel's positions: of all rings, before any record is taken. Of an empty ring, the reader's position matters as well: ahead of
 * the kernel's, it keeps the kernel from writing another record.
 */
static int look(struct stream *stream)
{
	for (int i = 0; i < stream->count; i++) {
		struct streamed_ring *ring = &stream->rings[i];
		__u64 end = __atomic_load_n(ring->view.producer, __ATOMIC_ACQUIRE);
		if (is_moved(ring) || end - ring->cursor > ring->view.bytes)
			return -EPROTO; /* or even: the kernel wrote over what was not read */
		/* one ring alone is in order */
		ring->aged = stream->count == 1 ? end : ring->end;
		ring->end = end;
	}
	return 0;
}

/* Finds the record at the cursor, past those that were discarded. 0, -EAGAIN if it is still being written, or -EPROTO. */
static int find(struct streamed_ring *ring)
{
	for (ring->time = NONE; ring->cursor < ring->end; ring->cursor += ring->length) {
		const char *record = ring->view.data + (ring->cursor & (ring->view.bytes - 1));
		__u32 bytes;
		ring->head = __atomic_load_n((const __u32 *)record, __ATOMIC_ACQUIRE);
		if (ring->head & BPF_RINGBUF_BUSY_BIT)
			return -EAGAIN;
		bytes = ring->head & ~BPF_RINGBUF_DISCARD_BIT;
		if (bytes > MAX_EVENTS_FRAME || BPF_RINGBUF_HDR_SZ + bytes > ring->end - ring->cursor)
			return -EPROTO;
		ring->length = (BPF_RINGBUF_HDR_SZ + bytes + 7) & ~7u;
		if (ring->head & BPF_RINGBUF_DISCARD_BIT)
			continue;
		ring->time = 0;
		if (bytes >= RECORD_TIME + sizeof(ring->time))
			memcpy(&ring->time, record + BPF_RINGBUF_HDR_SZ + RECORD_TIME, sizeof(ring->time));
		if (ring->time == NONE)
			ring->time--;
		return 0;
	}
	return 0;
}

static int take(struct stream *stream, struct streamed_ring *ring, int socket)
{
	const char *record = ring->view.data + (ring->cursor & (ring->view.bytes - 1));
	if (ring->length > MAX_EVENTS_FRAME)
		return -EPROTO; /* longer than any event: a frame is larger than MAX_EVENT */
	if (ring->length > MAX_EVENTS_FRAME - stream->size) {
		int err = flush(stream, socket);
		if (err)
			return err;
	}
	memcpy(stream->frame + stream->size, record, ring->length);
	/* what was copied is what was checked */
	memcpy(stream->frame + stream->size, &ring->head, sizeof(ring->head));
	stream->size += ring->length;
	ring->cursor += ring->length;
	return find(ring);
}

/* The ring with the oldest record, as long as any has one that was there at the look before. */
static struct streamed_ring *oldest(struct stream *stream)
{
	struct streamed_ring *found = NULL;
	int aged = 0;
	for (int i = 0; i < stream->count; i++) {
		struct streamed_ring *ring = &stream->rings[i];
		if (ring->time == NONE)
			continue;
		aged |= ring->cursor < ring->aged;
		if (!found || ring->time < found->time)
			found = ring;
	}
	return aged ? found : NULL;
}

int stream_send(struct stream *stream, int socket)
{
	struct streamed_ring *ring;
	int err = look(stream);
	for (int i = 0; i < stream->count && !err; i++)
		err = find(&stream->rings[i]);
	while (!err && (ring = oldest(stream)))
		err = take(stream, ring, socket);
	if (err && err != -EAGAIN)
		return err;
	return flush(stream, socket);
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	for (int i = 0; i < stream->count; i++)
		ring_unmap(&stream->rings[i].view);
	free(stream->frame);
	free(stream);
}
