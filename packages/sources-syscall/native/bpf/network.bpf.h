/* Level 3: sockets. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "io.bpf.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
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

/*
 * Both ends of a socket, seen from its outside: local first when `outbound`. The peer of a datagram socket that is not
 * connected may be given by the caller's sockaddr (`peer` in user memory).
 */
static __always_inline void put_socktuple(struct event *e, int fd, bool outbound, unsigned long peer)
{
	struct sock *sk = sock_of(file_of(current_task(), fd));
	__u8 *to = slot(e);
	__u16 family;
	if (!sk) {
		put_empty(e);
		return;
	}
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_INET) {
		struct inet_sock *inet = (struct inet_sock *)sk;
		__u32 local = BPF_CORE_READ(inet, inet_saddr), remote = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		__u16 local_port = BPF_CORE_READ(inet, inet_sport), remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		if (peer && !remote_port) {
			struct sockaddr_in in = {};
			if (!bpf_probe_read_user(&in, sizeof(in), (void *)peer) && in.sin_family == AF_INET) {
				remote = in.sin_addr.s_addr;
				remote_port = in.sin_port;
			}
		}
		to[0] = AF_INET;
		STORE(__u32, to + 1, outbound ? local : remote);
		STORE(__u16, to + 5, bpf_ntohs(outbound ? local_port : remote_port));
		STORE(__u32, to + 7, outbound ? remote : local);
		STORE(__u16, to + 11, bpf_ntohs(outbound ? remote_port : local_port));
		end_param(e, 13);
	} else if (family == AF_INET6) {
		struct inet_sock *inet = (struct inet_sock *)sk;
		struct in6_addr local = {}, remote = {};
		__u16 local_port = BPF_CORE_READ(inet, inet_sport), remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		BPF_CORE_READ_INTO(&local, inet, pinet6, saddr);
		BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr);
		if (peer && !remote_port) {
			struct sockaddr_in6 in = {};
			if (!bpf_probe_read_user(&in, sizeof(in), (void *)peer) && in.sin6_family == AF_INET6) {
				remote = in.sin6_addr;
				remote_port = in.sin6_port;
			}
		}
		to[0] = AF_INET6;
		__builtin_memcpy(to + 1, outbound ? &local : &remote, 16);
		STORE(__u16, to + 17, bpf_ntohs(outbound ? local_port : remote_port));
		__builtin_memcpy(to + 19, outbound ? &remote : &local, 16);
		STORE(__u16, to + 35, bpf_ntohs(outbound ? remote_port : local_port));
		end_param(e, 37);
	} else if (family == AF_UNIX) {
		struct sock *other = BPF_CORE_READ((struct unix_sock *)sk, peer);
		struct sock *server = outbound ? other : sk;
		to[0] = AF_UNIX;
		/* the other way round than addresses: first the server's end, which has the name, then the client's */
		STORE(__u64, to + 1, (__u64)server);
		STORE(__u64, to + 9, (__u64)(outbound ? sk : other));
		end_param(e, 17 + unix_path(server, to + 17));
	} else {
		put_empty(e);
	}
}

/* A sockaddr in user memory as SOCKADDR: family, then address and port, or a path. */
static __always_inline void put_sockaddr(struct event *e, unsigned long from, unsigned long length)
{
	__u8 *to = slot(e);
	__u16 family = 0;
	if (!from || length < 2 || bpf_probe_read_user(&family, sizeof(family), (void *)from)) {
		put_empty(e);
		return;
	}
	to[0] = family;
	if (family == AF_INET) {
		struct sockaddr_in in = {};
		if (bpf_probe_read_user(&in, sizeof(in), (void *)from)) {
			put_empty(e);
			return;
		}
		STORE(__u32, to + 1, in.sin_addr.s_addr);
		STORE(__u16, to + 5, bpf_ntohs(in.sin_port));
		end_param(e, 7);
	} else if (family == AF_INET6) {
		struct sockaddr_in6 in = {};
		if (bpf_probe_read_user(&in, sizeof(in), (void *)from)) {
			put_empty(e);
			return;
		}
		__builtin_memcpy(to + 1, &in.sin6_addr, 16);
		STORE(__u16, to + 17, bpf_ntohs(in.sin6_port));
		end_param(e, 19);
	} else if (family == AF_UNIX) {
		/* An abstract name has no NUL at its end: only `length` says how long it is. */
		__u8 *copy = to + 256;
		__u32 size = length - 2 < UNIX_PATH_MAX ? length - 2 : UNIX_PATH_MAX;
		long n = 0;
		size &= 127;
		if (size && bpf_probe_read_user(copy, size, (void *)(from + 2)))
			size = 0;
		copy[size] = 0;
		n = bpf_probe_read_kernel_str(to + 1, UNIX_PATH_MAX + 1, size && !copy[0] ? copy + 1 : copy);
		end_param(e, 1 + (n > 0 ? n & 255 : 0));
	} else {
		put_empty(e);
	}
}

/* fd domain type proto flags: the flags are those that socket(2) folds into its type */
EXIT_EVENT(socket, 41, SOCKET_SOCKET_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
	put_u32(e, socket_flags(argument(regs, 1)));
}

/* res addr fd */
EXIT_EVENT(bind, 49, SOCKET_BIND_X)
{
	put_int(e, ret);
	put_sockaddr(e, argument(regs, 1), argument(regs, 2));
	put_int(e, argument(regs, 0));
}

#define EINPROGRESS 115

/* res tuple fd addr */
EXIT_EVENT(connect, 42, SOCKET_CONNECT_X)
{
	put_int(e, ret);
	if (ret == 0 || ret == -EINPROGRESS)
		put_socktuple(e, argument(regs, 0), true, argument(regs, 1));
	else
		put_empty(e);
	put_int(e, argument(regs, 0));
	put_sockaddr(e, argument(regs, 1), argument(regs, 2));
}

/* res fd backlog */
EXIT_EVENT(listen, 50, SOCKET_LISTEN_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
}

/* fd tuple queuepct queuelen queuemax [flags] */
static __always_inline void push_accept(struct event *e, struct registers *regs, long ret)
{
	struct sock *listening = sock_of(file_of(current_task(), argument(regs, 0)));
	__u32 length = 0, max = 0;
	put_int(e, ret);
	if (ret >= 0)
		put_socktuple(e, ret, false, 0);
	else
		put_empty(e);
	if (listening && ret >= 0) {
		length = BPF_CORE_READ(listening, sk_ack_backlog);
		max = BPF_CORE_READ(listening, sk_max_ack_backlog);
	}
	put_u8(e, length && max ? length * 100ull / max : 0);
	put_u32(e, length);
	put_u32(e, max);
}

EXIT_EVENT(accept, 43, SOCKET_ACCEPT_5_X) { push_accept(e, regs, ret); }
EXIT_EVENT(accept4, 288, SOCKET_ACCEPT4_6_X)
{
	push_accept(e, regs, ret);
	put_u32(e, socket_flags(argument(regs, 3)));
}

/* res data fd size tuple */
EXIT_EVENT(sendto, 44, SOCKET_SENDTO_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), written(ret, argument(regs, 2)));
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
	put_socktuple(e, argument(regs, 0), true, argument(regs, 4));
}

/* res data tuple fd size */
EXIT_EVENT(recvfrom, 45, SOCKET_RECVFROM_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), ret);
	if (ret > 0)
		put_socktuple(e, argument(regs, 0), false, argument(regs, 4));
	else
		put_empty(e);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
}

/* A msghdr in the caller's memory. */
struct message {
	__u64 name, vector, vectors, control, control_size;
	__u32 length;   /* of a mmsghdr: what was sent or received of it */
};

struct narrow_mmsghdr {
	__u32 name, name_size, vector, vectors, control, control_size, flags, length;
};

/* `many` = it is a mmsghdr, as sendmmsg and recvmmsg have them in a row: the i-th of these. */
static __always_inline bool read_message(struct message *to, const struct registers *regs, __u64 from, __u32 i, bool many)
{
	if (is_narrow(regs, NARROW_LONG)) {
		struct narrow_mmsghdr m = {};
		if (bpf_probe_read_user(&m, many ? sizeof(m) : sizeof(m) - sizeof(m.length), (void *)(from + i * sizeof(m))))
			return false;
		*to = (struct message){ m.name, m.vector, m.vectors, m.control, m.control_size, m.length };
	} else {
		struct { struct user_msghdr msg; __u64 length; } m = {};
		if (bpf_probe_read_user(&m, many ? sizeof(m) : sizeof(m.msg), (void *)(from + i * sizeof(m))))
			return false;
		*to = (struct message){ (__u64)m.msg.msg_name, (__u64)m.msg.msg_iov, m.msg.msg_iovlen,
		                        (__u64)m.msg.msg_control, m.msg.msg_controllen, m.length };
	}
	return true;
}

/* res data fd size tuple */
EXIT_EVENT(sendmsg, 46, SOCKET_SENDMSG_X)
{
	struct message m = {};
	put_u64(e, ret);
	read_message(&m, regs, argument(regs, 1), 0, false);
	put_iovec_data(e, m.vector, m.vectors, written_of_all(ret));
	put_int(e, argument(regs, 0));
	put_u32(e, e->to->total);
	put_socktuple(e, argument(regs, 0), true, m.name);
}

/* res size data tuple msgcontrol fd; the size is what came */
EXIT_EVENT(recvmsg, 47, SOCKET_RECVMSG_X)
{
	struct message m = {};
	put_u64(e, ret);
	put_u32(e, ret > 0 ? ret : 0);
	if (ret <= 0 || !read_message(&m, regs, argument(regs, 1), 0, false)) {
		put_empty(e);
		put_empty(e);
		put_empty(e);
	} else {
		put_iovec_data(e, m.vector, m.vectors, ret);
		put_socktuple(e, argument(regs, 0), false, m.name);
		put_user_bytes(e, m.control, m.control_size);
	}
	put_int(e, argument(regs, 0));
}

/* Messages are written in rounds, so that the verifier goes through two short loops: 1024 in all, the kernel's own bound (UIO_MAXIOV). */
#define ROUND 32
#define ROUNDS 32

/*
 * sendmmsg and recvmmsg give one event per message, or one for a call that moved none. A message's event is written by a
 * global function: see task.bpf.h. 0 = it could not be read, and neither can the rest.
 */
static __always_inline int write_none(__u16 type, __u32 nparams, long ret)
{
	struct event event, *e = &event;
	if (!begin(e, type, nparams, WANT_EVENT))
		return 0;
	put_int(e, ret);
	put_int(e, argument(&e->to->registers, 0));
	put_u32(e, 0);
	for (__u32 i = 3; i < nparams; i++)
		put_empty(e);
	return commit(e);
}

/* res fd size data tuple */
__noinline int write_sent(__u32 i)
{
	struct event event, *e = &event;
	struct registers *regs;
	struct message m = {};
	if (!begin(e, PPME_SOCKET_SENDMMSG_X, NPARAMS_SOCKET_SENDMMSG_X, WANT_EVENT))
		return 0;
	regs = &e->to->registers;
	if (!read_message(&m, regs, argument(regs, 1), i, true)) {
		count(COUNT_FAULT);
		return 0;
	}
	put_int(e, m.length);
	put_int(e, argument(regs, 0));
	put_size_and_iovec_data(e, m.vector, m.vectors, written_of_all(m.length));
	put_socktuple(e, argument(regs, 0), true, m.name);
	commit(e);
	return 1;
}

/* res fd size data tuple msgcontrol */
__noinline int write_received(__u32 i)
{
	struct event event, *e = &event;
	struct registers *regs;
	struct message m = {};
	if (!begin(e, PPME_SOCKET_RECVMMSG_X, NPARAMS_SOCKET_RECVMMSG_X, WANT_EVENT))
		return 0;
	regs = &e->to->registers;
	if (!read_message(&m, regs, argument(regs, 1), i, true)) {
		count(COUNT_FAULT);
		return 0;
	}
	put_int(e, m.length);
	put_int(e, argument(regs, 0));
	put_u32(e, m.length);
	put_iovec_data(e, m.vector, m.vectors, m.length);
	put_socktuple(e, argument(regs, 0), false, m.name);
	put_user_bytes(e, m.control, m.control_size);
	commit(e);
	return 1;
}

#define MESSAGES_EVENT(name, nr, code, write_one)                                                                    \
	__noinline int write_round_of_##name(__u32 first, __u32 n)                                                   \
	{                                                                                                            \
		for (__u32 i = 0; i < ROUND; i++)                                                                    \
			if (first + i >= n || !write_one(first + i))                                                 \
				return 0;                                                                            \
		return 1;                                                                                            \
	}                                                                                                            \
	SEC("tp_btf/sys_exit")                                                                                       \
	int BPF_PROG(x_##name, struct pt_regs *unused, long ret)                                                     \
	{                                                                                                            \
		if (ret <= 0)                                                                                        \
			return write_none(PPME_##code, NPARAMS_##code, ret);                                         \
		for (__u32 i = 0; i < ROUNDS && write_round_of_##name(i * ROUND, ret); i++)                          \
			;                                                                                            \
		return 0;                                                                                            \
	}
MESSAGES_EVENT(sendmmsg, 307, SOCKET_SENDMMSG_X, write_sent)
MESSAGES_EVENT(recvmmsg, 299, SOCKET_RECVMMSG_X, write_received)

/* res fd how */
EXIT_EVENT(shutdown, 48, SOCKET_SHUTDOWN_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u8(e, argument(regs, 1));
}

/* res fd1 fd2 source peer domain type proto */
EXIT_EVENT(socketpair, 53, SOCKET_SOCKETPAIR_X)
{
	int pair[2] = { -1, -1 };
	struct sock *source = NULL, *peer = NULL;
	put_int(e, ret);
	if (ret == 0 && !bpf_probe_read_user(pair, sizeof(pair), (void *)argument(regs, 3))) {
		source = sock_of(file_of(current_task(), pair[0]));
		peer = source ? BPF_CORE_READ((struct unix_sock *)source, peer) : NULL;
	}
	put_int(e, pair[0]);
	put_int(e, pair[1]);
	put_u64(e, (__u64)source);
	put_u64(e, (__u64)peer);
	put_u32(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
}

#define SOL_SOCKET 1
#define SOL_TCP 6

/* SOL_SOCKET options are numbered alike up to 50, but for SO_COOKIE and kin; newer ones have no name in the table. */
static __always_inline __u8 socket_option(int name)
{
	switch (name) {
	case 55: return 52;     /* SO_MEMINFO */
	case 57: return 53;     /* SO_COOKIE */
	case 59: return 51;     /* SO_PEERGROUPS */
	case 66: return 20;     /* SO_RCVTIMEO_NEW */
	case 67: return 21;     /* SO_SNDTIMEO_NEW */
	default: return name > 0 && name <= 50 ? name : 0;
	}
}

/* Options whose value is one number of 32 bits. */
static __always_inline bool is_number_option(int name)
{
	switch (name) {
	case 13:                /* SO_LINGER: two numbers */
	case 17: case 28:       /* SO_PEERCRED, SO_PEERNAME */
	case 26: case 50:       /* SO_ATTACH_FILTER, SO_ATTACH_BPF */
		return false;
	default:
		return name > 0 && name < 50;
	}
}

#define MAX_OPTION 256

/* res fd level optname optval optlen; optval is DYN: 0 = bytes, 1 = errno, 2 = u32, 3 = u64, 4 = a time */
static __always_inline void put_sockopt(struct event *e, struct registers *regs, long ret, int length)
{
	int level = argument(regs, 1), name = argument(regs, 2);
	void *from = (void *)argument(regs, 3);
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u8(e, level == SOL_SOCKET ? 1 : level == SOL_TCP ? 2 : 0);
	put_u8(e, level == SOL_SOCKET ? socket_option(name) : 0);
	if (level == SOL_SOCKET && name == 4 /* SO_ERROR */) {
		int error = 0;
		bpf_probe_read_user(&error, sizeof(error), from);
		*slot(e) = 1;
		STORE(__s64, slot(e) + 1, -(__s64)error);
		end_param(e, 9);
	} else if (level == SOL_SOCKET && (name == 20 || name == 21 || name == 66 || name == 67) /* SO_RCVTIMEO, SO_SNDTIMEO */) {
		struct __kernel_old_timeval tv = {};
		__s32 narrow[2] = {};
		if (is_narrow(regs, NARROW_TIME)) {
			bpf_probe_read_user(narrow, sizeof(narrow), from);
			tv.tv_sec = narrow[0];
			tv.tv_usec = narrow[1];
		} else {
			bpf_probe_read_user(&tv, sizeof(tv), from);
		}
		*slot(e) = 4;
		STORE(__u64, slot(e) + 1, tv.tv_sec * 1000000000ull + tv.tv_usec * 1000ull);
		end_param(e, 9);
	} else if (level == SOL_SOCKET && name == 57 /* SO_COOKIE */) {
		__u64 value = 0;
		bpf_probe_read_user(&value, sizeof(value), from);
		*slot(e) = 3;
		STORE(__u64, slot(e) + 1, value);
		end_param(e, 9);
	} else if (level == SOL_SOCKET && is_number_option(name)) {
		__u32 value = 0;
		bpf_probe_read_user(&value, sizeof(value), from);
		*slot(e) = 2;
		STORE(__u32, slot(e) + 1, value);
		end_param(e, 5);
	} else {
		__u32 size = length < 0 ? 0 : length > MAX_OPTION ? MAX_OPTION : length;
		*slot(e) = 0;
		if (size && bpf_probe_read_user(slot(e) + 1, size & (2 * MAX_OPTION - 1), from))
			size = 0;
		end_param(e, 1 + size);
	}
	put_u32(e, length);
}

EXIT_EVENT(setsockopt, 54, SOCKET_SETSOCKOPT_X) { put_sockopt(e, regs, ret, argument(regs, 4)); }
EXIT_EVENT(getsockopt, 55, SOCKET_GETSOCKOPT_X)
{
	int length = 0;
	bpf_probe_read_user(&length, sizeof(length), (void *)argument(regs, 4));
	put_sockopt(e, regs, ret, length);
}
EXIT_EVENT(getsockname, 51, SOCKET_GETSOCKNAME_X) {}
EXIT_EVENT(getpeername, 52, SOCKET_GETPEERNAME_X) {}
