/*
 * What the probe, the sidecar and the engine share. src/live/wire.ts says the same in TypeScript; a test compares every
 * size and offset. Raise WIRE_VERSION with every change: both sides refuse another one.
 *
 * A ring record is the body of a scap EV_V2 block:
 *   u16 cpu; u64 time_ns; u64 tid; u32 len; u16 type; u32 nparams; u16 lens[nparams]; params
 * packed, little-endian. `len` counts from time_ns to the end.
 */
#pragma once

#define WIRE_VERSION 1

struct event_header {
	__u16 cpu;
	__u64 time_ns;
	__u64 tid;
	__u32 len;
	__u16 type;
	__u32 nparams;
} __attribute__((packed));

/* What is wanted of a syscall. */
enum want {
	WANT_NOTHING = 0,
	WANT_EVENT = 1,
	/* Also when the ring is nearly full: process life and what state cannot do without. */
	WANT_FIRST = 2,
};

/* Losses by cause, and events by outcome. */
enum counter {
	COUNT_EVENTS = 0,          /* written to a ring */
	COUNT_DROP_FULL,           /* the ring had no room */
	COUNT_DROP_PRESSURE,       /* given up early so that WANT_FIRST events find room */
	COUNT_DROP_FULL_FIRST,     /* a WANT_FIRST event that found no room all the same */
	COUNT_DROP_TOO_LARGE,      /* longer than MAX_EVENT */
	COUNT_DROP_NO_RING,        /* the CPU came up after the start */
	COUNT_FAULT,               /* a user page was not there: the parameter is empty */
	COUNT_TAIL_FAILED,         /* a tail call did not happen */
	COUNTER_MAX,
};

enum tail {
	TAIL_EXECVE_2 = 0,
	TAIL_CLONE_2,
	TAIL_SCHED_EXEC_2,
	TAIL_SCHED_FORK_2,
	TAIL_MAX,
};
