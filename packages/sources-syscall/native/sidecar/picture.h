/* The first picture of the machine: /proc, users and interfaces as scap blocks. */
#pragma once
#include <linux/types.h>
#include <stdbool.h>

/* Sends MI, IL, UL, PL and FDL blocks as FRAME_BLOCKS. Processes that end meanwhile are left out. 0, or -errno of the socket. */
int send_picture(int socket, __u64 boot_time_ns, bool environments);

/* Sends an FDL block for each of these processes that has descriptors: the lowest of them, as many as an engine keeps. */
int send_descriptors(int socket, const __u32 *pids, __u32 count);
