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

static __u64 state;

/* xorshift64* */
static __u64 draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ull;
}

static __u64 below(__u64 n)
{
	return draw() % n;
}

/* A number as it is in a real message, at a bound, or any. */
static __u32 number(void)
{
	static const __u32 BOUNDS[] = { 0, 1, 7, 8, 511, 512, 513, 4095, 4096, 4097, 8 << 20, 1 << 30, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff };
	return below(3) ? BOUNDS[below(sizeof(BOUNDS) / sizeof(*BOUNDS))] : (__u32)draw();
}

static FILE *report;

static void fail(const char *what)
{
	fprintf(report, "falc-fuzz: %s\n", what);
	fflush(report);
	abort();
}

/* The rings: a file with the reader's page, the writer's page, and the bytes twice. */
struct fake_ring {
	int fd;
	__u32 bytes;
	char *memory;
};
static struct fake_ring rings[2];
static int ring_fds[2];
static long page;

static void make_ring(struct fake_ring *ring)
{
	ring->bytes = MAX_RING;
	ring->fd = memfd_create("ring", MFD_CLOEXEC);
	if (ring->fd < 0 || ftruncate(ring->fd, 2 * page + 2 * MAX_RING))
		fail("no memory for a ring");
	ring->memory = mmap(NULL, 2 * page + 2 * MAX_RING, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->memory == MAP_FAILED)
		fail("no memory for a ring");
}

static __u64 *consumer_of(struct fake_ring *ring) { return (__u64 *)ring->memory; }
static __u64 *producer_of(struct fake_ring *ring) { return (__u64 *)(ring->memory + page); }

/* Sound records, then some words changed. */
static void fill_ring(struct fake_ring *ring, int changes)
{
	char *data = ring->memory + 2 * page;
	__u64 at = 0;
	*consumer_of(ring) = 0;
	while (at < ring->bytes / 2) {
		__u32 length = 8 + below(below(8) ? 300 : 9000), total = (length + 8 + 7) & ~7u;
		if (at + total > ring->bytes)
			break;
		*(__u32 *)(data + at) = length | (below(20) ? 0 : 1u << (30 + below(2)));
		at += total;
	}
	*producer_of(ring) = at;
	for (int i = 0; i < changes; i++) {
		switch (below(4)) {
		case 0: *consumer_of(ring) = below(2) ? number() : draw(); break;
		case 1: *producer_of(ring) = below(2) ? number() : draw(); break;
		default: *(__u32 *)(data + 8 * below(ring->bytes / 8)) = number();
		}
	}
	memcpy(data + ring->bytes, data, ring->bytes);
}

/* What stands for the kernel's side. */
int ring_count(__u32 cpus_per_ring) { return cpus_per_ring > 1 ? 1 : 2; }
int libbpf_num_possible_cpus(void) { return 2; }
int probe_open(struct probe_session **session, const struct configure *settings, __u64 boot_time_ns, __u32 engine_pid, int socket)
{
	(void)settings, (void)boot_time_ns, (void)engine_pid, (void)socket;
	*session = (struct probe_session *)rings;
	return 0;
}
const int *probe_rings(const struct probe_session *session, int *count)
{
	(void)session;
	*count = 2;
	return ring_fds;
}
int probe_set_wants(struct probe_session *session, const __u8 wants[MAX_NATIVE_SYSCALLS])
{
	(void)session;
	return wants[0] > 250 ? -EINVAL : 0;
}
void urgency_of_sidecar(enum urgency_level level) { (void)level; }
void urgency_turn(struct urgency *urgency, struct drain_state drain, __u64 now_ns) { (void)urgency, (void)drain, (void)now_ns; }
void urgency_end(struct urgency *urgency) { (void)urgency; }

int probe_read_stats(struct probe_session *session, struct stats *to)
{
	(void)session;
	memset(to, 0, sizeof(*to));
	return 0;
}
void probe_close(struct probe_session *session) { (void)session; }
struct names_readings *names_open(void) { return calloc(1, 1); }
int names_ask(struct names_readings *readings, int socket, __u32 pid)
{
	struct names none = { .pid = pid, .outcome = NAMES_GONE };
	(void)readings;
	return send_frame(socket, FRAME_NAMES, &none, sizeof(none), NULL, 0);
}
int names_polled(const struct names_readings *readings, struct pollfd *to)
{
	(void)readings, (void)to;
	return 0;
}
int names_turn(struct names_readings *readings, int socket)
{
	(void)readings, (void)socket;
	return 0;
}
__u64 names_refused(const struct names_readings *readings)
{
	(void)readings;
	return 0;
}
void names_close(struct names_readings *readings) { free(readings); }
int send_picture(int socket, __u64 boot_time_ns)
{
	(void)socket, (void)boot_time_ns;
	return 0;
}

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
	__u32 length = kind == FRAME_SYSCALLS ? MAX_NATIVE_SYSCALLS : kind == FRAME_NAMES ? sizeof(struct names_request) : 0;
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

/* Takes what the sidecar sent, and checks that streamed records are whole. */
static void check_sent(int fd)
{
	static char sent[1 << 20];
	size_t size = 0;
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
			size_t record = at + sizeof(struct events_frame);
			for (__u32 head; record < at + header.length; record += ((head & 0x3fffffff) + 8 + 7) & ~7u) {
				memcpy(&head, sent + record, sizeof(head));
				if (head >> 31)
					fail("a record that is not complete was sent");
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
	check_sent(ends[1]);
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
	int ends[2], err;
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
		if (err)
			break;
		*consumer_of(&rings[below(2)]) += below(4) ? 0 : 8 * below(100);
	}
	check_sent(ends[1]);
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
