/*
 * Random input for all that the sidecar takes from an engine, which has no privilege: the frames of the control connection, the
 * first bytes of a client of the service, and the ring page that the engine can write to. Built with ASan and UBSan:
 *
 *   falc-fuzz [INPUTS [SEED]]      default 10,000 inputs; the seed is printed, the same seed gives the same inputs
 *
 * What needs the kernel is replaced below: the rings are plain memory, the picture is empty.
 */
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../sidecar/service.c"
#include "../sidecar/drain.h"
#include "../sidecar/names.h"
#include "../sidecar/picture.h"
#include "../sidecar/probe.h"
#include "../sidecar/ring.h"
#include "../sidecar/stream.h"
#include "../sidecar/urgency.h"

#define MAX_RING (64 << 10)
#define MAX_INPUT (64 << 10)

volatile sig_atomic_t stopping;

#include "random.h"
#include "kernel.h"

static char input[MAX_INPUT];

static size_t add_frame(size_t at, __u32 kind, const void *payload, __u32 length, __u32 claimed)
{
	struct frame_header header = { kind, claimed };
	if (at + sizeof(header) + length > MAX_INPUT)
		return at;
	memcpy(input + at, &header, sizeof(header));
	memcpy(input + at + sizeof(header), payload, length);
	return at + sizeof(header) + length;
}

static size_t add_configure(size_t at)
{
	struct configure settings = { .version = WIRE_VERSION, .snaplen = 80, .ring_bytes = MAX_RING, .cpus_per_ring = 1 };
	switch (below(12)) {
	case 0: settings.version = number(); break;
	case 1: settings.snaplen = number(); break;
	case 2: settings.ring_bytes = number(); break;
	case 3: settings.cpus_per_ring = number(); break;
	}
	if (below(20) == 0)
		return add_frame(at, FRAME_CONFIGURE, &settings, sizeof(settings), number());
	return add_frame(at, FRAME_CONFIGURE, &settings, sizeof(settings), sizeof(settings));
}

static size_t add_random_frame(size_t at)
{
	static const __u32 KINDS[] = { FRAME_STREAM, FRAME_PICTURE, FRAME_SYSCALLS, FRAME_NAMES, FRAME_STOP };
	char payload[600];
	__u32 kind = below(4) ? KINDS[below(sizeof(KINDS) / sizeof(*KINDS))] : number();
	__u32 length = kind == FRAME_SYSCALLS ? MAX_NATIVE_SYSCALLS : kind == FRAME_NAMES ? sizeof(struct names_request)
		       : kind == FRAME_PICTURE ? 4 * below(100) : 0;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = draw();
	if (below(10) == 0)
		length = below(sizeof(payload));
	return add_frame(at, kind, payload, length, below(15) ? length : number());
}

/* Everything that a whole conversation may hold; at its end the engine hangs up. */
static size_t make_conversation(void)
{
	size_t at = below(10) ? add_configure(0) : 0;
	for (int n = below(8); n > 0; n--)
		at = add_random_frame(at);
	for (int n = below(10) ? 0 : below(6) + 1; at && n > 0; n--)
		input[below(at)] = draw();
	return below(10) || !at ? at : below(at);
}

/* Takes what the sidecar sent, and checks that streamed records are whole, and if the rings are sound, in the order of their times. */
static void check_sent(int fd, int sound)
{
	static char sent[1 << 20];
	size_t size = 0;
	__u64 before = 0, time;
	ssize_t n;
	while (size < sizeof(sent) && (n = recv(fd, sent + size, sizeof(sent) - size, MSG_DONTWAIT)) > 0)
		size += n;
	for (size_t at = 0; at + sizeof(struct frame_header) <= size;) {
		struct frame_header header;
		memcpy(&header, sent + at, sizeof(header));
		at += sizeof(header);
		if (header.length > MAX_FRAME)
			fail("a frame longer than MAX_FRAME was sent");
		if (at + header.length > size)
			return; /* cut: the buffer was full */
		if (header.kind == FRAME_EVENTS) {
			size_t record = at;
			for (__u32 head; record < at + header.length; record += ((head & 0x3fffffff) + 8 + 7) & ~7u) {
				memcpy(&head, sent + record, sizeof(head));
				if (head >> 31)
					fail("a record that is not complete was sent");
				if ((head & 0x3fffffff) < RECORD_TIME + sizeof(time) || !sound)
					continue;
				memcpy(&time, sent + record + 8 + RECORD_TIME, sizeof(time));
				if (time < before)
					fail("a record was sent after a later one");
				before = time;
			}
			if (record != at + header.length)
				fail("a part of a record was sent");
		}
		at += header.length;
	}
}

static void close_passed(int fd)
{
	char data[4096], control[4096];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_PEEK);
	(void)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		for (size_t i = 0; c->cmsg_type == SCM_RIGHTS && i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			close(((int *)CMSG_DATA(c))[i]);
}

static void open_pair(int ends[2])
{
	int room = 1 << 20;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fail("no sockets");
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static void try_conversation(void)
{
	int ends[2];
	size_t size = make_conversation();
	fill_ring(&rings[0], below(3));
	fill_ring(&rings[1], below(3));
	open_pair(ends);
	if (send(ends[1], input, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && size)
		fail("the input does not fit");
	shutdown(ends[1], SHUT_WR);
	serve(ends[0], 0);
	close_passed(ends[1]);
	check_sent(ends[1], 0);
	close(ends[0]);
	close(ends[1]);
}

static void try_client(void)
{
	struct service service = { .worker = { .pidfd = -1 }, .count = 1 };
	int ends[2];
	size_t size = make_conversation(), at = 0;
	open_pair(ends);
	service.clients[0] = (struct client){ .fd = ends[0] };
	while (at < size) {
		size_t part = 1 + below(size - at);
		at += send(ends[1], input + at, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (read_client(&service, &service.clients[0]))
			break;
		if (is_configured(&service.clients[0]) && refuse(&service.clients[0].received.settings))
			fail("settings that are refused were taken");
		if (is_configured(&service.clients[0]))
			break;
	}
	close(ends[0]);
	close(ends[1]);
}

static void try_ring(int changes)
{
	struct stream *stream;
	struct drain *drain;
	int ends[2], err, moved = 0;
	fill_ring(&rings[0], changes);
	fill_ring(&rings[1], changes);
	open_pair(ends);
	if (stream_open(&stream, ring_fds, 2, MAX_RING) || drain_open(&drain, ring_fds, 2, MAX_RING))
		fail("no memory for a stream");
	for (int turn = 0; turn < 3; turn++) {
		err = stream_send(stream, ends[0]);
		drain_look(drain, turn + 1);
		if (!changes && !turn && err)
			fail("a sound ring was refused");
		if (moved && err != -EPROTO)
			fail("a position that somebody else moved was not noticed");
		if (err)
			break;
		moved = below(4) ? 0 : 8 * below(100);
		*consumer_of(&rings[below(2)]) += moved;
	}
	check_sent(ends[1], !changes);
	stream_close(stream);
	drain_close(drain);
	close(ends[0]);
	close(ends[1]);
}

/* Another thread writes to the pages all the time, as a hostile engine would. */
static volatile int running;
static void *disturb(void *unused)
{
	__u64 n = 88172645463325252ull;
	while (running) {
		struct fake_ring *ring = &rings[n & 1];
		n ^= n << 13, n ^= n >> 7, n ^= n << 17;
		if (n & 2)
			__atomic_store_n(consumer_of(ring), n >> 8, __ATOMIC_RELAXED);
		else
			__atomic_store_n((__u32 *)(ring->memory + 2 * page + 8 * ((n >> 8) % (MAX_RING / 4))), (__u32)(n >> 32), __ATOMIC_RELAXED);
	}
	return unused;
}

int main(int argc, char **argv)
{
	unsigned long inputs = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	pthread_t thread;
	state = argc > 2 ? strtoull(argv[2], NULL, 10) : (__u64)time(NULL);
	printf("falc-fuzz: %lu inputs, seed %llu\n", inputs, (unsigned long long)state);
	state = state * 2654435761u + 1;
	page = sysconf(_SC_PAGESIZE);
	/* the sidecar's log is not wanted, reports are */
	__sanitizer_set_report_fd((void *)(long)dup(2));
	report = fdopen(dup(2), "w");
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	for (int i = 0; i < 2; i++) {
		make_ring(&rings[i]);
		ring_fds[i] = rings[i].fd;
	}
	for (unsigned long i = 0; i < inputs; i++) {
		switch (i % 3) {
		case 0: try_conversation(); break;
		case 1: try_client(); break;
		default: try_ring(below(5));
		}
	}
	running = 1;
	if (pthread_create(&thread, NULL, disturb, NULL))
		fail("no thread");
	for (unsigned long i = 0; i < inputs / 10; i++)
		try_ring(1);
	running = 0;
	pthread_join(thread, NULL);
	printf("falc-fuzz: no failure\n");
	return 0;
}
