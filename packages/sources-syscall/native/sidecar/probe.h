/* The BPF object: open, configure, load, attach, count, close. Functions return 0, or -errno. */
#pragma once
#include "../wire.h"

struct probe_session;

/* Number of rings on this machine when `cpus_per_ring` CPUs share one. */
int ring_count(__u32 cpus_per_ring);

/* Loads and attaches; on success, close *session with probe_close. Errors are reported to `socket`. */
int probe_open(struct probe_session **session, const struct configure *settings, __u64 boot_time_ns, __u32 engine_pid, int socket);

/* Descriptors of the ring buffers, and how many. They belong to the session. */
const int *probe_rings(const struct probe_session *session, int *count);

/* Changes which calls are recorded while the programs run. */
int probe_set_wants(struct probe_session *session, const struct wanted *wanted);

/* A descriptor that can be read when losses have begun, until they are read. */
int probe_alarm(const struct probe_session *session);

int probe_read_stats(struct probe_session *session, struct stats *to);

void probe_close(struct probe_session *session);
