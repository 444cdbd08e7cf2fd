#include "blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"

void add_bytes(struct block *b, const void *from, size_t size)
{
	if (b->failed)
		return;
	if (b->size + size > b->room) {
		size_t room = (b->size + size) * 2 + 4096;
		char *bytes = realloc(b->bytes, room);
		if (!bytes) {
			b->failed = 1;
			return;
		}
		b->bytes = bytes;
		b->room = room;
	}
	memcpy(b->bytes + b->size, from, size);
	b->size += size;
}

void add_u8(struct block *b, __u8 v) { add_bytes(b, &v, sizeof(v)); }
void add_u16(struct block *b, __u16 v) { add_bytes(b, &v, sizeof(v)); }
void add_u32(struct block *b, __u32 v) { add_bytes(b, &v, sizeof(v)); }
void add_u64(struct block *b, __u64 v) { add_bytes(b, &v, sizeof(v)); }

void add_text(struct block *b, const char *from, size_t size, size_t max)
{
	if (size > max)
		size = max;
	add_u16(b, size);
	add_bytes(b, from, size);
}

void block_begin(struct block *b, __u32 type)
{
	b->size = 0;
	b->failed = 0;
	add_u32(b, type);
	add_u32(b, 0);
}

size_t entry_begin(struct block *b)
{
	size_t start = b->size;
	add_u32(b, 0);
	return start;
}

void entry_end(struct block *b, size_t start)
{
	__u32 length = b->size - start;
	if (!b->failed)
		memcpy(b->bytes + start, &length, sizeof(length));
}

int block_send(struct block *b, int socket)
{
	static const char zeros[4];
	__u32 total;
	add_bytes(b, zeros, -b->size & 3);
	total = b->size + 4;
	add_u32(b, total);
	if (b->failed)
		return -ENOMEM;
	memcpy(b->bytes + 4, &total, sizeof(total));
	/* a block longer than a frame goes in pieces: the engine joins them */
	for (size_t at = 0; at < b->size; at += MAX_FRAME) {
		size_t left = b->size - at;
		int err = send_frame(socket, FRAME_BLOCKS, b->bytes + at, left < MAX_FRAME ? left : MAX_FRAME, NULL, 0);
		if (err)
			return err;
	}
	return 0;
}

void block_free(struct block *b)
{
	free(b->bytes);
	b->bytes = NULL;
	b->room = 0;
}
