/* Level 3: users, groups, sessions, namespaces, capabilities, limits, signals. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"

/* res and one id */
#define SET_ID_EVENT(name, nr, code) EXIT_EVENT_FIRST(name, nr, code) { put_int(e, ret); put_u32(e, argument(regs, 0)); }
SET_ID_EVENT(setuid, 105, SYSCALL_SETUID_X)
SET_ID_EVENT(setgid, 106, SYSCALL_SETGID_X)

/* res real effective */
#define SET_RE_EVENT(name, nr, code)                                                                                 \
	EXIT_EVENT_FIRST(name, nr, code)                                                                             \
	{                                                                                                            \
		put_int(e, ret);                                                                                     \
		put_u32(e, argument(regs, 0));                                                                       \
		put_u32(e, argument(regs, 1));                                                                       \
	}
SET_RE_EVENT(setreuid, 113, SYSCALL_SETREUID_X)
SET_RE_EVENT(setregid, 114, SYSCALL_SETREGID_X)

/* res real effective saved */
#define SET_RES_EVENT(name, nr, code)                                                                                \
	EXIT_EVENT_FIRST(name, nr, code)                                                                             \
	{                                                                                                            \
		put_int(e, ret);                                                                                     \
		put_u32(e, argument(regs, 0));                                                                       \
		put_u32(e, argument(regs, 1));                                                                       \
		put_u32(e, argument(regs, 2));                                                                       \
	}
SET_RES_EVENT(setresuid, 117, SYSCALL_SETRESUID_X)
SET_RES_EVENT(setresgid, 119, SYSCALL_SETRESGID_X)

#define GET_ID_EVENT(name, nr, code) EXIT_EVENT(name, nr, code) { put_u32(e, ret); }
GET_ID_EVENT(getuid, 102, SYSCALL_GETUID_X)
GET_ID_EVENT(geteuid, 107, SYSCALL_GETEUID_X)
GET_ID_EVENT(getgid, 104, SYSCALL_GETGID_X)
GET_ID_EVENT(getegid, 108, SYSCALL_GETEGID_X)

#define GET_RES_EVENT(name, nr, code)                                                                                \
	EXIT_EVENT(name, nr, code)                                                                                   \
	{                                                                                                            \
		__u32 ids[3] = {};                                                                                   \
		__u32 size = is_narrow(regs, NARROW_ID) ? 2 : 4;                                                     \
		bpf_probe_read_user(&ids[0], size, (void *)argument(regs, 0));                                       \
		bpf_probe_read_user(&ids[1], size, (void *)argument(regs, 1));                                       \
		bpf_probe_read_user(&ids[2], size, (void *)argument(regs, 2));                                       \
		put_int(e, ret);                                                                                     \
		put_u32(e, ids[0]);                                                                                  \
		put_u32(e, ids[1]);                                                                                  \
		put_u32(e, ids[2]);                                                                                  \
	}
GET_RES_EVENT(getresuid, 118, SYSCALL_GETRESUID_X)
GET_RES_EVENT(getresgid, 120, SYSCALL_GETRESGID_X)

/* res cap_inheritable cap_permitted cap_effective: what the task has now */
EXIT_EVENT_FIRST(capset, 126, SYSCALL_CAPSET_X)
{
	const struct cred *cred = BPF_CORE_READ(current_task(), cred);
	put_int(e, ret);
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_inheritable)));
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_permitted)));
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_effective)));
}

EXIT_EVENT_FIRST(setsid, 112, SYSCALL_SETSID_X) { put_int(e, ret); }

/* res pid pgid */
EXIT_EVENT_FIRST(setpgid, 109, SYSCALL_SETPGID_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
}

/* res fd nstype */
EXIT_EVENT_FIRST(setns, 308, SYSCALL_SETNS_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, clone_flags(argument(regs, 1)));
}

/* res flags */
EXIT_EVENT_FIRST(unshare, 272, SYSCALL_UNSHARE_X)
{
	put_int(e, ret);
	put_u32(e, clone_flags(argument(regs, 0)));
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
		put_limits(e, from);
		return;
	}
	bpf_probe_read_user(narrow, sizeof(narrow), (void *)from);
	put_u64(e, narrow[0] == 0xffffffff ? ~0ull : narrow[0]); /* RLIM_INFINITY */
	put_u64(e, narrow[1] == 0xffffffff ? ~0ull : narrow[1]);
}

/* res cur max resource; what a failed getrlimit did not tell is -1 */
EXIT_EVENT(getrlimit, 97, SYSCALL_GETRLIMIT_X)
{
	put_int(e, ret);
	if (ret == 0) {
		put_old_limits(e, regs, argument(regs, 1));
	} else {
		put_u64(e, -1);
		put_u64(e, -1);
	}
	put_resource(e, argument(regs, 0));
}

EXIT_EVENT(setrlimit, 160, SYSCALL_SETRLIMIT_X)
{
	put_int(e, ret);
	put_old_limits(e, regs, argument(regs, 1));
	put_resource(e, argument(regs, 0));
}

/* res newcur newmax oldcur oldmax pid resource */
EXIT_EVENT(prlimit64, 302, SYSCALL_PRLIMIT_X)
{
	if (!argument(regs, 2) && is_for_state(regs->number)) {
		leave_out(e);
		return;
	}
	put_int(e, ret);
	put_limits(e, argument(regs, 2));
	put_limits(e, ret == 0 ? argument(regs, 3) : 0);
	put_int(e, argument(regs, 0));
	put_resource(e, argument(regs, 1));
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_CHILD_SUBREAPER 37

/* res option arg2_str arg2_int */
EXIT_EVENT_FIRST(prctl, 157, SYSCALL_PRCTL_X)
{
	int option = argument(regs, 0), value = 0;
	put_int(e, ret);
	put_u32(e, option);
	if (option == PR_SET_NAME || option == PR_GET_NAME) {
		put_user_text(e, argument(regs, 1));
		put_u64(e, 0);
		return;
	}
	put_empty(e);
	if (option == PR_GET_CHILD_SUBREAPER) {
		bpf_probe_read_user(&value, sizeof(value), (void *)argument(regs, 1));
		put_int(e, value);
	} else {
		put_u64(e, argument(regs, 1));
	}
}

/* res pid [tid] sig */
EXIT_EVENT(kill, 62, SYSCALL_KILL_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u8(e, argument(regs, 1));
}

EXIT_EVENT(tkill, 200, SYSCALL_TKILL_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u8(e, argument(regs, 1));
}

EXIT_EVENT(tgkill, 234, SYSCALL_TGKILL_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
	put_u8(e, argument(regs, 2));
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

/* res addr data request pid; of a failed call addr and data are 0 */
EXIT_EVENT(ptrace, 101, SYSCALL_PTRACE_X)
{
	put_int(e, ret);
	put_ptrace_number(e, ret < 0 ? 0 : argument(regs, 2));
	if (ret < 0)
		put_ptrace_number(e, 0);
	else
		put_ptrace_data(e, argument(regs, 0), argument(regs, 3));
	put_u16(e, ptrace_request(argument(regs, 0)));
	put_int(e, argument(regs, 1));
}

/* res op flags */
EXIT_EVENT(seccomp, 317, SYSCALL_SECCOMP_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
}
