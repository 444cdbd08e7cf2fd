#include "stream.h"

#include <errno.h>
#include <stdlib.h>

#include "connection.h"
#include "ring.h"

struct streamed_ring {
	struct ring_view view;
	__u64 cursor;   /* up to where records were sent: the page that the engine can write to is only checked against it */
};

struct stream {
	int count;
	char *frame;
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

static int send_ring(struct stream *stream, int which, int socket)
{
	struct streamed_ring *ring = &stream->rings[which];
	const size_t head = sizeof(struct events_frame);
	for (;;) {
		long size = ring_copy(&ring->view, &ring->cursor, stream->frame + head, MAX_EVENTS_FRAME - head);
		__u64 before = __atomic_load_n(ring->view.consumer, __ATOMIC_ACQUIRE);
		int err;
		if (size < 0)
			return size;
		if (!size)
			return 0;
		/* only this function moves it while records are streamed */
		if (before + size != ring->cursor)
			return -EPROTO;
		__atomic_store_n(ring->view.consumer, ring->cursor, __ATOMIC_RELEASE);
		*(struct events_frame *)stream->frame = (struct events_frame){ .ring = which };
		err = send_frame(socket, FRAME_EVENTS, stream->frame, head + size, NULL, 0);
		if (err)
			return err;
	}
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
	for (int i = 0; i < stream->count; i++)
		ring_unmap(&stream->rings[i].view);
	free(stream->frame);
	free(stream);
}
