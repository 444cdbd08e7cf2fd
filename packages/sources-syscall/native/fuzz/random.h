/* Random numbers, the same for the same seed, and rings whose bytes are random: a part of fuzz.c. */
#pragma once

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
	__u64 at = 0, time = 0;
	*consumer_of(ring) = 0;
	while (at < ring->bytes / 2) {
		__u32 length = 8 + below(below(8) ? 300 : 9000), total = (length + 8 + 7) & ~7u;
		if (at + total > ring->bytes)
			break;
		*(__u32 *)(data + at) = length | (below(20) ? 0 : 1u << (30 + below(2)));
		time += below(3);
		if (length >= RECORD_TIME + sizeof(time))
			memcpy(data + at + 8 + RECORD_TIME, &time, sizeof(time));
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
