/* Level 3: waiting for descriptors. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"

#define MAX_POLLED 16

/* u16 count, then count × (i64 fd, i16 events). After the call, the events are those that occurred. */
static __always_inline void put_fdlist(struct event *e, unsigned long fds, unsigned long n, bool returned)
{
	__u32 at = e->to->at & (MAX_EVENT - 1);
	__u16 kept = 0;
	for (int i = 0; i < MAX_POLLED; i++) {
		struct pollfd fd = {};
		if (i >= n || bpf_probe_read_user(&fd, sizeof(fd), (void *)(fds + i * sizeof(fd))))
			break;
		__u8 *entry = &e->to->bytes[(at + 2 + kept * 10) & (MAX_EVENT - 1)];
		STORE(__s64, entry, fd.fd);
		STORE(__u16, entry + 8, poll_events(returned ? fd.revents : fd.events));
		kept++;
	}
	STORE(__u16, &e->to->bytes[at], kept);
	end_param(e, 2 + kept * 10);
}

/* The timeout is an int without its sign. */
EXIT_EVENT(poll, SYSCALL_POLL_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fds, put_fdlist(e, argument(regs, 0), argument(regs, 1), true));
	PARAM(timeout, put_u64(e, (__u32)argument(regs, 2)));
}

EXIT_EVENT(ppoll, SYSCALL_PPOLL_X)
{
	__u64 mask = 0, ns = 0;
	if (argument(regs, 2))
		read_time(&ns, regs, argument(regs, 2));
	if (argument(regs, 3))
		bpf_probe_read_user(&mask, sizeof(mask), (void *)argument(regs, 3));
	PARAM(res, put_int(e, ret));
	PARAM(fds, put_fdlist(e, argument(regs, 0), argument(regs, 1), true));
	PARAM(timeout, put_u64(e, ns));
	PARAM(sigmask, put_u32(e, mask));
}

EXIT_EVENT(epoll_wait, SYSCALL_EPOLLWAIT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(maxevents, put_int(e, argument(regs, 2)));
}

EXIT_EVENT(select, SYSCALL_SELECT_X) { PARAM(res, put_int(e, ret)); }
