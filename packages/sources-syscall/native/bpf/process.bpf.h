/*
 * Level 3: processes begin, change their image, and end.
 *
 * A successful exec is written when the kernel announces it (sched_process_exec): there the file name is the kernel's own
 * copy, which the caller can no longer change. A failed one is written at sys_exit.
 */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "file.bpf.h"

#define EXE_WRITABLE 1
#define EXE_UPPER_LAYER 2
#define EXE_FROM_MEMFD 4
#define EXE_LOWER_LAYER 8

static __always_inline struct file *exe_file(struct task_struct *task)
{
	return BPF_CORE_READ(task, mm, exe_file);
}

/* struct inode's times: i_ctime became __i_ctime (6.6), then i_ctime_sec and i_ctime_nsec (6.11). */
struct inode___6_11 { time64_t i_ctime_sec, i_mtime_sec; u32 i_ctime_nsec, i_mtime_nsec; } __attribute__((preserve_access_index));
struct inode___6_6 { struct timespec64 __i_ctime; } __attribute__((preserve_access_index));
struct inode___old { struct timespec64 i_ctime, i_mtime; } __attribute__((preserve_access_index));

#define NS(sec, nsec) ((__u64)(sec) * 1000000000ull + (nsec))

static __always_inline __u64 inode_ctime(struct inode *inode)
{
	struct inode___6_11 *a = (void *)inode;
	struct inode___6_6 *b = (void *)inode;
	struct inode___old *c = (void *)inode;
	/* Since 6.13 the topmost bit of the nanoseconds tells that somebody has asked for the time (I_CTIME_QUERIED, include/linux/fs.h). */
	if (bpf_core_field_exists(a->i_ctime_sec))
		return NS(BPF_CORE_READ(a, i_ctime_sec), BPF_CORE_READ(a, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(b->__i_ctime))
		return NS(BPF_CORE_READ(b, __i_ctime.tv_sec), BPF_CORE_READ(b, __i_ctime.tv_nsec));
	return NS(BPF_CORE_READ(c, i_ctime.tv_sec), BPF_CORE_READ(c, i_ctime.tv_nsec));
}

static __always_inline __u64 inode_mtime(struct inode *inode)
{
	struct inode___6_11 *a = (void *)inode;
	struct inode___old *c = (void *)inode;
	if (bpf_core_field_exists(a->i_mtime_sec))
		return NS(BPF_CORE_READ(a, i_mtime_sec), BPF_CORE_READ(a, i_mtime_nsec));
	return NS(BPF_CORE_READ(c, i_mtime.tv_sec), BPF_CORE_READ(c, i_mtime.tv_nsec));
}

#define SB_RDONLY 1
#define S_IMMUTABLE 8
#define MAY_WRITE 2
#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER 3
#define MAX_GROUP_STEPS 16 /* a binary search among at most 65536 groups (NGROUPS_MAX) */
#define MAX_ID_EXTENTS 5   /* that lie in struct uid_gid_map itself (UID_GID_MAP_MAX_BASE_EXTENTS) */

/* Whether the id is one of the credentials' supplementary groups, which the kernel keeps sorted. A global function: see task.bpf.h. */
__noinline int in_groups(__u64 cred_address, __u32 gid)
{
	const struct cred *cred = (void *)cred_address;
	/* Of a typed pointer the verifier would follow each way through the loop. */
	struct group_info *groups = HELPED_READ(cred, group_info);
	__u32 left = 0, right = groups ? HELPED_READ(groups, ngroups) : 0;
	for (int i = 0; i < MAX_GROUP_STEPS && left < right; i++) {
		__u32 middle = (left + right) / 2, here = 0;
		BPF_CORE_READ_INTO(&here, groups, gid[middle].val);
		if (here == gid)
			return true;
		if (gid > here)
			left = middle + 1;
		else
			right = middle;
	}
	return false;
}

/* Whether the user namespace has a number for the id. */
static __always_inline bool is_mapped(struct uid_gid_map *map, __u32 id)
{
	__u32 extents = BPF_CORE_READ(map, nr_extents);
	for (__u32 i = 0; i < MAX_ID_EXTENTS && i < extents; i++) {
		__u32 first = BPF_CORE_READ(map, extent[i].lower_first), count = BPF_CORE_READ(map, extent[i].count);
		if (id >= first && id - first < count)
			return true;
	}
	return false;
}

/*
 * Whether a task with these credentials could write its executable: its owner may (it can change the mode), else the mode and
 * capabilities decide. A global function: see task.bpf.h.
 */
__noinline int exe_writable(__u64 cred_address, __u64 inode_address)
{
	const struct cred *cred = (void *)cred_address;
	struct inode *inode = (void *)inode_address;
	umode_t mode = BPF_CORE_READ(inode, i_mode);
	__u32 uid = BPF_CORE_READ(inode, i_uid.val), gid = BPF_CORE_READ(inode, i_gid.val);
	struct user_namespace *ns;
	__u64 caps;
	if ((BPF_CORE_READ(inode, i_sb, s_flags) & SB_RDONLY) || (BPF_CORE_READ(inode, i_flags) & S_IMMUTABLE))
		return false;
	if (uid == (__u32)-1 || gid == (__u32)-1)
		return false;
	if (BPF_CORE_READ(cred, fsuid.val) == uid)
		return true;
	if (BPF_CORE_READ(cred, fsgid.val) == gid || in_groups(cred_address, gid))
		mode >>= 3;
	if (mode & MAY_WRITE)
		return true;
	ns = BPF_CORE_READ(cred, user_ns);
	if (!ns || !is_mapped(&ns->uid_map, uid))
		return false;
	caps = kernel_cap(BPF_CORE_READ(cred, cap_effective));
	return (caps & (1ull << CAP_FOWNER)) || ((caps & (1ull << CAP_DAC_OVERRIDE)) && is_mapped(&ns->gid_map, gid));
}

/* A memfd lies in no directory and has a name that begins so (mm/memfd.c). */
static __always_inline bool from_memfd(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	char name[8] = {};
	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel(name, 6, BPF_CORE_READ(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
}

static __always_inline __u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	if (!tty)
		return 0;
	return encode_dev((BPF_CORE_READ(tty, driver, major) << 20) +
	                  BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index));
}

/* loginuid is a config option (CONFIG_AUDIT). */
static __always_inline __u32 loginuid_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->loginuid))
		return BPF_CORE_READ(task, loginuid.val);
	return 0xffffffff;
}

/* What both halves of an exec share, from tid on to gid; exe and args stand before it. */
static __always_inline void put_exec_middle(struct event *e, struct task_struct *task)
{
	put_ids(e, task);
	put_empty(e); /* cwd */
	put_fdlimit(e, task);
	put_faults(e, task);
	put_memory(e, task);
	put_comm(e, task);
	put_cgroups(e, task);
}

static __always_inline void put_exec_end(struct event *e, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct file *file = exe_file(task);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	__u32 flags = 0;
	put_u32(e, tty_of(task));
	put_u64(e, task_vpgid(task));
	put_u32(e, loginuid_of(task));
	if (inode) {
		if (exe_writable(READ_ADDRESS(task, cred), READ_ADDRESS(file, f_inode)))
			flags |= EXE_WRITABLE;
		flags |= overlay_layer(file, EXE_UPPER_LAYER, EXE_LOWER_LAYER);
		if (from_memfd(file))
			flags |= EXE_FROM_MEMFD;
	}
	put_u32(e, flags);
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_inheritable)));
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_permitted)));
	put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_effective)));
	put_u64(e, inode ? BPF_CORE_READ(inode, i_ino) : 0);
	put_u64(e, inode ? inode_ctime(inode) : 0);
	put_u64(e, inode ? inode_mtime(inode) : 0);
	put_u32(e, BPF_CORE_READ(cred, euid.val));
	if (file)
		put_file_path(e, file);
	else
		put_empty(e);
	put_u64(e, task_pgid(task));
	put_u32(e, BPF_CORE_READ(cred, egid.val));
}

#define PF_KTHREAD 0x00200000

/* execve and execveat alike: the kernel makes an execve of the latter on its way (set_personality_64bit, arch/x86/kernel/process_64.c). */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct event event, *e = &event;
	__u32 nr = NR_EXECVE;
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	if (!want || *want == WANT_NOTHING || (BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return 0;
	if (!begin(e, PPME_SYSCALL_EXECVE_19_X, NPARAMS_SYSCALL_EXECVE_19_X, WANT_FIRST))
		return 0;
	put_u64(e, 0);
	put_command_line(e, task);
	put_exec_middle(e, task);
	put_environment(e, task);
	put_exec_end(e, task);
	/* of an execveat it is /dev/fd/N, or /dev/fd/N/path (fs/exec.c) */
	put_kernel_text(e, BPF_CORE_READ(bprm, filename), MAX_CHUNK);
	return commit(e);
}

/* As many strings of argv and envp are recorded of an exec that failed; of one that succeeds all are, up to MAX_ARGS_BYTES. */
#define MAX_ARGS 16

/* array[i] in user memory; 0 when it can't be read. */
static __always_inline __u64 read_pointer(const struct registers *regs, __u64 array, __u32 i)
{
	__u64 p = 0;
	if (is_narrow(regs, NARROW_LONG))
		bpf_probe_read_user(&p, 4, (void *)(array + 4 * i));
	else
		bpf_probe_read_user(&p, 8, (void *)(array + 8 * i));
	return p;
}

/* Copies the string array[i] behind what this CPU's event holds and counts it in `cursor`; 0 = it was the last. */
__noinline int copy_string(__u64 array, __u32 i)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	__u64 p = to && i < MAX_ARGS ? read_pointer(&to->registers, array, i) : 0;
	long n;
	if (!to || !p)
		return 0;
	n = bpf_probe_read_user_str(&to->bytes[(to->at + to->cursor) & (MAX_EVENT - 1)], MAX_CHUNK, (void *)p);
	if (n <= 0) { /* not readable: it keeps its place */
		to->bytes[(to->at + to->cursor) & (MAX_EVENT - 1)] = 0;
		n = 1;
	}
	to->cursor += n;
	return to->cursor < MAX_ARGS_BYTES;
}

/* Copies the strings array[first..] behind what this CPU's event holds; the length. The array holds pointers in user memory. */
__noinline int copy_strings(__u64 array, __u32 first)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	if (!to)
		return 0;
	to->cursor = 0;
	/* counted from zero: the verifier sees the end of a loop whose start it knows */
	for (__u32 i = 0; i < MAX_ARGS && copy_string(array, first + i); i++)
		;
	return to->cursor < MAX_ARGS_BYTES ? to->cursor : MAX_ARGS_BYTES;
}

/* exe args, of an exec that failed */
static __always_inline void put_argv(struct event *e, unsigned long argv)
{
	__u64 p = argv ? read_pointer(&e->to->registers, argv, 0) : 0;
	if (!p) {
		put_empty(e);
		put_empty(e);
		return;
	}
	put_user_text(e, p);
	end_param(e, copy_strings(argv, 1) & (2 * MAX_CHUNK - 1));
}

/* env, of an exec that failed: what it would have been */
static __always_inline void put_envp(struct event *e, unsigned long envp)
{
	end_param(e, envp ? copy_strings(envp, 0) & (2 * MAX_CHUNK - 1) : 0);
}

EXIT_EVENT_FIRST(execve, 59, SYSCALL_EXECVE_19_X)
{
	struct task_struct *task = current_task();
	put_u64(e, ret);
	put_argv(e, argument(regs, 1));
	put_exec_middle(e, task);
	put_envp(e, argument(regs, 2));
	put_exec_end(e, task);
	put_user_text(e, argument(regs, 0));
}

EXIT_EVENT_FIRST(execveat, 322, SYSCALL_EXECVEAT_X)
{
	struct task_struct *task = current_task();
	put_u64(e, ret);
	put_argv(e, argument(regs, 2));
	put_exec_middle(e, task);
	put_envp(e, argument(regs, 3));
	put_exec_end(e, task);
}

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

/* res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups flags uid gid vtid vpid pidns_init_start_ts */
static __always_inline void write_clone_event(struct event *e, struct task_struct *task, long ret, __u32 flags)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	put_int(e, ret);
	if (ret >= 0) {
		put_command_line(e, task);
	} else {
		put_empty(e);
		put_empty(e);
	}
	put_exec_middle(e, task);
	if (child_in_pidns(task))
		flags |= CLONE_CHILD_IN_PIDNS;
	put_u32(e, flags);
	put_u32(e, BPF_CORE_READ(cred, euid.val));
	put_u32(e, BPF_CORE_READ(cred, egid.val));
	put_u64(e, task_vtid(task));
	put_u64(e, task_vpid(task));
	put_u64(e, ret == 0 ? pidns_start(task) : 0);
}

#if defined(__TARGET_ARCH_arm64)
/*
 * A child's first return to user space is no end of a system call on arm64 (ret_from_fork, arch/arm64/kernel/entry.S), so its
 * half of the clone is written when its parent has made it. Of the flags those are known that show in what both share.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork_done, struct task_struct *parent, struct task_struct *child)
{
	struct event event, *e = &event;
	__u32 flags = 0;
	if (!is_wanted(NR_CLONE) || (BPF_CORE_READ(child, flags) & PF_KTHREAD))
		return 0;
	if (!begin(e, PPME_SYSCALL_CLONE_20_X, NPARAMS_SYSCALL_CLONE_20_X, WANT_FIRST))
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

EXIT_EVENT_FIRST(clone, 56, SYSCALL_CLONE_20_X)
{
	write_clone_event(e, current_task(), ret, clone_flags(argument(regs, 0)));
}

EXIT_EVENT_FIRST(clone3, 435, SYSCALL_CLONE3_X)
{
	__u64 flags = 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)argument(regs, 0));
	write_clone_event(e, current_task(), ret, clone_flags(flags));
}

EXIT_EVENT_FIRST(fork, 57, SYSCALL_FORK_20_X)
{
	write_clone_event(e, current_task(), ret, 0);
}

EXIT_EVENT_FIRST(vfork, 58, SYSCALL_VFORK_20_X)
{
	write_clone_event(e, current_task(), ret, 0);
}

#define PF_EXITING 0x00000004
#define MAX_GROUP_THREADS 30
#define MAX_ANCESTORS 60
#define UNKNOWN_REAPER -1 /* more threads or ancestors than are looked at: the engine finds it by the same rules */

/* A thread of the task's group that is not ending; 0 = there is none. A global function: see task.bpf.h. */
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
 * Whose children those of the ending task become, as the kernel decides it a little later (find_new_reaper, kernel/exit.c):
 * another thread of its group, the nearest ancestor that is a child subreaper, or the first process of its pid namespace.
 * 0 when the namespace ends with it. A global function: see task.bpf.h.
 */
__noinline int new_reaper(__u64 task_address)
{
	struct task_struct *task = (void *)task_address, *ancestor;
	struct pid_namespace *ns = pid_namespace_of(BPF_CORE_READ(task, thread_pid));
	struct task_struct *first = BPF_CORE_READ(ns, child_reaper);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	int level = BPF_CORE_READ(task, thread_pid, level), first_tid = BPF_CORE_READ(first, pid);
	int thread = living_thread(task_address);
	if (thread)
		return thread;
	if (first == task)
		return 0;
	if (!BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper))
		return first_tid;
	ancestor = BPF_CORE_READ(task, real_parent);
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		if (BPF_CORE_READ(ancestor, thread_pid, level) != level || ancestor == first)
			return first_tid;
		signal = BPF_CORE_READ(ancestor, signal);
		if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper)) {
			thread = living_thread(as_number(ancestor));
			if (thread)
				return thread;
		}
		ancestor = BPF_CORE_READ(ancestor, real_parent);
	}
	return UNKNOWN_REAPER;
}

/* status ret sig core reaper_tid */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct event event, *e = &event;
	int code = BPF_CORE_READ(task, exit_code);
	if ((BPF_CORE_READ(task, flags) & PF_KTHREAD) || !begin(e, PPME_PROCEXIT_1_E, NPARAMS_PROCEXIT_1_E, WANT_FIRST))
		return 0;
	put_u64(e, (__s64)code);
	put_u64(e, (code >> 8) & 0xff);
	put_u8(e, (code & 0x7f) == 0x7f ? 0 : code & 0x7f); /* 0x7f: stopped, not ended */
	put_u8(e, (code & 0x80) != 0);
	/* without children there is nobody to be given away */
	put_int(e, BPF_CORE_READ(task, children.next) == &task->children ? 0 : new_reaper(bpf_get_current_task()));
	return commit(e);
}
