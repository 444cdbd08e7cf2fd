/* Level 3: users, groups, sessions, namespaces, capabilities, limits, signals. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"

#define SET_ID_EVENT(name, code, id) EXIT_EVENT_SHARED(name, code) { PARAM(res, put_int(e, ret)); PARAM(id, put_u32(e, argument(regs, 0))); }
SET_ID_EVENT(setuid, SYSCALL_SETUID_X, uid)
SET_ID_EVENT(setgid, SYSCALL_SETGID_X, gid)

#define SET_RE_EVENT(name, code, real, effective)                                                                    \
	EXIT_EVENT_SHARED(name, code)                                                                                \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(real, put_u32(e, argument(regs, 0)));                                                          \
		PARAM(effective, put_u32(e, argument(regs, 1)));                                                     \
	}
SET_RE_EVENT(setreuid, SYSCALL_SETREUID_X, ruid, euid)
SET_RE_EVENT(setregid, SYSCALL_SETREGID_X, rgid, egid)

#define SET_RES_EVENT(name, code, real, effective, saved)                                                            \
	EXIT_EVENT_SHARED(name, code)                                                                                \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(real, put_u32(e, argument(regs, 0)));                                                          \
		PARAM(effective, put_u32(e, argument(regs, 1)));                                                     \
		PARAM(saved, put_u32(e, argument(regs, 2)));                                                         \
	}
SET_RES_EVENT(setresuid, SYSCALL_SETRESUID_X, ruid, euid, suid)
SET_RES_EVENT(setresgid, SYSCALL_SETRESGID_X, rgid, egid, sgid)

#define GET_ID_EVENT(name, code, id) EXIT_EVENT(name, code) { PARAM(id, put_u32(e, ret)); }
GET_ID_EVENT(getuid, SYSCALL_GETUID_X, uid)
GET_ID_EVENT(geteuid, SYSCALL_GETEUID_X, euid)
GET_ID_EVENT(getgid, SYSCALL_GETGID_X, gid)
GET_ID_EVENT(getegid, SYSCALL_GETEGID_X, egid)

#define GET_RES_EVENT(name, code, real, effective, saved)                                                            \
	EXIT_EVENT(name, code)                                                                                       \
	{                                                                                                            \
		__u32 ids[3] = {};                                                                                   \
		__u32 size = is_narrow(regs, NARROW_ID) ? 2 : 4;                                                     \
		bpf_probe_read_user(&ids[0], size, (void *)argument(regs, 0));                                       \
		bpf_probe_read_user(&ids[1], size, (void *)argument(regs, 1));                                       \
		bpf_probe_read_user(&ids[2], size, (void *)argument(regs, 2));                                       \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(real, put_u32(e, ids[0]));                                                                     \
		PARAM(effective, put_u32(e, ids[1]));                                                                \
		PARAM(saved, put_u32(e, ids[2]));                                                                    \
	}
GET_RES_EVENT(getresuid, SYSCALL_GETRESUID_X, ruid, euid, suid)
GET_RES_EVENT(getresgid, SYSCALL_GETRESGID_X, rgid, egid, sgid)

/* The capabilities that the task has now. */
EXIT_EVENT_SHARED(capset, SYSCALL_CAPSET_X)
{
	const struct cred *cred = BPF_CORE_READ(current_task(), cred);
	e->want = WANT_FIRST;
	PARAM(res, put_int(e, ret));
	PARAM(cap_inheritable, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_inheritable))));
	PARAM(cap_permitted, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_permitted))));
	PARAM(cap_effective, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_effective))));
}

EXIT_EVENT_SHARED(setsid, SYSCALL_SETSID_X) { PARAM(res, put_int(e, ret)); }

EXIT_EVENT_SHARED(setpgid, SYSCALL_SETPGID_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(pgid, put_int(e, argument(regs, 1)));
}

EXIT_EVENT_SHARED(setns, SYSCALL_SETNS_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(nstype, put_u32(e, clone_flags(argument(regs, 1))));
}

EXIT_EVENT_SHARED(unshare, SYSCALL_UNSHARE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u32(e, clone_flags(argument(regs, 0))));
}

#define RLIMIT_UNKNOWN 255

static __always_inline void put_resource(struct event *e, unsigned long resource)
{
	put_u8(e, resource < 16 ? resource : RLIMIT_UNKNOWN);
}

/* Two limits; 0 when they can't be read. */
static __always_inline void put_limits(struct event *e, __u64 from)
{
	struct rlimit limit = {};
	if (from)
		bpf_probe_read_user(&limit, sizeof(limit), (void *)from);
	put_u64(e, limit.rlim_cur);
	put_u64(e, limit.rlim_max);
}

/* The same, as long as the caller's longs are. */
static __always_inline void put_old_limits(struct event *e, const struct registers *regs, __u64 from)
{
	__u32 narrow[2] = {};
	if (!is_narrow(regs, NARROW_LONG)) {
		PARAM(cur max, put_limits(e, from));
		return;
	}
	bpf_probe_read_user(narrow, sizeof(narrow), (void *)from);
	PARAM(cur, put_u64(e, narrow[0] == 0xffffffff ? ~0ull : narrow[0])); /* RLIM_INFINITY */
	PARAM(max, put_u64(e, narrow[1] == 0xffffffff ? ~0ull : narrow[1]));
}

/* A failed getrlimit leaves the limits unknown: -1. */
EXIT_EVENT(getrlimit, SYSCALL_GETRLIMIT_X)
{
	PARAM(res, put_int(e, ret));
	if (ret == 0) {
		put_old_limits(e, regs, argument(regs, 1));
	} else {
		PARAM(cur, put_u64(e, -1));
		PARAM(max, put_u64(e, -1));
	}
	PARAM(resource, put_resource(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(setrlimit, SYSCALL_SETRLIMIT_X)
{
	PARAM(res, put_int(e, ret));
	put_old_limits(e, regs, argument(regs, 1));
	PARAM(resource, put_resource(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(prlimit64, SYSCALL_PRLIMIT_X)
{
	if (!argument(regs, 2) && is_for_state(regs->number)) {
		leave_out(e);
		return;
	}
	PARAM(res, put_int(e, ret));
	PARAM(newcur newmax, put_limits(e, argument(regs, 2)));
	PARAM(oldcur oldmax, put_limits(e, ret == 0 ? argument(regs, 3) : 0));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(resource, put_resource(e, argument(regs, 1)));
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37

EXIT_EVENT_SHARED(prctl, SYSCALL_PRCTL_X)
{
	int option = argument(regs, 0), value = 0;
	bool tells_reaper = ret >= 0 && (option == PR_SET_CHILD_SUBREAPER || option == PR_GET_CHILD_SUBREAPER);
	if (!tells_reaper && is_for_state(regs->number)) {
		leave_out(e);
		return;
	}
	PARAM(res, put_int(e, ret));
	PARAM(option, put_u32(e, option));
	if (option == PR_SET_NAME || option == PR_GET_NAME) {
		PARAM(arg2_str, put_user_text(e, argument(regs, 1)));
		PARAM(arg2_int, put_u64(e, 0));
		return;
	}
	PARAM(arg2_str, put_empty(e));
	if (option == PR_GET_CHILD_SUBREAPER) {
		bpf_probe_read_user(&value, sizeof(value), (void *)argument(regs, 1));
		PARAM(arg2_int, put_int(e, value));
	} else {
		PARAM(arg2_int, put_u64(e, argument(regs, 1)));
	}
}

SHARED_PROGRAM(changes, CHANGES_OF, WANT_FIRST, was_made(ret))

EXIT_EVENT(kill, SYSCALL_KILL_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(sig, put_u8(e, argument(regs, 1)));
}

EXIT_EVENT(tkill, SYSCALL_TKILL_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(tid, put_int(e, argument(regs, 0)));
	PARAM(sig, put_u8(e, argument(regs, 1)));
}

EXIT_EVENT(tgkill, SYSCALL_TGKILL_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(tid, put_int(e, argument(regs, 1)));
	PARAM(sig, put_u8(e, argument(regs, 2)));
}

/* DYN of ptrace: 0 = u64, 1 = signal */
static __always_inline void put_ptrace_number(struct event *e, __u64 value)
{
	*slot(e) = 0;
	STORE(__u64, slot(e) + 1, value);
	end_param(e, 9);
}

/* What the request means by `data`: where the kernel wrote a word, a signal, or a number. */
static __always_inline void put_ptrace_data(struct event *e, unsigned long request, unsigned long data)
{
	__u64 word = 0;
	switch (request) {
	case 1: case 2: case 3:                   /* PTRACE_PEEKTEXT, PEEKDATA, PEEKUSR */
		bpf_probe_read_user(&word, sizeof(word), (void *)data);
		put_ptrace_number(e, word);
		break;
	case 7: case 9: case 17: case 24:         /* PTRACE_CONT, SINGLESTEP, DETACH, SYSCALL */
		*slot(e) = 1;
		*(slot(e) + 1) = data;
		end_param(e, 2);
		break;
	default:
		put_ptrace_number(e, data);
	}
}

/* addr and data of a failed call are 0. */
EXIT_EVENT_SHARED(ptrace, SYSCALL_PTRACE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_ptrace_number(e, ret < 0 ? 0 : argument(regs, 2)));
	if (ret < 0)
		PARAM(data, put_ptrace_number(e, 0));
	else
		PARAM(data, put_ptrace_data(e, argument(regs, 0), argument(regs, 3)));
	PARAM(request, put_u16(e, ptrace_request(argument(regs, 0))));
	PARAM(pid, put_int(e, argument(regs, 1)));
}

EXIT_EVENT(seccomp, SYSCALL_SECCOMP_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(op, put_u64(e, argument(regs, 0)));
	PARAM(flags, put_u64(e, argument(regs, 1)));
}
