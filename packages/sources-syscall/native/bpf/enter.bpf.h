/*
 * Level 2: paths at sys_enter. They lie in the caller's memory, where another thread may write while the kernel works; what paths.bpf.h
 * reads at sys_exit is compared with these.
 */
#pragma once
#include "announced.bpf.h"
#include "objects.bpf.h"
#include "begun.bpf.h"

#define MAX_ENTERED 1024

/* The paths of a call as they were at sys_enter. */
struct entered {
	__u32 tid;        /* owner; 0 = unused, or being written */
	__u32 writers;    /* threads that are about to write here: one may, of several none does */
	__u32 length[2];  /* with the NUL; 0 = not readable, or none */
	char text[2][MAX_CHUNK];
};

/*
 * By thread id modulo its size: threads whose ids are equal but for that take the place from each other, at any time. Who writes is
 * alone, and leaves its id last; who reads looks at the id before and after (is_still_of). Before 5.12 there is no exchange that
 * returns what was there: a thread that adds itself to the writers and finds others goes away again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ENTERED);
	__type(key, __u32);
	__type(value, struct entered);
} entered_paths SEC(".maps");

/* Which arguments are paths, by number of the native call: of the first 1 + its index, of the second 16 * that. */
#define CHANGES 0x80 /* no paths, but it changes what is known of a process: see begun.bpf.h */
#define CHANGES_CALL(program, name, nr) [nr] = CHANGES,
#define PATH(first) (1 + (first))
#define PATHS(first, second) (1 + (first) + 16 * (1 + (second)))
/* It closes the descriptor that is the first argument. */
#define CLOSES 255
static const __u8 PATH_ARGUMENTS[MAX_SYSCALLS] = {
	[NR_CLOSE] = CLOSES,
	[437 /* openat2 */] = PATH(1), [452 /* fchmodat2 */] = PATH(1),
	CLONES(CHANGES_CALL) CHANGES_OF(CHANGES_CALL)
#if defined(__TARGET_ARCH_arm64)
	[33 /* mknodat */] = PATH(1), [34 /* mkdirat */] = PATH(1), [35 /* unlinkat */] = PATH(1), [36 /* symlinkat */] = PATHS(0, 2),
	[37 /* linkat */] = PATHS(1, 3), [38 /* renameat */] = PATHS(1, 3), [39 /* umount2 */] = PATH(0), [40 /* mount */] = PATHS(0, 1),
	[53 /* fchmodat */] = PATH(1), [54 /* fchownat */] = PATH(1), [56 /* openat */] = PATH(1), [276 /* renameat2 */] = PATHS(1, 3),
#else
	[2 /* open */] = PATH(0), [85 /* creat */] = PATH(0), [257 /* openat */] = PATH(1),
	[82 /* rename */] = PATHS(0, 1), [83 /* mkdir */] = PATH(0), [84 /* rmdir */] = PATH(0), [86 /* link */] = PATHS(0, 1),
	[87 /* unlink */] = PATH(0), [88 /* symlink */] = PATHS(0, 1), [90 /* chmod */] = PATH(0), [92 /* chown */] = PATH(0),
	[94 /* lchown */] = PATH(0), [133 /* mknod */] = PATH(0), [165 /* mount */] = PATHS(0, 1), [166 /* umount2 */] = PATH(0),
	[258 /* mkdirat */] = PATH(1), [259 /* mknodat */] = PATH(1), [260 /* fchownat */] = PATH(1), [263 /* unlinkat */] = PATH(1),
	[264 /* renameat */] = PATHS(1, 3), [265 /* linkat */] = PATHS(1, 3), [266 /* symlinkat */] = PATHS(0, 2),
	[268 /* fchmodat */] = PATH(1), [316 /* renameat2 */] = PATHS(1, 3),
#endif
};

static __always_inline unsigned long path_argument(struct pt_regs *regs, bool compat, __u32 which)
{
#if defined(__TARGET_ARCH_x86)
	if (compat)
		return (__u32)(which == 1 ? regs->bx : which == 2 ? regs->cx : which == 3 ? regs->dx : regs->si);
	return which == 1 ? regs->di : which == 2 ? regs->si : which == 3 ? regs->dx : regs->r10;
#else
	return which == 1   ? PT_REGS_PARM1_CORE_SYSCALL(regs)
	       : which == 2 ? PT_REGS_PARM2_CORE_SYSCALL(regs)
	       : which == 3 ? PT_REGS_PARM3_CORE_SYSCALL(regs)
	                    : PT_REGS_PARM4_CORE_SYSCALL(regs);
#endif
}

/* Whether all that was read of it up to here is the thread's. */
static __always_inline bool is_still_of(struct entered *entered, __u32 tid)
{
	barrier();
	return *(volatile __u32 *)&entered->tid == tid;
}

/* Every call of the machine comes through here, too. */
SEC("tp_btf/sys_enter")
int BPF_PROG(enter_paths, struct pt_regs *regs, long id)
{
	__u32 nr = (__u32)id & ~X32_BIT, tid, at;
	bool compat = is_compat_call(), as_paths = true;
	struct entered *to;
	__u8 where;
	long n;
	if (compat) {
		struct compat_call *call = bpf_map_lookup_elem(&compat_calls, &nr);
		if (!call || !call->known)
			return 0;
		as_paths = call->shape == SHAPE_SAME || call->shape == SHAPE_UMOUNT;
		nr = call->native;
	}
	if (nr >= MAX_SYSCALLS)
		return 0;
	barrier_var(nr); /* the comparison's bound does not outlive what clang makes of it */
	where = PATH_ARGUMENTS[nr & (MAX_SYSCALLS - 1)];
	if (!where || !is_wanted(nr))
		return 0;
	if (where == CLOSES) {
		note_close(path_argument(regs, compat, 1));
		return 0;
	}
	if (where == CHANGES) {
		note_begun();
		return 0;
	}
	if (!as_paths)
		return 0;
	forget_objects();
	tid = bpf_get_current_pid_tgid();
	at = tid & (MAX_ENTERED - 1);
	to = bpf_map_lookup_elem(&entered_paths, &at);
	if (!to)
		return 0;
	__sync_fetch_and_add(&to->writers, 1);
	if (*(volatile __u32 *)&to->writers == 1) {
		to->tid = 0;
		barrier();
		n = bpf_probe_read_user_str(to->text[0], MAX_CHUNK, (void *)path_argument(regs, compat, where & 15));
		to->length[0] = n > 0 ? n : 0;
		n = where > 15 ? bpf_probe_read_user_str(to->text[1], MAX_CHUNK, (void *)path_argument(regs, compat, where >> 4)) : 0;
		to->length[1] = n > 0 ? n : 0;
		barrier();
		to->tid = tid;
	} else if (is_still_of(to, tid)) {
		to->tid = 0; /* of an earlier call */
	}
	__sync_fetch_and_add(&to->writers, -1);
	return 0;
}
