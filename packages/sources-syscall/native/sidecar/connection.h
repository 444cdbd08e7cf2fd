/* Framed messages over the control socket. All functions return 0, or -errno. */
#pragma once
#include <stddef.h>
#include "../wire.h"

/* Sends one frame; `fds` (may be NULL) travel along as SCM_RIGHTS. Blocks until all is written. */
int send_frame(int socket, __u32 kind, const void *payload, __u32 length, const int *fds, int fd_count);

/* Reads one frame into `payload`; its length goes to *length. -EPIPE when the peer has closed, -EMSGSIZE when it is longer than `size`. */
int receive_frame(int socket, __u32 *kind, void *payload, __u32 size, __u32 *length);

/* A text for the engine's user: FRAME_PROBLEM. */
void send_problem(int socket, const char *format, ...) __attribute__((format(printf, 2, 3)));
