/* Level 1: read the kernel. Every read is CO-RE: field offsets are relocated to the running kernel. */
#pragma once
#include "base.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define PATH_MAX 4096

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task_btf();
}

/* n-th argument of the syscall that is about to return (0-based). At sys_exit the registers still hold them. */
static __always_inline unsigned long argument(struct pt_regs *regs, int n)
{
	switch (n) {
	case 0: return PT_REGS_PARM1_CORE_SYSCALL(regs);
	case 1: return PT_REGS_PARM2_CORE_SYSCALL(regs);
	case 2: return PT_REGS_PARM3_CORE_SYSCALL(regs);
	case 3: return PT_REGS_PARM4_CORE_SYSCALL(regs);
	case 4: return PT_REGS_PARM5_CORE_SYSCALL(regs);
	default: return PT_REGS_PARM6_CORE_SYSCALL(regs);
	}
}

static __always_inline long syscall_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ((struct pt_regs___arm64 *)regs, syscallno);
#endif
}

/* A 32-bit compatibility task: its syscall numbers mean something else. */
static __always_inline bool is_compat_task(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread_info.status) & 0x0002; /* TS_COMPAT, arch/x86/include/asm/thread_info.h */
#else
	return false;
#endif
}

static __always_inline struct file *file_of(struct task_struct *task, int fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **slots;
	struct file *file = NULL;
	if (fd < 0 || !table || (unsigned int)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	slots = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &slots[fd]);
	return file;
}

/* The device number as stat(2) shows it (new_encode_dev, include/linux/kdev_t.h). */
static __always_inline __u32 encode_dev(dev_t dev)
{
	__u32 major = dev >> 20, minor = dev & 0xfffff;
	return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

static __always_inline __u32 file_dev(struct file *file)
{
	return encode_dev(BPF_CORE_READ(file, f_inode, i_sb, s_dev));
}

static __always_inline __u64 file_ino(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_ino);
}

/* The namespace-local id of a pid structure, at its own level. */
static __always_inline __s64 pid_vnr(struct pid *pid)
{
	int level = BPF_CORE_READ(pid, level);
	struct upid id = {};
	bpf_probe_read_kernel(&id, sizeof(id), (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * sizeof(struct upid));
	return id.nr;
}

static __always_inline __s64 task_vtid(struct task_struct *task)
{
	return pid_vnr(BPF_CORE_READ(task, thread_pid));
}

static __always_inline __s64 task_vpid(struct task_struct *task)
{
	return pid_vnr(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
}

static __always_inline __s64 task_vpgid(struct task_struct *task)
{
	return pid_vnr(BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]));
}

static __always_inline __s64 task_pgid(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID], numbers[0].nr);
}

static __always_inline __s64 task_sid(struct task_struct *task)
{
	return pid_vnr(BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]));
}

/* Whether the task lives in a pid namespace other than the first. */
static __always_inline bool in_child_pidns(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid, level) != 0;
}

static __always_inline __u64 kernel_cap(kernel_cap_t cap)
{
	__u64 value;
	bpf_probe_read_kernel(&value, sizeof(value), &cap);
	return value;
}
