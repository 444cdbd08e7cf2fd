/* Level 3: sockets. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "io.bpf.h"

/*
 * Both ends of a socket, seen from its outside: local first when `outbound`. The peer of a datagram socket that is not
 * connected may be given by the caller's sockaddr (`peer` in user memory). `length`: that of a message's own address, which counts
 * before the socket's; else 0. Returns the length of what stands where the next parameter goes. A global function: see task.bpf.h.
 */
__noinline int write_socktuple(__u64 address, __u32 outbound, __u64 peer, __u32 length)
{
	struct sock *sk = (void *)address;
	struct event event, *e = &event;
	__u16 family;
	__u8 *to;
	if (!sk || !resume(e, 0))
		return 0;
	to = slot(e);
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
		return 13;
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
		return 37;
	} else if (family == AF_UNIX) {
		struct sock *other = BPF_CORE_READ((struct unix_sock *)sk, peer);
		struct sock *server = outbound ? other : sk;
		to[0] = AF_UNIX;
		/* the other way round than addresses: first the server's end, which has the name, then the client's */
		STORE(__u64, to + 1, (__u64)server);
		STORE(__u64, to + 9, (__u64)(outbound ? sk : other));
		return 17 + (outbound && length ? passed_path(to + 17, peer, length) : unix_path(server, to + 17));
	}
	return 0;
}

#define MAX_SOCKTUPLE 255

static __always_inline void put_socktuple(struct event *e, int fd, bool outbound, unsigned long peer)
{
	end_param(e, write_socktuple(as_number(sock_of(file_of(current_task(), fd))), outbound, peer, 0) & MAX_SOCKTUPLE);
}

/* Of a message with an address of its own. */
static __always_inline void put_sent_socktuple(struct event *e, int fd, unsigned long address, __u32 length)
{
	end_param(e, write_socktuple(as_number(sock_of(file_of(current_task(), fd))), true, address, length) & MAX_SOCKTUPLE);
}

/*
 * After all parameters: of an inet or unix socket its ends, the local one first, and its protocol. Its descriptor may have come from where no
 * event tells of it: from another process, through an io_uring, from before a loss. `ends` = false: the protocol only.
 */
static __always_inline void add_socket(struct event *e, int fd, bool ends)
{
	struct sock *sk = fd < 0 ? NULL : sock_of(file_of(current_task(), fd));
	__u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return;
	if (ends)
		e->to->at += write_socktuple(as_number(sk), true, 0, 0) & MAX_SOCKTUPLE;
	*slot(e) = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);
	e->to->at += 1;
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
		end_param(e, 1 + passed_path(to + 1, from, length));
	} else {
		put_empty(e);
	}
}

/* The flags are those that socket(2) folds into its type. */
EXIT_EVENT_SHARED(socket, SOCKET_SOCKET_X)
{
	PARAM(fd, put_int(e, ret));
	PARAM(domain, put_u32(e, argument(regs, 0)));
	PARAM(type, put_u32(e, argument(regs, 1)));
	PARAM(proto, put_u32(e, argument(regs, 2)));
	PARAM(flags, put_u32(e, socket_flags(argument(regs, 1))));
}

EXIT_EVENT_SHARED(bind, SOCKET_BIND_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_sockaddr(e, argument(regs, 1), argument(regs, 2)));
	PARAM(fd, put_int(e, argument(regs, 0)));
}

#define EINPROGRESS 115

EXIT_EVENT(connect, SOCKET_CONNECT_X)
{
	PARAM(res, put_int(e, ret));
	if (ret == 0 || ret == -EINPROGRESS)
		PARAM(tuple, put_socktuple(e, argument(regs, 0), true, argument(regs, 1)));
	else
		PARAM(tuple, put_empty(e));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(addr, put_sockaddr(e, argument(regs, 1), argument(regs, 2)));
	add_socket(e, argument(regs, 0), false);
}

#define MSG_FASTOPEN 0x20000000
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262

/*
 * The event of a connect, in front of that of a message that has opened its connection (TCP fast open): there is no other call in which
 * rules would see it. A message to a connection that is there fails with this flag.
 */
static __always_inline int put_fast_open(struct event *e, __u32 fd, __s64 ret, __u64 address, __u32 length)
{
	struct sock *sk = sock_of(file_of(current_task(), fd));
	__u32 protocol = sk ? BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol) : 0;
	if ((ret < 0 && ret != -EINPROGRESS) || (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP) ||
	    !begin(e, PPME_SOCKET_CONNECT_X, NPARAMS_SOCKET_CONNECT_X, WANT_EVENT))
		return 0;
	PARAM(res, put_int(e, ret < 0 ? ret : 0));
	PARAM(tuple, put_socktuple(e, fd, true, address));
	PARAM(fd, put_int(e, fd));
	PARAM(addr, put_sockaddr(e, address, length));
	add_socket(e, fd, false);
	return commit(e);
}

/* A global function: see task.bpf.h. */
__noinline int write_fast_open(__u32 fd, __s64 ret, __u64 address, __u32 length)
{
	struct event event;
	return put_fast_open(&event, fd, ret, address, length);
}

#define BEGIN_AFTER_OPEN(code, flags, address, length)                                                               \
	do {                                                                                                         \
		if ((flags) & MSG_FASTOPEN) {                                                                        \
			write_fast_open(argument(regs, 0), ret, address, length);                                    \
			begin_again(e, PPME_##code, NPARAMS_##code);                                                 \
		}                                                                                                    \
	} while (0)

EXIT_EVENT_SHARED(listen, SOCKET_LISTEN_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(backlog, put_u32(e, argument(regs, 1)));
}

/* fd tuple queuepct queuelen queuemax [flags] */
static __always_inline void push_accept(struct event *e, struct registers *regs, long ret)
{
	struct sock *listening = sock_of(file_of(current_task(), argument(regs, 0)));
	__u32 length = 0, max = 0;
	PARAM(fd, put_int(e, ret));
	if (ret >= 0)
		PARAM(tuple, put_socktuple(e, ret, false, 0));
	else
		PARAM(tuple, put_empty(e));
	if (listening && ret >= 0) {
		length = BPF_CORE_READ(listening, sk_ack_backlog);
		max = BPF_CORE_READ(listening, sk_max_ack_backlog);
	}
	PARAM(queuepct, put_u8(e, length && max ? length * 100ull / max : 0));
	PARAM(queuelen, put_u32(e, length));
	PARAM(queuemax, put_u32(e, max));
}

EXIT_EVENT_SHARED(accept, SOCKET_ACCEPT_5_X) { push_accept(e, regs, ret); }
EXIT_EVENT_SHARED(accept4, SOCKET_ACCEPT4_6_X)
{
	push_accept(e, regs, ret);
	PARAM(flags, put_u32(e, socket_flags(argument(regs, 3))));
}

SHARED_PROGRAM(accepts, ACCEPTS, WANT_EVENT, true)

EXIT_EVENT_SHARED(sendto, SOCKET_SENDTO_X)
{
	BEGIN_AFTER_OPEN(SOCKET_SENDTO_X, argument(regs, 3), argument(regs, 4), argument(regs, 5));
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written(e, argument(regs, 1), written(ret, argument(regs, 2)), argument(regs, 4), argument(regs, 5)));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
	PARAM(tuple, put_sent_socktuple(e, argument(regs, 0), argument(regs, 4), argument(regs, 5)));
}

EXIT_EVENT_SHARED(recvfrom, SOCKET_RECVFROM_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_data(e, argument(regs, 1), ret));
	if (ret > 0)
		PARAM(tuple, put_socktuple(e, argument(regs, 0), false, argument(regs, 4)));
	else
		PARAM(tuple, put_empty(e));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT_SHARED(shutdown, SOCKET_SHUTDOWN_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(how, put_u8(e, argument(regs, 1)));
}

EXIT_EVENT_SHARED(socketpair, SOCKET_SOCKETPAIR_X)
{
	int pair[2] = { -1, -1 };
	struct sock *source = NULL, *peer = NULL;
	PARAM(res, put_int(e, ret));
	if (ret == 0 && !bpf_probe_read_user(pair, sizeof(pair), (void *)argument(regs, 3))) {
		source = sock_of(file_of(current_task(), pair[0]));
		peer = source ? BPF_CORE_READ((struct unix_sock *)source, peer) : NULL;
	}
	PARAM(fd1, put_int(e, pair[0]));
	PARAM(fd2, put_int(e, pair[1]));
	PARAM(source, put_u64(e, (__u64)source));
	PARAM(peer, put_u64(e, (__u64)peer));
	PARAM(domain, put_u32(e, argument(regs, 0)));
	PARAM(type, put_u32(e, argument(regs, 1)));
	PARAM(proto, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT(getsockname, SOCKET_GETSOCKNAME_X) {}
EXIT_EVENT(getpeername, SOCKET_GETPEERNAME_X) {}
