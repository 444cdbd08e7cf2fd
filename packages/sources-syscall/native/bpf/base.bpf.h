/* Level 0: settings, maps, counters. */
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "../wire.h"
#include "../compat.h"
#include "../calls.h"

/* Settings, fixed by the sidecar before the programs are loaded. */
const volatile __u64 boot_time_ns;   /* CLOCK_REALTIME at boot: added to the boot clock gives ns since 1970 */
const volatile __u32 snaplen = 80;   /* bytes kept of what is read and written */
const volatile __u32 engine_pid;     /* the engine's own events are not recorded; 0 = none */
const volatile __u32 sidecar_pid;
const volatile __u32 ring_bytes;     /* size of one ring */
const volatile __u32 first_object;   /* place of the first object (objects.bpf.h): as many as there are CPUs; 0 = no hooks */

/*
 * BPF_CORE_READ calls a helper for every pointer on its way. Where the kernel can give a pointer its type (6.2), plain loads
 * do the same: a load from a bad address returns 0 there, as the helper does.
 */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;
const volatile bool can_cast;
#define TYPED(p) ((typeof(p))bpf_rdonly_cast((p), bpf_core_type_id_kernel(typeof(*(p)))))
#define HELPED_READ(src, a, ...)                                                                                     \
	({                                                                                                           \
		___type((src), a, ##__VA_ARGS__) __r;                                                                \
		BPF_CORE_READ_INTO(&__r, (src), a, ##__VA_ARGS__);                                                   \
		__r;                                                                                                 \
	})
#undef BPF_CORE_READ
#define BPF_CORE_READ(src, a, ...)                                                                                   \
	(can_cast ? ___arrow(TYPED(src), a, ##__VA_ARGS__) : HELPED_READ(src, a, ##__VA_ARGS__))
/* A pointer as a number, which is what global functions take. */
#define READ_ADDRESS(src, a, ...) ((__u64)HELPED_READ(src, a, ##__VA_ARGS__))

#define MAX_CPUS 512
#define MAX_SYSCALLS 512
/* The largest event: args, env, cgroups and three paths at 4096 each, and the fixed parameters. */
#define MAX_EVENT (32 * 1024)
#define MAX_CHUNK 4096

/*
 * The system call that is about to return, as a native one: `dispatch` and `compat` leave it here for the program of its
 * event, which therefore need not know through which interface it was made.
 */
struct registers {
	__u64 arguments[6];
	__u32 number;     /* of the native call */
	__u16 portable;   /* Falco's code where the number does not tell it, else 0 */
	__u16 narrow;     /* enum narrow in compat.h: what in the caller's memory is laid out for 32 bits */
};

/*
 * An event under construction. Twice MAX_EVENT, so that a masked offset plus one chunk stays inside. The cursors lie here
 * and not on the stack: what is read from a map is any number to the verifier, so that it need not tell apart the paths
 * that led here (it would otherwise follow each combination of lengths).
 */
struct scratch {
	__u8 bytes[2 * MAX_EVENT];
	__u32 at;       /* where the next parameter goes */
	__u32 cursor;   /* length of a parameter that is put together piece by piece */
	__u64 total;    /* bytes that the vector of the call describes */
	__u32 faulty;   /* one of its parts could not be read */
	__u32 unasked;  /* bytes written to the ring since it was last asked how full it is */
	__u32 pressed;  /* it was nearly full then */
	__u32 resolved; /* of an open: the file's own path follows */
	__u32 name_at, name_length; /* of an open: its text, if that did not change; else no length */
	__u32 own;      /* of an open: the text is the file's own path */
	__u32 again;    /* of a call with paths that changed: this is its second event */
	__u32 changed;
	__u32 replaced; /* of its paths, as bits: those in whose place the object's stands */
	__u32 differs;  /* those that are not the object's path */
	__u32 starts;   /* how many of them start from a directory that is to be added: starts.bpf.h */
	struct { __u64 path; __u64 dirfd; } start[2];
	struct registers registers;
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

/* By number, i386's first, then x32's: filled by the sidecar. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_COMPAT_CALLS);
	__type(key, __u32);
	__type(value, struct compat_call);
} compat_calls SEC(".maps");

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

/* When losses began, and the last one. */
struct losses {
	__u64 began, last;   /* of the boot clock; 0 = none */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct losses);
} losses SEC(".maps");

/* Wakes the sidecar when losses begin: what is counted must not wait for its next turn. The sidecar sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} alarms SEC(".maps");

/* After so much time without a loss, the next one is news: as long as falc's alerts about losses wait. */
#define QUIET_NS 5000000000ull

/* Counts an event that is lost. */
static __always_inline void count_loss(__u32 which)
{
	__u32 zero = 0;
	struct losses *losses_ = bpf_map_lookup_elem(&losses, &zero);
	__u64 now = bpf_ktime_get_boot_ns(), last;
	count(which);
	if (!losses_)
		return;
	last = losses_->last;
	losses_->last = now;
	if (last && now - last < QUIET_NS)
		return;
	losses_->began = now;
	bpf_ringbuf_output(&alarms, &now, sizeof(now), BPF_RB_FORCE_WAKEUP);
}

#if defined(__TARGET_ARCH_arm64)
#define NR_CLOSE 57
#define NR_CLONE 220
#define NR_EXECVE 221
#define NR_EXECVEAT 281
#else
#define NR_CLOSE 3
#define NR_EXECVE 59
#define NR_EXECVEAT 322
#endif

/* Goes on to the program of a call that is wanted; its registers are in place. */
static __always_inline int call_program(void *ctx, __u32 nr, long ret)
{
	if ((nr == NR_EXECVE || nr == NR_EXECVEAT) && ret >= 0)
		return 0; /* exec_done has written it */
	bpf_tail_call(ctx, &exit_programs, nr);
	count_loss(COUNT_TAIL_FAILED);
	return 0;
}

/* Whether only state wants the call: what changes nothing is then left out. */
static __always_inline bool is_for_state(__u32 nr)
{
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	return want && (*want & ~WANT_ADDITIONS) == WANT_STATE;
}

static __always_inline bool is_wanted(__u32 nr)
{
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	return want && *want != WANT_NOTHING;
}
