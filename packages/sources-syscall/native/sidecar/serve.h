/* One engine, from its greeting to its end. */
#pragma once
#include <sys/types.h>
#include "../wire.h"

/* Seconds after which an engine that does not read from its rings is given up; 0 = never. */
extern __u32 drain_seconds;

/* The HELLO of this machine, now. */
struct hello hello_now(void);

/* Why these settings are refused, or NULL. */
const char *refuse(const struct configure *settings);

/* Says HELLO, takes CONFIGURE, then does as `record`. `engine` is the process whose events may be left out; 0 = unknown. 0, or -errno. */
int serve(int socket, pid_t engine);

/* Loads, attaches and records until the engine goes, asks for the end, or `stopping` is set. 0, or -errno. */
int record(int socket, const struct configure *settings, __u64 boot_time_ns, pid_t engine);

/* Process and user at the other end of a unix socket, as the kernel knows them; 0 and -1 when it does not. */
struct peer {
	pid_t pid;
	uid_t uid;
};
struct peer peer_of(int socket);
