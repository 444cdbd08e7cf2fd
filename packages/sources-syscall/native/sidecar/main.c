/*
 * falc-probe: the part of falc that needs privilege.
 *
 *   falc-probe --fd N          serves one engine on an inherited socket, ends with it
 *   falc-probe --listen PATH   serves engines one after another on a unix socket
 *
 * The walk: handshake → open, configure, load, attach → rings and picture to the engine → poll → cleanup.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "connection.h"
#include "picture.h"
#include "probe.h"
#include "stream.h"

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static __u64 now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* CLOCK_REALTIME when the boot clock was zero. */
static __u64 boot_time(void)
{
	return now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level > LIBBPF_WARN || !getenv("FALC_PROBE_DEBUG"))
		return 0;
	return vfprintf(stderr, format, args);
}

/* What the engine may ask for; anything else is refused. */
static const char *refuse(const struct configure *c)
{
	long page = sysconf(_SC_PAGESIZE);
	if (c->version != WIRE_VERSION)
		return "the engine speaks another version of the wire format: install the same version of both";
	if (c->ring_bytes < page || c->ring_bytes > (1u << 30) || (c->ring_bytes & (c->ring_bytes - 1)))
		return "ring_bytes must be a power of two from one page to 1 GiB";
	if (!c->cpus_per_ring)
		return "cpus_per_ring must be at least 1";
	if (c->snaplen > 4096)
		return "snaplen is at most 4096";
	return NULL;
}

/* Milliseconds between STATS, and between looks at the rings when their records are sent. */
#define STATS_TURN 1000
#define STREAM_TURN 10

/* Serves one engine until it goes, asks for the end, or a signal comes. */
static int serve(int socket)
{
	struct probe_session *session = NULL;
	struct stream *stream = NULL;
	__u64 next_stats = 0;
	struct configure settings;
	struct hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.cpus = libbpf_num_possible_cpus(),
		.page_bytes = sysconf(_SC_PAGESIZE),
		.boot_time_ns = boot_time(),
	};
	struct rings rings = {};
	/* Who begins a frame finishes it: an engine that does not must not hold up the service. */
	struct timeval patience = { .tv_sec = 10 };
	__u32 kind, length;
	const char *why;
	int err, count;

	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	err = send_frame(socket, FRAME_HELLO, &hello, sizeof(hello), NULL, 0);
	if (!err)
		err = receive_frame(socket, &kind, &settings, sizeof(settings), &length);
	if (err)
		goto cleanup;
	if (kind != FRAME_CONFIGURE || length != sizeof(settings)) {
		send_problem(socket, "expected a CONFIGURE frame of %zu bytes", sizeof(settings));
		err = -EPROTO;
		goto cleanup;
	}
	why = refuse(&settings);
	if (why) {
		send_problem(socket, "%s", why);
		err = -EINVAL;
		goto cleanup;
	}

	err = probe_open(&session, &settings, hello.boot_time_ns, socket);
	if (err)
		goto cleanup;
	{
		const int *fds = probe_rings(session, &count);
		rings.count = count;
		rings.ring_bytes = settings.ring_bytes;
		err = send_frame(socket, FRAME_RINGS, &rings, sizeof(rings), fds, count);
	}
	if (!err && settings.picture)
		err = send_picture(socket, hello.boot_time_ns);
	if (!err)
		err = send_frame(socket, FRAME_READY, NULL, 0, NULL, 0);

	while (!err && !stopping) {
		struct pollfd poll_fd = { .fd = socket, .events = POLLIN };
		int n = poll(&poll_fd, 1, stream ? STREAM_TURN : STATS_TURN);
		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0) {
			__u8 wants[MAX_NATIVE_SYSCALLS];
			err = receive_frame(socket, &kind, wants, sizeof(wants), &length);
			if (err)
				break;
			if (kind == FRAME_STOP && length == 0)
				break;
			if (kind == FRAME_PICTURE && length == 0) {
				err = send_picture(socket, hello.boot_time_ns);
				if (!err)
					err = send_frame(socket, FRAME_READY, NULL, 0, NULL, 0);
				continue;
			}
			if (kind == FRAME_STREAM && length == 0 && !stream) {
				const int *fds = probe_rings(session, &count);
				err = stream_open(&stream, fds, count, settings.ring_bytes);
				continue;
			}
			if (kind == FRAME_SYSCALLS && length == sizeof(wants)) {
				err = probe_set_wants(session, wants);
			} else {
				send_problem(socket, "a frame of kind %u and %u bytes is not understood", kind, length);
				err = -EPROTO;
			}
		}
		if (!err && stream)
			err = stream_send(stream, socket);
		if (!err && now_ns(CLOCK_MONOTONIC) >= next_stats) {
			struct stats stats;
			next_stats = now_ns(CLOCK_MONOTONIC) + STATS_TURN * 1000000ull;
			err = probe_read_stats(session, &stats);
			if (!err)
				err = send_frame(socket, FRAME_STATS, &stats, sizeof(stats), NULL, 0);
		}
	}
cleanup:
	stream_close(stream);
	probe_close(session);
	return err == -EPIPE || err == -ECONNRESET ? 0 : err;
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening, err = 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listening < 0)
		return -errno;
	unlink(path);
	/* Owner and group may connect: the service's group decides who runs the engine. */
	umask(0117);
	if (bind(listening, (struct sockaddr *)&address, sizeof(address)) || listen(listening, 4))
		err = -errno;
	while (!err && !stopping) {
		int socket = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (socket < 0) {
			if (errno != EINTR)
				err = -errno;
			continue;
		}
		serve(socket); /* what went wrong was told to the engine and to stderr; the next one may do better */
		close(socket);
	}
	close(listening);
	unlink(path);
	return err;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "listen", required_argument, NULL, 'l' },
		{ "version", no_argument, NULL, 'v' },
		{},
	};
	struct sigaction action = { .sa_handler = on_signal };
	const char *path = NULL;
	int option, fd = -1, err;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			fd = atoi(optarg);
			break;
		case 'l':
			path = optarg;
			break;
		case 'v':
			printf("falc-probe, wire version %d\n", WIRE_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if ((fd < 0) == !path) {
		fprintf(stderr, "usage: falc-probe --fd N | --listen PATH | --version\n");
		return 2;
	}
	libbpf_set_print(quiet);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (fd >= 0)
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* started by the engine: ends with it, however it ends */
	err = path ? listen_on(path) : serve(fd);
	if (err) {
		fprintf(stderr, "falc-probe: %s\n", strerror(-err));
		return 1;
	}
	return 0;
}
