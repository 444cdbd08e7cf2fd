/* Level 3: options of sockets. */
#pragma once
#include "network.bpf.h"

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

/* val is DYN: 0 = bytes, 1 = errno, 2 = u32, 3 = u64, 4 = a time. */
static __always_inline void put_sockopt(struct event *e, struct registers *regs, long ret, int length)
{
	int level = argument(regs, 1), name = argument(regs, 2);
	void *from = (void *)argument(regs, 3);
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(level, put_u8(e, level == SOL_SOCKET ? 1 : level == SOL_TCP ? 2 : 0));
	PARAM(optname, put_u8(e, level == SOL_SOCKET ? socket_option(name) : 0));
	if (level == SOL_SOCKET && name == 4 /* SO_ERROR */) {
		int error = 0;
		bpf_probe_read_user(&error, sizeof(error), from);
		*slot(e) = 1;
		STORE(__s64, slot(e) + 1, -(__s64)error);
		PARAM(val, end_param(e, 9));
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
		PARAM(val, end_param(e, 9));
	} else if (level == SOL_SOCKET && name == 57 /* SO_COOKIE */) {
		__u64 value = 0;
		bpf_probe_read_user(&value, sizeof(value), from);
		*slot(e) = 3;
		STORE(__u64, slot(e) + 1, value);
		PARAM(val, end_param(e, 9));
	} else if (level == SOL_SOCKET && is_number_option(name)) {
		__u32 value = 0;
		bpf_probe_read_user(&value, sizeof(value), from);
		*slot(e) = 2;
		STORE(__u32, slot(e) + 1, value);
		PARAM(val, end_param(e, 5));
	} else {
		__u32 size = length < 0 ? 0 : length > MAX_OPTION ? MAX_OPTION : length;
		*slot(e) = 0;
		if (size && bpf_probe_read_user(slot(e) + 1, size & (2 * MAX_OPTION - 1), from))
			size = 0;
		PARAM(val, end_param(e, 1 + size));
	}
	PARAM(optlen, put_u32(e, length));
}

EXIT_EVENT(setsockopt, SOCKET_SETSOCKOPT_X) { put_sockopt(e, regs, ret, argument(regs, 4)); }
EXIT_EVENT_SHARED(getsockopt, SOCKET_GETSOCKOPT_X)
{
	int length = 0;
	bpf_probe_read_user(&length, sizeof(length), (void *)argument(regs, 4));
	put_sockopt(e, regs, ret, length);
}
