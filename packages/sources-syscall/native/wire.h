/*
 * What the probe, the sidecar and the engine share. src/live/wire.ts is its twin in TypeScript; a test compares every
 * size and offset. Raise WIRE_VERSION with every change: each side refuses a peer of another version.
 *
 * A ring record is the body of a scap EV_V2 block:
 *   u16 cpu; u64 time_ns; u64 tid; u32 len; u16 type; u32 nparams; u16 lens[nparams]; params
 * packed, little-endian. `len` counts from time_ns to the end.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

#define WIRE_VERSION 18

struct event_header {
	__u16 cpu;
	__u64 time_ns;
	__u64 tid;
	__u32 len;
	__u16 type;
	__u32 nparams;
} __attribute__((packed));

/* A process id in the sidecar's pid namespace, and in the initial one, whose ids events carry. */
struct pid_pair {
	__u32 here, global;
};

/* What is wanted of a system call. */
enum want {
	WANT_NOTHING = 0,
	WANT_EVENT = 1,
	/* Also when the ring is nearly full: process life, and what the state needs. */
	WANT_FIRST = 2,
	/* No rule wants it: only where it changes what state knows. Most fcntl, prlimit and prctl calls change nothing of it. */
	WANT_STATE = 3,
};

/* Added to the want of a call that opens files: no rule can match one of the class `failedOpens` (src/fields/open-classes.ts). */
#define WANT_NO_FAILED_OPENS 0x80
/* Added to the want of a call that writes: a rule reads messages to the system log, so these are kept whole (src/fields/syslog.ts). */
#define WANT_WHOLE_LOGS 0x40
/*
 * Added to the want of close, and of calls that open files: no rule can ask for a descriptor of a file that another event opened. Closes of
 * those that were not announced are left out, and opens to read, unless their paths have one of `texts` (bpf/announced.bpf.h).
 */
#define WANT_NO_FILES 0x20
/* Added to the want of execve and execveat: no rule reads environments, so they are left empty. */
#define WANT_NO_ENVIRONMENTS 0x10
/*
 * Added to the want of close, and of openat: the same as WANT_NO_FILES of directories. An open is left out only if the directory's own path
 * is the name that the engine would give it.
 */
#define WANT_NO_DIRECTORIES 0x08
/* Added to the want of execve and execveat: of one that failed no rule reads more than its result, flags and path: all else is left empty. */
#define WANT_BARE_FAILURES 0x04
/* What is added to a want. */
#define WANT_ADDITIONS                                                                                               \
	(WANT_NO_FAILED_OPENS | WANT_WHOLE_LOGS | WANT_NO_FILES | WANT_NO_ENVIRONMENTS | WANT_NO_DIRECTORIES | WANT_BARE_FAILURES)

/*
 * Texts of which rules ask whether a path has them, as four of their bytes each, each with CASE_BIT, so that capital letters are small ones:
 * none of them a slash. Those of directories are looked for apart: the first may be a slash. 0 = none.
 */
#define MAX_TEXTS 64
#define CASE_BIT 0x20
#define text_bit(text) ((__u32)((text) * 0x9e3779b1u) >> 16)

/* Slots of `wants` for tracepoints, above all system call numbers. */
enum trace {
	TRACE_SIGNAL = 508,
	TRACE_SWITCH,
	TRACE_PAGE_FAULT,
};

/* Threads whose objects are kept (bpf/objects.bpf.h): a power of two. */
#define OBJECT_THREADS 256

/* Slot for 32-bit and x32 calls; the translated call is filtered later. */
#define SLOT_COMPAT 507

/* Losses by cause, and events by outcome. */
enum counter {
	COUNT_EVENTS = 0,          /* written to a ring */
	COUNT_DROP_FULL,           /* the ring had no room */
	COUNT_DROP_PRESSURE,       /* given up early to leave room for WANT_FIRST events */
	COUNT_DROP_FULL_FIRST,     /* a WANT_FIRST event that found no room nevertheless */
	COUNT_DROP_TOO_LARGE,      /* longer than MAX_EVENT */
	COUNT_DROP_NO_RING,        /* the CPU came up after the start */
	COUNT_FAULT,               /* a page of user memory was not resident: the parameter is empty */
	COUNT_TAIL_FAILED,         /* a tail call did not happen */
	COUNT_COMPAT,              /* a 32-bit call that has no native counterpart */
	COUNT_RACED,               /* a path was changed in memory during the call */
	COUNT_UNCHECKED,           /* a path that could be read only once: another thread may have changed it */
	COUNT_DROP_FLOOD,          /* given up because its process filled the ring: the room is for others */
	COUNT_IO_URING,            /* requests submitted to an io_uring: what they do is not recorded */
	COUNT_PASSED_OVER,         /* an open that failed and that no rule can match: WANT_NO_FAILED_OPENS */
	COUNT_NAMES_REFUSED,       /* the sidecar's own: users of a container that could not be read safely or in time */
	COUNT_LOG_CUT,             /* a message to the system log of which only the first MAX_CHUNK bytes were kept: WANT_WHOLE_LOGS */
	COUNT_FORGED,              /* a call that seemed to succeed and was never made: a seccomp filter or a tracer has answered */
	COUNT_FILE_READS,          /* an open of a file to read, or of a directory, that no rule can match: WANT_NO_FILES, WANT_NO_DIRECTORIES */
	COUNT_FILE_CLOSES,         /* a close or fcntl of such a descriptor that no rule can ask for, or a close that failed */
	COUNTER_MAX,
};

/*
 * The control connection: a stream socket with frames in both directions, each a frame_header and `length` bytes.
 *
 *   sidecar  HELLO                            identifies itself
 *   engine   CONFIGURE                        once
 *   sidecar  RINGS (with descriptors), BLOCKS …, READY     events flow from RINGS on; BLOCKS is the picture of /proc
 *   sidecar  STATS                            several times a second, and at once when losses begin
 *   engine   SYSCALLS, STOP                   at any time
 *   engine   PICTURE                          after losses: the sidecar sends BLOCKS … and READY once more
 *   engine   PICTURE (u32 pids)               the same, of these processes’ descriptors alone: at most MAX_PICTURED
 *   engine   NAMES (names_request)            at any time: users and groups as the files of a process name them
 *   sidecar  NAMES (names, two texts)         the answer
 *   engine   STREAM                           when it may not map the rings: the sidecar then sends EVENTS
 *   sidecar  WAIT                             after CONFIGURE: the service serves another engine first; the rest follows later
 *   sidecar  PROBLEM                          a text; it then closes the connection
 *
 * A frame of another kind or length ends the connection. When the engine closes its end, the sidecar detaches its programs
 * and exits.
 *
 * A sidecar that the engine has started (--respawn) is two processes: a supervisor, and a worker that it restarts when it was
 * killed. The engine's first socket leads to the supervisor, which only sends:
 *
 *   WORKER (with one descriptor)              a worker was started: the descriptor is a control connection to it
 *   ENDED                                     a text: how the worker ended; WORKER follows after a pause
 *   PROBLEM                                   a text: it gives up, and closes the socket
 */
#define WIRE_MAGIC 0x434c4146 /* "FALC" */
#define MAX_NATIVE_SYSCALLS 512
#define MAX_FRAME (1 << 20)
#define MAX_PICTURED 256

enum frame_kind {
	FRAME_HELLO = 1,
	FRAME_CONFIGURE,
	FRAME_RINGS,
	FRAME_BLOCKS,
	FRAME_READY,
	FRAME_STATS,
	FRAME_SYSCALLS,
	FRAME_STOP,
	FRAME_PROBLEM,
	FRAME_STREAM,
	FRAME_EVENTS,
	FRAME_PICTURE,
	FRAME_WAIT,
	FRAME_WORKER,
	FRAME_ENDED,
	FRAME_NAMES,
};

struct frame_header {
	__u32 kind;
	__u32 length;
};

struct hello {
	__u32 magic;
	__u32 version;
	__u32 cpus;
	__u32 page_bytes;
	__u64 boot_time_ns;
};

/* What is wanted of calls. */
struct wanted {
	__u8 wants[MAX_NATIVE_SYSCALLS]; /* enum want by the kernel's syscall number */
	__u32 texts[MAX_TEXTS], directory_texts[MAX_TEXTS];
};

struct configure {
	__u32 version;
	__u32 snaplen;
	__u32 ring_bytes;        /* per ring: a power of two, at least a page */
	__u32 cpus_per_ring;
	__u32 own_events;        /* 0 = leave out the events of the engine's own process */
	__u32 picture;           /* 1 = send the picture of /proc */
	struct wanted wanted;
};

/* The engine that is being served. */
struct wait {
	__u32 pid;
	__u32 uid;
};

struct worker_frame {
	__u32 pid;
	__u32 restarts;          /* within the last minute */
};

struct rings {
	__u32 count;             /* of descriptors that come along */
	__u32 ring_bytes;
};

struct names_request {
	__u32 pid;
};

enum names_outcome {
	NAMES_READ = 0,
	NAMES_SHARED,            /* the process shares the host's mounts or root */
	NAMES_GONE,              /* it has ended */
	NAMES_REFUSED,           /* not in time, not a plain file, or too long; or too many are being read */
};

/* The texts of /etc/passwd and /etc/group follow. */
#define MAX_NAMES_TEXT (256 << 10)
struct names {
	__u32 pid;
	__u32 outcome;           /* enum names_outcome */
	__u32 passwd_bytes;
	__u32 group_bytes;
};

/*
 * The payload of EVENTS: whole records of all rings, in the order of their times, each as it lies there: u32 length, u32 page offset, data
 * (u16 CPU, the event, which begins with its time), padded to 8.
 */
#define MAX_EVENTS_FRAME (256 << 10)
#define RECORD_TIME 2

struct stats {
	__u64 counters[COUNTER_MAX]; /* summed over CPUs, since the start */
	__u64 loss_began_ns;     /* time of the first loss after a while without any, since 1970; 0 = nothing was lost */
	__u32 flooder;           /* the process that was silenced last, in the initial pid namespace; 0 = none yet */
	__u32 hooked;            /* 1 = the kernel tells what calls act on that return no file (bpf/hooks.bpf.h) */
};
