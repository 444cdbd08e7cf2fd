/*
 * Level 2: paths that a call is given. They lie in the caller's memory, where another thread may write at any time, so the text
 * at sys_exit need not be what the kernel used. Each is read at sys_enter and again at sys_exit.
 *
 * Of an open that succeeded, the kernel knows the file's own path. It replaces the name when the two texts differ, when
 * the text could be read only once and is not that path, and in a process in which a change was seen. Otherwise the name is the
 * text; when that is not the file's path (links, `..`, a directory's descriptor, chroot, a relative path), the file's path
 * follows behind the parameters. Calls that return no file write one event for each of two texts that differ.
 *
 * What stays open: a change before the kernel copies the text and back before sys_exit's reading, of a call that returns no file;
 * and a text of such a call whose page was not resident at sys_enter (counted: unchecked).
 */
#pragma once
#include "store.bpf.h"
#include "task.bpf.h"

#define MAX_ENTERED 1024

/* The paths of a call as they were at sys_enter. */
struct entered {
	__u32 tid;        /* owner; 0 = unused */
	__u32 length[2];  /* with the NUL; 0 = not readable, or none */
	char text[2][MAX_CHUNK];
};

/* By thread id modulo its size. A thread whose place is taken does without. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ENTERED);
	__type(key, __u32);
	__type(value, struct entered);
} entered_paths SEC(".maps");

/* Processes in which a path was seen to change, by their id modulo the size. */
#define MAX_RACERS 1024
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_RACERS);
	__type(key, __u32);
	__type(value, __u32);
} racers SEC(".maps");

/* Which arguments are paths, by number of the native call: of the first 1 + its index, of the second 16 * that. */
#define PATH(first) (1 + (first))
#define PATHS(first, second) (1 + (first) + 16 * (1 + (second)))
static const __u8 PATH_ARGUMENTS[MAX_SYSCALLS] = {
	[437 /* openat2 */] = PATH(1),
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

/* Every call of the machine comes through here, too. */
SEC("tp_btf/sys_enter")
int BPF_PROG(enter_paths, struct pt_regs *regs, long id)
{
	__u32 nr = (__u32)id & ~X32_BIT, tid, at;
	bool compat = is_compat_call();
	struct entered *to;
	__u8 where;
	long n;
	if (compat) {
		struct compat_call *call = bpf_map_lookup_elem(&compat_calls, &nr);
		if (!call || !call->known || (call->shape != SHAPE_SAME && call->shape != SHAPE_UMOUNT))
			return 0;
		nr = call->native;
	}
	if (nr >= MAX_SYSCALLS)
		return 0;
	barrier_var(nr); /* the comparison's bound does not outlive what clang makes of it */
	where = PATH_ARGUMENTS[nr & (MAX_SYSCALLS - 1)];
	if (!where || !is_wanted(nr))
		return 0;
	tid = bpf_get_current_pid_tgid();
	at = tid & (MAX_ENTERED - 1);
	to = bpf_map_lookup_elem(&entered_paths, &at);
	if (!to)
		return 0;
	n = bpf_probe_read_user_str(to->text[0], MAX_CHUNK, (void *)path_argument(regs, compat, where & 15));
	to->length[0] = n > 0 ? n : 0;
	n = where > 15 ? bpf_probe_read_user_str(to->text[1], MAX_CHUNK, (void *)path_argument(regs, compat, where >> 4)) : 0;
	to->length[1] = n > 0 ? n : 0;
	to->tid = tid;
	return 0;
}

/*
 * Whether two texts of `length` bytes, at most MAX_CHUNK, are equal: words at a time, then what is left of one. The verifier walks
 * every turn of the loop in each program that compares texts: it has no branches but those that end it.
 */
static __always_inline int same_text(const __u8 *one, const __u8 *other, __u32 length)
{
	__u64 rest = length & 7, whole = length - rest, last = length & (MAX_CHUNK - 8);
	barrier_var(last); /* what follows the loop is the same after any number of turns */
	for (__u64 at = 0; at < MAX_CHUNK && at < whole; at += 8)
		if (*(__u64 *)(one + at) != *(__u64 *)(other + at))
			return 0;
	/* the first byte is the lowest */
	return !rest || !((*(__u64 *)(one + last) ^ *(__u64 *)(other + last)) << (64 - rest * 8));
}

/* Whether the text of `length` bytes where the next parameter goes is what was entered. */
__noinline int same_as_entered(__u32 entry, __u32 second, __u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct entered *entered = bpf_map_lookup_elem(&entered_paths, &entry);
	if (!to || !entered)
		return 0;
	return same_text(launder(entered->text[second & 1]), launder(&to->bytes[to->at & (MAX_EVENT - 1)]), length);
}

/* Whether it is what was written backwards. */
__noinline int same_as_walked(__u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id(), zero = 0;
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
	if (!to || !b || length != BACKWARDS - 1 - b->at)
		return 0;
	return same_text(launder(&b->bytes[b->at & (BACKWARDS - 1)]), launder(&to->bytes[to->at & (MAX_EVENT - 1)]), length);
}

/* Whether others share the caller's memory: threads, above all. */
static __always_inline bool is_threaded(void)
{
	if (TYPED_TASK)
		return bpf_get_current_task_btf()->mm->mm_users.counter > 1;
	return BPF_CORE_READ(current_task(), mm, mm_users.counter) > 1;
}

static __always_inline struct entered *entered_by(__u32 *tid, __u32 *at)
{
	struct entered *entered;
	*tid = bpf_get_current_pid_tgid();
	*at = *tid & (MAX_ENTERED - 1);
	entered = bpf_map_lookup_elem(&entered_paths, at);
	return entered && entered->tid == *tid ? entered : NULL;
}

static __always_inline void put_length(struct event *e, long n)
{
	end_param(e, n > 0 ? n & (2 * MAX_CHUNK - 1) : 0);
}

static __always_inline void put_entered(struct event *e, struct entered *entered, __u32 second)
{
	put_length(e, bpf_probe_read_kernel_str(slot(e), MAX_CHUNK, entered->text[second]));
}

/* A process in which a path changed is not trusted from then on. */
static __always_inline void note_race(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, at = pid & (MAX_RACERS - 1);
	__u32 *racer = bpf_map_lookup_elem(&racers, &at);
	if (racer)
		*racer = pid;
	count(COUNT_RACED);
}

static __always_inline bool is_racer(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, at = pid & (MAX_RACERS - 1);
	__u32 *racer = bpf_map_lookup_elem(&racers, &at);
	return racer && *racer == pid;
}

/* The name of an open, see above. Leaves in `resolved` whether the file's own path is to follow: it is written backwards then. */
static __always_inline void put_open_path(struct event *e, unsigned long from, struct file *file)
{
	__u32 tid, at;
	struct entered *before = entered_by(&tid, &at);
	long n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	bool known = before && before->length[0], walked = false, changed = false, trusted;
	e->to->resolved = 0;
	e->to->name_at = e->to->at;
	if (known && n > 0) {
		changed = before->length[0] != n || !same_as_entered(at, 0, n);
		if (!changed && is_threaded()) {
			/* one more look halves the chance of a change that was undone */
			n = bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from);
			changed = n <= 0 || before->length[0] != n || !same_as_entered(at, 0, n);
		}
	}
	if (changed)
		note_race();
	if (file)
		walked = walk_path(READ_ADDRESS(file, f_path.dentry), READ_ADDRESS(file, f_path.mnt));
	trusted = n > 0 && !changed;
	if (walked && !(trusted && same_as_walked(n - 1))) {
		if (trusted && !known)
			count(COUNT_UNCHECKED);
		if (known && trusted && !is_racer())
			e->to->resolved = 1;
		else
			trusted = false;
	}
	e->to->name_length = trusted && known ? n : 0;
	if (trusted) {
		put_length(e, n);
	} else if (walked) {
		put_walked(e);
	} else if (known) {
		put_entered(e, before, 0);
	} else {
		if (from)
			count(COUNT_FAULT);
		put_empty(e);
	}
	if (before)
		before->tid = 0;
}

/* After all parameters of an open. */
static __always_inline void add_resolved(struct event *e, struct file *file)
{
	if (e->to->resolved)
		add_walked(e);
	if (file)
		add_host_path(e, !e->to->resolved);
}

/* Of a call that returns no file: the text at sys_exit, or, in the second event, that at sys_enter. */
static __always_inline void put_path(struct event *e, unsigned long from, __u32 second)
{
	__u32 tid, at;
	struct entered *before = entered_by(&tid, &at);
	bool known = before && before->length[second];
	long n;
	if (e->to->again && known) {
		put_entered(e, before, second);
		return;
	}
	n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	if (known && (n <= 0 || before->length[second] != n || !same_as_entered(at, second, n)))
		e->to->changed = 1;
	else if (from && n <= 0)
		count(COUNT_FAULT);
	else if (from && !known)
		count(COUNT_UNCHECKED);
	put_length(e, n);
}

static __always_inline void forget_entered(void)
{
	__u32 tid, at;
	struct entered *entered = entered_by(&tid, &at);
	if (entered)
		entered->tid = 0;
}

/* As EXIT_EVENT, of a call whose paths are put by put_path: twice, when they changed. */
#define EXIT_EVENT_PATHS(name, code)                                                                                 \
	static __always_inline void write_##name(struct event *e, struct registers *regs, long ret);                 \
	SEC("tp_btf/sys_exit")                                                                                       \
	int BPF_PROG(x_##name, struct pt_regs *unused, long ret)                                                     \
	{                                                                                                            \
		struct event event, *e = &event;                                                                     \
		for (int again = 0; again < 2; again++) {                                                            \
			if (!begin(e, PPME_##code, NPARAMS_##code, WANT_EVENT))                                      \
				return 0;                                                                            \
			e->to->again = again;                                                                        \
			if (!again)                                                                                  \
				e->to->changed = 0;                                                                  \
			write_##name(e, &e->to->registers, ret);                                                     \
			commit(e);                                                                                   \
			if (!e->to->changed)                                                                         \
				break;                                                                               \
			if (!again)                                                                                  \
				note_race();                                                                         \
		}                                                                                                    \
		forget_entered();                                                                                    \
		return 0;                                                                                            \
	}                                                                                                            \
	static __always_inline void write_##name(struct event *e, struct registers *regs, long ret)
