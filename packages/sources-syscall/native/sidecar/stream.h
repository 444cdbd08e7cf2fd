/*
 * The slow twin of shared memory: the sidecar reads the rings itself and sends their records over the socket, for an engine
 * that may not map them.
 */
#pragma once
#include "../wire.h"

struct stream;

/* Maps the rings. 0, or -errno. */
int stream_open(struct stream **to, const int *rings, int count, __u32 ring_bytes);

/*
 * Sends the complete records of the rings, all in the order of their times, and frees their room. As the engine with rings in shared
 * memory (src/live/rings.ts), each call sends what was there at the call before, and newer records that precede it. Blocks while the engine does not read, as long as the socket's
 * SO_SNDTIMEO says. 0, or -errno: -EPROTO when a ring's positions or lengths contradict each other.
 */
int stream_send(struct stream *stream, int socket);

void stream_close(struct stream *stream);
