/* Level 3: processes begin and end. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"

/* When the first process of the task's pid namespace began: ns since boot. */
static __always_inline __u64 pidns_start(struct task_struct *task)
{
	struct pid_namespace *ns = pid_namespace_of(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
	return BPF_CORE_READ(ns, child_reaper, start_time);
}

/* Whether the child is or will be in another pid namespace than the first. */
static __always_inline bool child_in_pidns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	return BPF_CORE_READ(pid, level) != 0 || BPF_CORE_READ(task, nsproxy, pid_ns_for_children) != pid_namespace_of(pid);
}

#define PORTABLE_CLONE_PARENT 0x100

/* After all parameters of a child's clone whose parent did not make it (CLONE_PARENT): what it runs. A global function: see task.bpf.h. */
__noinline int add_executable(__u64 address)
{
	struct event event, *e = &event;
	struct file *file = (void *)address;
	if (resume(e, 0) && file && walk_path(READ_ADDRESS(file, f_path.dentry), READ_ADDRESS(file, f_path.mnt)))
		add_walked(e);
	return 0;
}

/* The parameters of a clone. A global function: see task.bpf.h. */
__noinline int write_clone_parameters(__u64 address, __s64 ret, __u32 flags)
{
	struct event event, *e = &event;
	struct task_struct *task = (void *)address;
	const struct cred *cred = BPF_CORE_READ(task, cred);
	if (!resume(e, 0))
		return false;
	PARAM(res, put_int(e, ret));
	if (ret >= 0) {
		put_command_line(e, task);
	} else {
		PARAM(exe, put_empty(e));
		PARAM(args, put_empty(e));
	}
	put_exec_middle(e, task);
	if (child_in_pidns(task))
		flags |= CLONE_CHILD_IN_PIDNS;
	PARAM(flags, put_u32(e, flags));
	PARAM(uid, put_u32(e, BPF_CORE_READ(cred, euid.val)));
	PARAM(gid, put_u32(e, BPF_CORE_READ(cred, egid.val)));
	PARAM(vtid, put_u64(e, task_vtid(task)));
	PARAM(vpid, put_u64(e, task_vpid(task)));
	PARAM(pidns_init_start_ts, put_u64(e, ret == 0 ? pidns_start(task) : 0));
	if (ret == 0 && flags & PORTABLE_CLONE_PARENT)
		add_executable(READ_ADDRESS(task, mm, exe_file));
	return 0;
}

static __always_inline void write_clone_event(struct event *e, struct task_struct *task, long ret, __u32 flags)
{
	if (ret >= 0)
		e->want = WANT_LIFE;
	write_clone_parameters(as_number(task), ret, flags);
}

#if defined(__TARGET_ARCH_arm64)
/*
 * On arm64, a child's first return to user space is not the end of a system call (ret_from_fork, arch/arm64/kernel/entry.S), so its
 * half of the clone is written when its parent has made it. Of the flags those are known that show in what both share.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork_done, struct task_struct *parent, struct task_struct *child)
{
	struct event event, *e = &event;
	__u32 flags = 0;
	if (!is_wanted(NR_CLONE) || (BPF_CORE_READ(child, flags) & PF_KTHREAD))
		return 0;
	if (!begin(e, PPME_SYSCALL_CLONE_20_X, NPARAMS_SYSCALL_CLONE_20_X, WANT_LIFE))
		return 0;
	((struct event_header *)e->to->bytes)->tid = BPF_CORE_READ(child, pid);
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		flags |= 0x10000; /* CLONE_THREAD */
	if (BPF_CORE_READ(child, files) == BPF_CORE_READ(parent, files))
		flags |= 0x400; /* CLONE_FILES */
	if (BPF_CORE_READ(child, fs) == BPF_CORE_READ(parent, fs))
		flags |= 0x200; /* CLONE_FS */
	if (BPF_CORE_READ(child, mm) == BPF_CORE_READ(parent, mm))
		flags |= 0x100; /* CLONE_VM */
	write_clone_event(e, child, 0, clone_flags(flags));
	return commit(e);
}
#endif

EXIT_EVENT_SHARED(clone, SYSCALL_CLONE_20_X)
{
	write_clone_event(e, current_task(), ret, clone_flags(argument(regs, 0)));
}

EXIT_EVENT_SHARED(clone3, SYSCALL_CLONE3_X)
{
	__u64 flags = 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)argument(regs, 0));
	write_clone_event(e, current_task(), ret, clone_flags(flags));
}

EXIT_EVENT_SHARED(fork, SYSCALL_FORK_20_X)
{
	write_clone_event(e, current_task(), ret, 0);
}

EXIT_EVENT_SHARED(vfork, SYSCALL_VFORK_20_X)
{
	write_clone_event(e, current_task(), ret, 0);
}

SHARED_PROGRAM(clones, CLONES, WANT_FIRST, was_made_here(ret))

#define PF_EXITING 0x00000004
#define MAX_GROUP_THREADS 30
#define MAX_ANCESTORS 60
#define UNKNOWN_REAPER -1 /* more threads or ancestors than are looked at: the engine finds it by the same rules */

/* A thread of the task's group that is not ending; 0 = none. A global function: see task.bpf.h. */
__noinline int living_thread(__u64 task_address)
{
	struct task_struct *task = (void *)task_address;
	struct list_head *head = (void *)BPF_CORE_READ(task, signal) + bpf_core_field_offset(struct signal_struct, thread_head);
	struct list_head *at = BPF_CORE_READ(head, next);
	for (int i = 0; i < MAX_GROUP_THREADS; i++) {
		struct task_struct *thread = (void *)at - bpf_core_field_offset(struct task_struct, thread_node);
		if (at == head)
			return 0;
		if (!(BPF_CORE_READ(thread, flags) & PF_EXITING))
			return BPF_CORE_READ(thread, pid);
		at = BPF_CORE_READ(at, next);
	}
	return UNKNOWN_REAPER;
}

/*
 * The thread of an ancestor that takes children: a child subreaper's that is not ending, or `first`, where the pid namespace of that level
 * ends; 0 = the next ancestor is to be asked.
 */
__noinline int reaper_at(__u64 ancestor_address, int level, __u64 first)
{
	struct task_struct *ancestor = (void *)ancestor_address;
	struct signal_struct *signal = BPF_CORE_READ(ancestor, signal);
	if (BPF_CORE_READ(ancestor, thread_pid, level) != level || ancestor_address == first)
		return BPF_CORE_READ((struct task_struct *)first, pid);
	return BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper) ? living_thread(ancestor_address) : 0;
}

/*
 * Whose children those of the ending task become, as the kernel decides it a little later (find_new_reaper, kernel/exit.c):
 * another thread of its group, the nearest ancestor that is a child subreaper, or the first process of its pid namespace.
 * 0 when the namespace ends with it. A global function: see task.bpf.h.
 */
__noinline int new_reaper(__u64 task_address)
{
	struct task_struct *task = (void *)task_address;
	struct pid_namespace *ns = pid_namespace_of(BPF_CORE_READ(task, thread_pid));
	__u64 first = READ_ADDRESS(ns, child_reaper), ancestor;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	int level = BPF_CORE_READ(task, thread_pid, level);
	int thread = living_thread(task_address);
	if (thread)
		return thread;
	if (first == task_address)
		return 0;
	if (!BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper))
		return BPF_CORE_READ((struct task_struct *)first, pid);
	ancestor = READ_ADDRESS(task, real_parent);
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		thread = reaper_at(ancestor, level, first);
		if (thread)
			return thread;
		ancestor = READ_ADDRESS((struct task_struct *)ancestor, real_parent);
	}
	return UNKNOWN_REAPER;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct event event, *e = &event;
	int code = BPF_CORE_READ(task, exit_code);
	take_begun();
	if ((BPF_CORE_READ(task, flags) & PF_KTHREAD) || !begin(e, PPME_PROCEXIT_1_E, NPARAMS_PROCEXIT_1_E, WANT_LIFE))
		return 0;
	PARAM(status, put_u64(e, (__s64)code));
	PARAM(ret, put_u64(e, (code >> 8) & 0xff));
	PARAM(sig, put_u8(e, (code & 0x7f) == 0x7f ? 0 : code & 0x7f)); /* 0x7f: stopped, not ended */
	PARAM(core, put_u8(e, (code & 0x80) != 0));
	/* without children there is nothing to reparent */
	PARAM(reaper_tid, put_int(e, BPF_CORE_READ(task, children.next) == &task->children ? 0 : new_reaper(bpf_get_current_task())));
	return commit(e);
}
