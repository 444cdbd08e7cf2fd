/* Level 1: read the kernel. Every read is CO-RE: field offsets are relocated to the running kernel. */
#pragma once
#include "base.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define PATH_MAX 4096

/* Since 5.11 the kernel returns a typed pointer, which may be followed without a helper. */
#define TYPED_TASK bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

static __always_inline struct task_struct *current_task(void)
{
	if (TYPED_TASK)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/* n-th argument of the system call (0-based). */
static __always_inline __u64 argument(const struct registers *regs, int n)
{
	return regs->arguments[n];
}

/* At sys_exit the registers still hold the arguments. They are read directly: every call passes here. */
static __always_inline void read_native(struct registers *to, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	to->arguments[0] = regs->di;
	to->arguments[1] = regs->si;
	to->arguments[2] = regs->dx;
	to->arguments[3] = regs->r10;
	to->arguments[4] = regs->r8;
	to->arguments[5] = regs->r9;
#elif defined(__TARGET_ARCH_arm64)
	to->arguments[0] = PT_REGS_PARM1_CORE_SYSCALL(regs);
	to->arguments[1] = PT_REGS_PARM2_CORE_SYSCALL(regs);
	to->arguments[2] = PT_REGS_PARM3_CORE_SYSCALL(regs);
	to->arguments[3] = PT_REGS_PARM4_CORE_SYSCALL(regs);
	to->arguments[4] = PT_REGS_PARM5_CORE_SYSCALL(regs);
	to->arguments[5] = PT_REGS_PARM6_CORE_SYSCALL(regs);
#endif
}

/* The same of a call through the 32-bit interface; false = this machine has none that is understood. */
static __always_inline bool read_compat(struct registers *to, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	to->arguments[0] = (__u32)regs->bx;
	to->arguments[1] = (__u32)regs->cx;
	to->arguments[2] = (__u32)regs->dx;
	to->arguments[3] = (__u32)regs->si;
	to->arguments[4] = (__u32)regs->di;
	to->arguments[5] = (__u32)regs->bp;
	return true;
#else
	return false;
#endif
}

/* Whether the caller's memory has it laid out for 32 bits. `which` is one of enum narrow. */
static __always_inline bool is_narrow(const struct registers *regs, __u16 which)
{
	return regs->narrow & which;
}

/* A timespec in the caller's memory as ns. */
static __always_inline bool read_time(__u64 *to, const struct registers *regs, __u64 from)
{
	struct __kernel_timespec time = {};
	__s32 narrow[2] = {};
	if (!is_narrow(regs, NARROW_TIME)) {
		if (bpf_probe_read_user(&time, sizeof(time), (void *)from))
			return false;
	} else {
		if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)from))
			return false;
		time.tv_sec = narrow[0];
		time.tv_nsec = narrow[1];
	}
	*to = time.tv_sec * 1000000000ull + time.tv_nsec;
	return true;
}

static __always_inline __u32 syscall_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#endif
}

/* Whether the call came through the 32-bit interface: its number and its arguments mean something else. */
static __always_inline bool is_compat_call(void)
{
#if defined(__TARGET_ARCH_x86)
	const __u32 ts_compat = 0x0002; /* arch/x86/include/asm/thread_info.h */
	if (TYPED_TASK)
		return bpf_get_current_task_btf()->thread_info.status & ts_compat;
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), thread_info.status) & ts_compat;
#elif defined(__TARGET_ARCH_arm64)
	const __u32 tif_32bit = 1 << 22; /* arch/arm64/include/asm/thread_info.h */
	return BPF_CORE_READ(current_task(), thread_info.flags) & tif_32bit;
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

/* A pointer as a number: the verifier lets us calculate with that, and global functions take it. */
static __always_inline __u64 as_number(const void *pointer)
{
	__u64 number = 0;
	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/* The number and the namespace that a pid structure has at a level. */
static __always_inline struct upid upid_at(struct pid *pid, int level)
{
	struct upid id = {};
	bpf_probe_read_kernel(&id, sizeof(id), (void *)(as_number(pid) + bpf_core_field_offset(struct pid, numbers)) + level * sizeof(struct upid));
	return id;
}

/* The namespace-local id of a pid structure, at its own level. */
static __always_inline __s64 pid_vnr(struct pid *pid)
{
	return upid_at(pid, BPF_CORE_READ(pid, level)).nr;
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

/* The innermost namespace that a pid structure has a number in. */
static __always_inline struct pid_namespace *pid_namespace_of(struct pid *pid)
{
	return upid_at(pid, BPF_CORE_READ(pid, level)).ns;
}

static __always_inline __u64 kernel_cap(kernel_cap_t cap)
{
	__u64 value;
	bpf_probe_read_kernel(&value, sizeof(value), &cap);
	return value;
}
