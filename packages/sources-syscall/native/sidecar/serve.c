#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "clock.h"
#include "connection.h"
#include "picture.h"
#include "probe.h"
#include "signals.h"
#include "stream.h"

/* Milliseconds between STATS, and between looks at the rings when their records are sent. */
#define STATS_TURN 1000
#define STREAM_TURN 10
/* Seconds: who begins a frame finishes it. */
#define PATIENCE 10

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

const char *refuse(const struct configure *settings)
{
	__u32 ring = settings->ring_bytes;
	if (settings->version != WIRE_VERSION)
		return "the engine speaks another version of the wire format: install the same version of both";
	if (ring < sysconf(_SC_PAGESIZE) || ring > (1u << 30) || (ring & (ring - 1)))
		return "ring_bytes must be a power of two from one page to 1 GiB";
	if (!settings->cpus_per_ring)
		return "cpus_per_ring must be at least 1";
	if (settings->snaplen > 4096)
		return "snaplen is at most 4096";
	return NULL;
}

static int picture_and_ready(int socket, int picture, __u64 boot_time_ns)
{
	int err = picture ? send_picture(socket, boot_time_ns) : 0;
	return err ? err : send_frame(socket, FRAME_READY, NULL, 0, NULL, 0);
}

static int open_stream(struct stream **stream, struct probe_session *session, __u32 ring_bytes, int socket)
{
	int count, err;
	const int *fds = probe_rings(session, &count);
	err = stream_open(stream, fds, count, ring_bytes);
	if (err)
		send_problem(socket, "the sidecar itself can't map the rings: %s", strerror(-err));
	return err;
}

/* One frame of the engine. 0, -errno, or 1: it asks for the end. */
static int handle_frame(int socket, const struct configure *settings, __u64 boot_time_ns, struct probe_session *session, struct stream **stream)
{
	__u8 wants[MAX_NATIVE_SYSCALLS];
	__u32 kind, length;
	int err = receive_frame(socket, &kind, wants, sizeof(wants), &length);
	if (err)
		return err;
	if (kind == FRAME_STOP && length == 0)
		return 1;
	if (kind == FRAME_PICTURE && length == 0)
		return picture_and_ready(socket, 1, boot_time_ns);
	if (kind == FRAME_STREAM && length == 0 && !*stream)
		return open_stream(stream, session, settings->ring_bytes, socket);
	if (kind == FRAME_SYSCALLS && length == sizeof(wants))
		return probe_set_wants(session, wants);
	send_problem(socket, "a frame of kind %u and %u bytes is not understood", kind, length);
	return -EPROTO;
}

static int send_stats(int socket, struct probe_session *session)
{
	struct stats stats;
	int err = probe_read_stats(session, &stats);
	return err ? err : send_frame(socket, FRAME_STATS, &stats, sizeof(stats), NULL, 0);
}

int record(int socket, const struct configure *settings, __u64 boot_time_ns, pid_t engine)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	struct probe_session *session = NULL;
	struct stream *stream = NULL;
	__u64 next_stats = 0;
	const int *fds;
	int err, count;

	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	err = probe_open(&session, settings, boot_time_ns, engine, socket);
	if (err)
		return err;
	fds = probe_rings(session, &count);
	err = send_frame(socket, FRAME_RINGS, &(struct rings){ .count = count, .ring_bytes = settings->ring_bytes }, sizeof(struct rings), fds, count);
	if (!err)
		err = picture_and_ready(socket, settings->picture, boot_time_ns);

	while (!err && !stopping) {
		struct pollfd poll_fd = { .fd = socket, .events = POLLIN };
		int n = poll(&poll_fd, 1, stream ? STREAM_TURN : STATS_TURN);
		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0)
			err = handle_frame(socket, settings, boot_time_ns, session, &stream);
		if (!err && stream)
			err = stream_send(stream, socket);
		if (!err && clock_ns(CLOCK_MONOTONIC) >= next_stats) {
			next_stats = clock_ns(CLOCK_MONOTONIC) + STATS_TURN * 1000000ull;
			err = send_stats(socket, session);
		}
	}
	stream_close(stream);
	probe_close(session);
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
