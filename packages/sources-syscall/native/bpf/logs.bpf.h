/* Level 2: unix sockets by their paths, and what is written to the system log, of which more is kept than of other data. */
#pragma once
#include "store.bpf.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFCHR 0020000
#define UNIX_PATH_MAX 108

static __always_inline struct sock *sock_of(struct file *file)
{
	struct socket *socket;
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* The path that a unix socket is bound to, at `to`; its length with the NUL. An abstract name keeps its text without the leading NUL. */
static __always_inline __u32 unix_path(struct sock *sk, __u8 *to)
{
	struct unix_address *address = sk ? BPF_CORE_READ((struct unix_sock *)sk, addr) : NULL;
	char *path;
	char first = 0;
	long n;
	to[0] = 0;
	if (!address)
		return 1;
	path = (char *)address + bpf_core_field_offset(struct unix_address, name) + 2;
	bpf_probe_read_kernel(&first, 1, path);
	n = bpf_probe_read_kernel_str(to, UNIX_PATH_MAX + 1, first ? path : path + 1);
	if (!first) {
		/* An abstract name has no NUL at its end, what follows is not of it. Its leading one counts for it here. */
		long size = BPF_CORE_READ(address, len) - 2;
		if (size > 0 && n > size) {
			to[(size - 1) & 127] = 0;
			n = size;
		}
	}
	return n > 0 ? n & 127 : 1;
}

/* The path in a sockaddr_un of the caller's memory, at `to`, and its length with the NUL; 375 bytes of `to` are written. */
static __always_inline __u32 passed_path(__u8 *to, unsigned long from, __u32 length)
{
	/* An abstract name has no NUL at its end: only `length` says how long it is. */
	__u8 *copy = to + 256;
	__u32 size = length < 2 ? 0 : length - 2 < UNIX_PATH_MAX ? length - 2 : UNIX_PATH_MAX;
	long n = 0;
	barrier_var(size); /* verifiers before Linux 5.15 forget the bound of what clang keeps on the stack: each use has its own */
	if (size && bpf_probe_read_user(copy, size & 127, (void *)(from + 2)))
		size = 0;
	barrier_var(size);
	copy[size & 127] = 0;
	n = bpf_probe_read_kernel_str(to, UNIX_PATH_MAX + 1, size && !copy[0] ? copy + 1 : copy);
	return n > 0 ? n & 127 : 0;
}

/* Eight characters as they lie in memory. */
#define EIGHT(a, b, c, d, e, f, g, h)                                                                                \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 |  \
	 (__u64)(g) << 48 | (__u64)(h) << 56)

static __always_inline __u64 eight_at(struct scratch *to, __u32 at)
{
	__u64 *from = launder(&to->bytes[at & (MAX_EVENT - 1)]);
	return *from;
}

/* Whether a path of so many bytes, with the NUL, is one of the log's: src/fields/syslog.ts has them. */
static __always_inline bool is_log_path(struct scratch *to, __u32 at, __u32 length)
{
	if (length <= 8)
		return false;
	if (eight_at(to, at + length - 9) == EIGHT('/', 'd', 'e', 'v', '/', 'l', 'o', 'g'))
		return true;
	return length > 21 && eight_at(to, at) == EIGHT('/', 'r', 'u', 'n', '/', 's', 'y', 's') &&
	       eight_at(to, at + 8) == EIGHT('t', 'e', 'm', 'd', '/', 'j', 'o', 'u') &&
	       eight_at(to, at + 13) == EIGHT('j', 'o', 'u', 'r', 'n', 'a', 'l', '/');
}

#define KMSG (1 << 20 | 11)   /* its device number: see drivers/char/mem.c */

/*
 * Whether what is written to a descriptor goes to the system log. `address` and `length`: the message's own, in the caller's memory.
 * A global function: see task.bpf.h. The path is put where the event's next parameter will be.
 */
__noinline int writes_log(int fd, __u64 address, __u32 length)
{
	struct event event, *e = &event;
	struct file *file = file_of(current_task(), fd);
	struct sock *sk;
	__u32 mode;
	if (!file || !resume(e, 0))
		return 0;
	mode = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (mode == S_IFCHR)
		return BPF_CORE_READ(file, f_inode, i_rdev) == KMSG;
	sk = mode == S_IFSOCK ? sock_of(file) : NULL;
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	if (!length)
		sk = BPF_CORE_READ((struct unix_sock *)sk, peer);
	return is_log_path(e->to, e->to->at, length ? passed_path(slot(e), address, length) : unix_path(sk, slot(e)));
}

/* How many bytes are kept of what the call at hand has written. */
static __always_inline __u32 kept(struct event *e, long size, __u64 address, __u32 length)
{
	__u32 nr = e->to->registers.number;
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	if (!want || !(*want & WANT_WHOLE_LOGS) || size <= snaplen || !writes_log(argument(&e->to->registers, 0), address, length))
		return snaplen;
	if (size > MAX_CHUNK)
		count(COUNT_LOG_CUT);
	return MAX_CHUNK;
}

/* What was written, or sent to an address: all of a message to the log, else at most snaplen bytes. */
static __always_inline void put_written(struct event *e, unsigned long from, long size, __u64 address, __u32 length)
{
	put_kept(e, from, size, kept(e, size, address, length));
}
