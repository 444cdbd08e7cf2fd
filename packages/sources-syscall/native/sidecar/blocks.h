/* A growing scap block: little-endian, packed, padded to 4 bytes; see the capture writer in src/capture for the layout. */
#pragma once
#include <stddef.h>
#include "../wire.h"

enum block_type {
	BLOCK_MACHINE = 0x0201,
	BLOCK_PROCESSES_V9 = 0x0215,
	BLOCK_FDS_V2 = 0x0218,
	BLOCK_INTERFACES_V2 = 0x0219,
	BLOCK_USERS_V2 = 0x0220,
};

struct block {
	char *bytes;
	size_t size;
	size_t room;
	int failed;     /* out of memory: nothing more is added, and it is not sent */
};

void block_begin(struct block *b, __u32 type);
void add_bytes(struct block *b, const void *from, size_t size);
void add_u8(struct block *b, __u8 v);
void add_u16(struct block *b, __u16 v);
void add_u32(struct block *b, __u32 v);
void add_u64(struct block *b, __u64 v);
/* u16 length and the bytes, cut to `max`. */
void add_text(struct block *b, const char *from, size_t size, size_t max);
/* An entry that begins with its own length: returns where it starts, for entry_end. */
size_t entry_begin(struct block *b);
void entry_end(struct block *b, size_t start);
/* Ends the block and sends it as one FRAME_BLOCKS; 0, or -errno. The block may be used again. */
int block_send(struct block *b, int socket);
void block_free(struct block *b);
