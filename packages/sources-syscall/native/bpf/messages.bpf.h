/* Level 3: messages, one at a time and many (sendmsg, recvmmsg and their kin). */
#pragma once
#include "network.bpf.h"

/* A msghdr in the caller's memory. */
struct message {
	__u64 name, vector, vectors, control, control_size;
	__u32 name_size;
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
		*to = (struct message){ m.name, m.vector, m.vectors, m.control, m.control_size, m.name_size, m.length };
	} else {
		struct { struct user_msghdr msg; __u64 length; } m = {};
		if (bpf_probe_read_user(&m, many ? sizeof(m) : sizeof(m.msg), (void *)(from + i * sizeof(m))))
			return false;
		*to = (struct message){ (__u64)m.msg.msg_name, (__u64)m.msg.msg_iov, m.msg.msg_iovlen,
		                        (__u64)m.msg.msg_control, m.msg.msg_controllen,
		                        m.msg.msg_namelen, m.length };
	}
	return true;
}

EXIT_EVENT_SHARED(sendmsg, SOCKET_SENDMSG_X)
{
	struct message m = {};
	read_message(&m, regs, argument(regs, 1), 0, false);
	BEGIN_AFTER_OPEN(SOCKET_SENDMSG_X, argument(regs, 2), m.name, m.name_size);
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written_vector(e, m.vector, m.vectors, ret, m.name, m.name_size));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, e->to->total));
	PARAM(tuple, put_sent_socktuple(e, argument(regs, 0), m.name, m.name_size));
}

/* The size is what was received. */
EXIT_EVENT_SHARED(recvmsg, SOCKET_RECVMSG_X)
{
	struct message m = {};
	PARAM(res, put_u64(e, ret));
	PARAM(size, put_u32(e, ret > 0 ? ret : 0));
	if (ret <= 0 || !read_message(&m, regs, argument(regs, 1), 0, false)) {
		PARAM(data, put_empty(e));
		PARAM(tuple, put_empty(e));
		PARAM(msgcontrol, put_empty(e));
	} else {
		PARAM(data, put_iovec_data(e, m.vector, m.vectors, ret));
		PARAM(tuple, put_socktuple(e, argument(regs, 0), false, m.name));
		PARAM(msgcontrol, put_user_bytes(e, m.control, m.control_size));
	}
	PARAM(fd, put_int(e, argument(regs, 0)));
}

SHARED_PROGRAM(sends, SENDS, WANT_EVENT, true)
SHARED_PROGRAM(receives, RECEIVES, WANT_EVENT, true)

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
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(&e->to->registers, 0)));
	PARAM(size, put_u32(e, 0));
	for (__u32 i = 3; i < nparams; i++)
		put_empty(e);
	return commit(e);
}

/* The event of the i-th message, up to `res` and `fd`. */
static __always_inline bool begin_message(struct event *e, __u16 type, __u32 nparams, struct message *m, __u32 i)
{
	struct registers *regs;
	if (!begin(e, type, nparams, WANT_EVENT))
		return false;
	regs = &e->to->registers;
	if (!read_message(m, regs, argument(regs, 1), i, true)) {
		count(COUNT_FAULT);
		return false;
	}
	PARAM(res, put_int(e, m->length));
	PARAM(fd, put_int(e, argument(regs, 0)));
	return true;
}

/* Only the first message can open the connection. Not in write_sent: the stack of kernels up to 5.10 does not hold all these calls. */
__noinline int open_sent(void)
{
	struct event event, *e = &event;
	struct message m = {};
	struct registers *regs;
	if (!resume(e, 0))
		return 0;
	regs = &e->to->registers;
	if (argument(regs, 3) & MSG_FASTOPEN && read_message(&m, regs, argument(regs, 1), 0, true))
		put_fast_open(e, argument(regs, 0), 0, m.name, m.name_size);
	return 0;
}

__noinline int write_sent(__u32 i)
{
	struct event event, *e = &event;
	struct message m = {};
	if (!begin_message(e, PPME_SOCKET_SENDMMSG_X, NPARAMS_SOCKET_SENDMMSG_X, &m, i))
		return 0;
	put_size_and_iovec_data(e, m.vector, m.vectors, written_of_all(m.length), kept(e, written_of_all(m.length), m.name, m.name_size));
	PARAM(tuple, put_sent_socktuple(e, argument(&e->to->registers, 0), m.name, m.name_size));
	commit(e);
	return 1;
}

__noinline int write_received(__u32 i)
{
	struct event event, *e = &event;
	struct message m = {};
	if (!begin_message(e, PPME_SOCKET_RECVMMSG_X, NPARAMS_SOCKET_RECVMMSG_X, &m, i))
		return 0;
	PARAM(size, put_u32(e, m.length));
	PARAM(data, put_iovec_data(e, m.vector, m.vectors, m.length));
	PARAM(tuple, put_socktuple(e, argument(&e->to->registers, 0), false, m.name));
	PARAM(msgcontrol, put_user_bytes(e, m.control, m.control_size));
	commit(e);
	return 1;
}

#define MESSAGES_EVENT(name, code, begin_all, write_one)                                                             \
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
		begin_all;                                                                                           \
		for (__u32 i = 0; i < ROUNDS && write_round_of_##name(i * ROUND, ret); i++)                          \
			;                                                                                            \
		return 0;                                                                                            \
	}
MESSAGES_EVENT(sendmmsg, SOCKET_SENDMMSG_X, open_sent(), write_sent)
MESSAGES_EVENT(recvmmsg, SOCKET_RECVMMSG_X, (void)0, write_received)
