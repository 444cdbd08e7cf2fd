/* Level 0: settings, maps, counters. */
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "../wire.h"

/* Settings, fixed by the sidecar before the programs are loaded. */
const volatile __u64 boot_time_ns;   /* CLOCK_REALTIME at boot: added to the boot clock gives ns since 1970 */
const volatile __u32 snaplen = 80;   /* bytes kept of what is read and written */
const volatile __u32 engine_pid;     /* the engine's own events are not recorded; 0 = none */
const volatile __u32 sidecar_pid;
const volatile __u32 ring_bytes;     /* size of one ring */

#define MAX_CPUS 512
#define MAX_SYSCALLS 512
/* The largest event: args, env, cgroups and three paths at 4096 each, and the fixed parameters. */
#define MAX_EVENT (32 * 1024)
#define MAX_CHUNK 4096

/*
 * An event under construction. Twice MAX_EVENT, so that a masked offset plus one chunk stays inside. The cursors lie here
 * and not on the stack: what is read from a map is any number to the verifier, so that it need not tell apart the paths
 * that led here (it would otherwise follow each combination of lengths).
 */
struct scratch {
	__u8 bytes[2 * MAX_EVENT];
	__u32 at;       /* where the next parameter goes */
	__u32 cursor;   /* length of a parameter that is put together piece by piece */
};

/* By CPU: a per-CPU map's values are limited to 32 KiB. The sidecar sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* By syscall number: what is wanted of it (enum want in wire.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, __u8);
} syscalls SEC(".maps");

/* By syscall number: the program that writes its event. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, __u32);
} exit_programs SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* By CPU; several CPUs may share one ring. The sidecar puts the rings in. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_CPUS);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* By CPU and cause (enum counter in wire.h); read by the sidecar, so no atomics. */
struct counters {
	__u64 values[COUNTER_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counts SEC(".maps");

static __always_inline void count(__u32 which)
{
	__u32 zero = 0;
	struct counters *c = bpf_map_lookup_elem(&counts, &zero);
	if (c && which < COUNTER_MAX)
		c->values[which]++;
}
