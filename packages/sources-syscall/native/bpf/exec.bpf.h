/*
 * Level 3: processes change their image. A successful exec is written when the kernel announces it (sched_process_exec): there
 * the file name is the kernel's own copy, which the caller can no longer change. A failed one is written at sys_exit.
 */
#pragma once
#include "executable.bpf.h"

/* What both halves of an exec share, from tid on to gid; exe and args stand before it. */
static __always_inline void put_exec_middle(struct event *e, struct task_struct *task)
{
	put_ids(e, task);
	PARAM(cwd, put_empty(e)); /* cwd */
	PARAM(fdlimit, put_fdlimit(e, task));
	put_faults(e, task);
	put_memory(e, task);
	PARAM(comm, put_comm(e, task));
	PARAM(cgroups, put_cgroups(e, task));
}

static __always_inline __u32 executable_flags(struct task_struct *task)
{
	struct file *file = exe_file(task);
	__u32 flags = 0;
	if (!file || !BPF_CORE_READ(file, f_inode))
		return 0;
	if (exe_writable(READ_ADDRESS(task, cred), READ_ADDRESS(file, f_inode)))
		flags |= EXE_WRITABLE;
	flags |= overlay_layer(file, EXE_UPPER_LAYER, EXE_LOWER_LAYER);
	if (from_memfd(file))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

static __always_inline void put_exec_end(struct event *e, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct file *file = exe_file(task);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	PARAM(tty, put_u32(e, tty_of(task)));
	PARAM(vpgid, put_u64(e, task_vpgid(task)));
	PARAM(loginuid, put_u32(e, loginuid_of(task)));
	PARAM(flags, put_u32(e, executable_flags(task)));
	PARAM(cap_inheritable, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_inheritable))));
	PARAM(cap_permitted, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_permitted))));
	PARAM(cap_effective, put_u64(e, kernel_cap(BPF_CORE_READ(cred, cap_effective))));
	PARAM(exe_ino, put_u64(e, inode ? BPF_CORE_READ(inode, i_ino) : 0));
	PARAM(exe_ino_ctime, put_u64(e, inode ? inode_ctime(inode) : 0));
	PARAM(exe_ino_mtime, put_u64(e, inode ? inode_mtime(inode) : 0));
	PARAM(uid, put_u32(e, BPF_CORE_READ(cred, euid.val)));
	if (file)
		PARAM(trusted_exepath, put_file_path(e, file));
	else
		PARAM(trusted_exepath, put_empty(e));
	PARAM(pgid, put_u64(e, task_pgid(task)));
	PARAM(gid, put_u32(e, BPF_CORE_READ(cred, egid.val)));
}

static __always_inline bool is_environment_read(__u32 nr)
{
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	return want && !(*want & WANT_NO_ENVIRONMENTS);
}

/* execve and execveat alike: the kernel makes an execve of the latter on its way (set_personality_64bit, arch/x86/kernel/process_64.c). */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct event event, *e = &event;
	__u32 nr = NR_EXECVE;
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	if (!want || *want == WANT_NOTHING || (BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return 0;
	if (!begin(e, PPME_SYSCALL_EXECVE_19_X, NPARAMS_SYSCALL_EXECVE_19_X, WANT_EXEC))
		return 0;
	PARAM(res, put_u64(e, 0));
	put_command_line(e, task);
	put_exec_middle(e, task);
	if (is_environment_read(NR_EXECVE))
		PARAM(env, put_environment(e, task));
	else
		PARAM(env, put_empty(e));
	put_exec_end(e, task);
	/* of an execveat it is /dev/fd/N, or /dev/fd/N/path (fs/exec.c) */
	PARAM(filename, put_kernel_text(e, BPF_CORE_READ(bprm, filename), MAX_CHUNK));
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

/* Of an exec that failed. */
static __always_inline void put_argv(struct event *e, unsigned long argv)
{
	__u64 p = argv ? read_pointer(&e->to->registers, argv, 0) : 0;
	if (!p) {
		PARAM(exe, put_empty(e));
		PARAM(args, put_empty(e));
		return;
	}
	PARAM(exe, put_user_text(e, p));
	PARAM(args, end_param(e, copy_strings(argv, 1) & (2 * MAX_CHUNK - 1)));
}

/* Of an exec that failed: the environment that it would have had. */
static __always_inline void put_envp(struct event *e, unsigned long envp)
{
	end_param(e, envp ? copy_strings(envp, 0) & (2 * MAX_CHUNK - 1) : 0);
}

#define EXEC_FLAGS 19 /* the position of the parameter `flags` */

static __always_inline bool are_failures_bare(struct event *e)
{
	__u32 nr = e->to->registers.number;
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	return want && *want & WANT_BARE_FAILURES;
}

/* The parameters that both calls have: of those behind the result only the flags, where no rule reads another. A global function: see task.bpf.h. */
__noinline int write_failed_exec(__s64 ret, __u64 argv, __u64 envp)
{
	struct event event, *e = &event;
	struct task_struct *task = current_task();
	if (!resume(e, 0))
		return false;
	PARAM(res, put_u64(e, ret));
	if (are_failures_bare(e)) {
		while (e->param < EXEC_FLAGS)
			put_empty(e);
		PARAM(flags, put_u32(e, executable_flags(task)));
		while (e->param < NPARAMS_SYSCALL_EXECVEAT_X)
			put_empty(e);
		return 0;
	}
	put_argv(e, argv);
	put_exec_middle(e, task);
	PARAM(env, put_envp(e, is_environment_read(NR_EXECVE) ? envp : 0));
	put_exec_end(e, task);
	return 0;
}

EXIT_EVENT_SHARED(execve, SYSCALL_EXECVE_19_X)
{
	write_failed_exec(ret, argument(regs, 1), argument(regs, 2));
	e->param = NPARAMS_SYSCALL_EXECVE_19_X - 1;
	PARAM(filename, put_user_text(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(execveat, SYSCALL_EXECVEAT_X)
{
	write_failed_exec(ret, argument(regs, 2), argument(regs, 3));
}

SHARED_PROGRAM(execs, EXECS, WANT_FIRST, true)
