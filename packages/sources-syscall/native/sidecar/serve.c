#include "serve.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "clock.h"
#include "connection.h"
#include "drain.h"
#include "names.h"
#include "picture.h"
#include "probe.h"
#include "signals.h"
#include "stream.h"
#include "urgency.h"

/* Milliseconds between STATS, but for those that tell that losses have begun, and between looks at the rings when their records are sent. */
#define STATS_TURN 250
#define STREAM_TURN 10
/* Seconds in which an engine that has begun a frame must finish it, and one that is sent a frame must make room for it. */
#define PATIENCE 10
/* Rings of the default size are always allowed; larger ones may take this share of the machine's memory together. */
#define DEFAULT_RING_BYTES (8u << 20)
#define MAX_RING_BYTES (512u << 20)
#define MEMORY_SHARE 8

struct peer peer_of(int socket)
{
	struct ucred who = { .uid = -1 };
	socklen_t length = sizeof(who);
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length))
		return (struct peer){ .uid = -1 };
	return (struct peer){ .pid = who.pid, .uid = who.uid };
}

struct hello hello_now(void)
{
	return (struct hello){
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.cpus = libbpf_num_possible_cpus(),
		.page_bytes = sysconf(_SC_PAGESIZE),
		/* CLOCK_REALTIME when the boot clock was zero */
		.boot_time_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME),
	};
}

__u32 drain_seconds = 30;

static __u64 rings_limit(__u64 rings)
{
	struct sysinfo info = {};
	__u64 share, least = rings * DEFAULT_RING_BYTES;
	sysinfo(&info);
	share = (__u64)info.totalram * info.mem_unit / MEMORY_SHARE;
	return share > least ? share : least;
}

const char *refuse(const struct configure *settings)
{
	__u32 ring = settings->ring_bytes;
	__u64 rings;
	if (settings->version != WIRE_VERSION)
		return "engine and sidecar speak different versions of the wire format: install the same version of both";
	if (ring < sysconf(_SC_PAGESIZE) || ring > MAX_RING_BYTES || (ring & (ring - 1)))
		return "ring_bytes must be a power of two from one page to 512 MiB";
	if (!settings->cpus_per_ring)
		return "cpus_per_ring must be at least 1";
	if (settings->snaplen > 4096)
		return "snaplen must be at most 4096";
	rings = ring_count(settings->cpus_per_ring);
	if (rings * ring > rings_limit(rings))
		return "the rings would take more than an eighth of this machine's memory: ask for a smaller ring_bytes";
	return NULL;
}

/* One engine's session. */
struct recording {
	int socket;
	const struct configure *settings;
	__u64 boot_time_ns;
	struct probe_session *session;
	struct stream *stream;
	struct drain *drain;
	struct urgency urgency;
	struct names_readings *names;
	bool environments; /* rules read them */
};

static bool reads_environments(const struct wanted *wanted)
{
	return !(wanted->wants[SYS_execve] & WANT_NO_ENVIRONMENTS);
}

/* The whole picture, or only the descriptors of some processes. */
static int picture_and_ready(const struct recording *r, const __u32 *pids, __u32 count)
{
	int err;
	urgency_of_sidecar(URGENCY_NICE); /* a long work on a large machine */
	err = pids ? send_descriptors(r->socket, pids, count) : send_picture(r->socket, r->boot_time_ns, r->environments);
	urgency_of_sidecar(URGENCY_REALTIME);
	return err ? err : send_frame(r->socket, FRAME_READY, NULL, 0, NULL, 0);
}

static int open_stream(struct recording *r)
{
	int count, err;
	const int *fds = probe_rings(r->session, &count);
	err = stream_open(&r->stream, fds, count, r->settings->ring_bytes);
	if (err)
		send_problem(r->socket, "the sidecar cannot map the rings: %s", strerror(-err));
	return err;
}

/* Why a session that ran is over, for the engine's user. */
static void explain_end(int socket, int err, const struct stream *stream)
{
	if (err == -EPROTO && stream)
		send_problem(socket, "a ring's positions contradict each other: something else than the sidecar moves the reader's position");
	else if (err == -EAGAIN) /* nor would it read this: it goes to the log */
		send_problem(-1, "the engine did not read from its socket for %d s", PATIENCE);
	else if (err == -ETIME)
		send_problem(socket, "the engine did not read from a ring that is not empty for %u s", drain_seconds);
}

/* Does what one frame of the engine asks for. 0, -errno, or 1: it asks for the end. */
static int handle_frame(struct recording *r)
{
	union {
		struct wanted wanted;
		struct names_request names;
		__u32 pids[MAX_PICTURED];
	} frame;
	__u32 kind, length;
	int err = receive_frame(r->socket, &kind, &frame, sizeof(frame), &length);
	if (err)
		return err;
	if (kind == FRAME_STOP && length == 0)
		return 1;
	if (kind == FRAME_PICTURE && length % sizeof(*frame.pids) == 0)
		return picture_and_ready(r, length ? frame.pids : NULL, length / sizeof(*frame.pids));
	if (kind == FRAME_STREAM && length == 0 && !r->stream)
		return open_stream(r);
	if (kind == FRAME_SYSCALLS && length == sizeof(frame.wanted)) {
		r->environments = reads_environments(&frame.wanted);
		return probe_set_wants(r->session, &frame.wanted);
	}
	if (kind == FRAME_NAMES && length == sizeof(frame.names))
		return names_ask(r->names, r->socket, frame.names.pid);
	send_problem(r->socket, "unexpected frame of kind %u with %u bytes", kind, length);
	return -EBADMSG;
}

static int send_stats(struct recording *r)
{
	struct stats stats;
	int err = probe_read_stats(r->session, &stats);
	if (err)
		return err;
	stats.counters[COUNT_NAMES_REFUSED] += names_refused(r->names);
	return send_frame(r->socket, FRAME_STATS, &stats, sizeof(stats), NULL, 0);
}

/* Loads, attaches, and sends what the engine needs to begin. */
static int start(struct recording *r, pid_t engine)
{
	struct rings rings = { .ring_bytes = r->settings->ring_bytes };
	const int *fds;
	int count, err;
	r->names = names_open();
	if (!r->names)
		return -ENOMEM;
	urgency_of_sidecar(URGENCY_NICE); /* the kernel checks the programs in this process's time, and the engine waits */
	r->environments = reads_environments(&r->settings->wanted);
	err = probe_open(&r->session, r->settings, r->boot_time_ns, engine, r->socket);
	if (err)
		return err;
	fds = probe_rings(r->session, &count);
	rings.count = count;
	err = send_frame(r->socket, FRAME_RINGS, &rings, sizeof(rings), fds, count);
	if (!err)
		err = r->settings->picture ? picture_and_ready(r, NULL, 0) : send_frame(r->socket, FRAME_READY, NULL, 0, NULL, 0);
	if (!err)
		err = drain_open(&r->drain, fds, count, r->settings->ring_bytes);
#ifdef __GLIBC__
	/* What loading the programs took: each child that reads names would get a copy of its page table. */
	malloc_trim(0);
#endif
	return err;
}

/* Waits for the engine, a reading of names or the next turn, and does what is due. 0, -errno, or 1: the engine asks for the end. */
static int turn(struct recording *r, __u64 *next_stats)
{
	struct pollfd polled[2 + MAX_READINGS] = { { .fd = r->socket, .events = POLLIN }, { .fd = probe_alarm(r->session), .events = POLLIN } };
	int n = poll(polled, 2 + names_polled(r->names, polled + 2), r->stream ? STREAM_TURN : STATS_TURN), err = 0;
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[1].revents)
		*next_stats = 0;
	if (polled[0].revents)
		err = handle_frame(r);
	if (!err)
		err = names_turn(r->names, r->socket);
	if (!err && r->stream)
		err = stream_send(r->stream, r->socket);
	if (!err && now >= *next_stats) {
		struct drain_state drain = drain_look(r->drain, now);
		*next_stats = now + STATS_TURN * 1000000ull;
		urgency_turn(&r->urgency, drain, now);
		err = drain_seconds && drain.unread_ns > drain_seconds * 1000000000ull ? -ETIME : send_stats(r);
	}
	return err;
}

int record(int socket, const struct configure *settings, __u64 boot_time_ns, pid_t engine)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	struct recording r = { .socket = socket, .settings = settings, .boot_time_ns = boot_time_ns, .urgency.engine = engine };
	__u64 next_stats = 0;
	int err;

	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	err = start(&r, engine);
	while (!err && !stopping)
		err = turn(&r, &next_stats);
	if (err < 0)
		explain_end(socket, err, r.stream);
	urgency_end(&r.urgency);
	names_close(r.names);
	drain_close(r.drain);
	stream_close(r.stream);
	probe_close(r.session);
	return err > 0 || err == -EPIPE || err == -ECONNRESET ? 0 : err;
}

int serve(int socket, pid_t engine)
{
	struct hello hello = hello_now();
	struct configure settings;
	struct timeval patience = { .tv_sec = PATIENCE };
	__u32 kind, length;
	const char *why;
	int err;

	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	err = send_frame(socket, FRAME_HELLO, &hello, sizeof(hello), NULL, 0);
	if (!err)
		err = receive_frame(socket, &kind, &settings, sizeof(settings), &length);
	if (err)
		return err == -EPIPE || err == -ECONNRESET ? 0 : err;
	if (kind != FRAME_CONFIGURE || length != sizeof(settings)) {
		send_problem(socket, "expected a CONFIGURE frame of %zu bytes", sizeof(settings));
		return -EPROTO;
	}
	why = refuse(&settings);
	if (why) {
		send_problem(socket, "%s", why);
		return -EINVAL;
	}
	return record(socket, &settings, hello.boot_time_ns, engine);
}
