/*
 * The processor goes to the engine and the sidecar before others while the rings fill up, so that busy processes cannot starve them:
 * an engine whose rings fill gets the best nice value, one that nevertheless does not come to read is scheduled as a real-time
 * process. Without CAP_SYS_NICE nothing changes.
 */
#pragma once
#include <sys/types.h>
#include "drain.h"

enum urgency_level {
	URGENCY_USUAL = 0,
	URGENCY_NICE,
	URGENCY_REALTIME,
};

struct urgency {
	pid_t engine;      /* 0 = none */
	int usual;         /* its nice value otherwise */
	enum urgency_level level;
	__u64 pressed_ns;  /* when a ring was last full enough */
};

/* Of this process. */
void urgency_of_sidecar(enum urgency_level level);

/* `now_ns`: CLOCK_MONOTONIC. */
void urgency_turn(struct urgency *urgency, struct drain_state drain, __u64 now_ns);

/* As it was. */
void urgency_end(struct urgency *urgency);
