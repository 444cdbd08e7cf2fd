/* Level 3: what a process runs: where the file lies, whether the process could write it, when it changed. */
#pragma once
#include "task.bpf.h"
#include "open.bpf.h"

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
#define MAX_GROUP_STEPS 17 /* a binary search among at most 65536 groups (NGROUPS_MAX) */
#define MAX_ID_EXTENTS 5   /* that lie in struct uid_gid_map itself (UID_GID_MAP_MAX_BASE_EXTENTS) */

/*
 * Whether the id is one of the credentials' supplementary groups, which the kernel keeps sorted. A global function: see task.bpf.h. It
 * halves without a branch, since the verifier would follow both ways of each.
 */
__noinline int in_groups(__u64 cred_address, __u32 gid)
{
	const struct cred *cred = (void *)cred_address;
	struct group_info *groups = HELPED_READ(cred, group_info);
	__u32 left = 0, count = groups ? HELPED_READ(groups, ngroups) : 0, here = 0;
	for (int i = 0; i < MAX_GROUP_STEPS && count > 1; i++) {
		__u32 half = count / 2;
		__s64 behind;
		BPF_CORE_READ_INTO(&here, groups, gid[left + half].val);
		behind = (__s64)here - gid - 1;
		barrier_var(behind); /* clang would make a branch of what follows */
		left += half & (behind >> 63);
		count -= half;
	}
	if (!count)
		return false;
	BPF_CORE_READ_INTO(&here, groups, gid[left].val);
	return here == gid;
}

/* Whether the user namespace has a number for the id. A global function: see task.bpf.h. */
__noinline int is_mapped(__u64 map_address, __u32 id)
{
	struct uid_gid_map *map = (void *)map_address;
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
	__u64 ns;
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
	ns = READ_ADDRESS(cred, user_ns);
	if (!ns || !is_mapped(ns + bpf_core_field_offset(struct user_namespace, uid_map), uid))
		return false;
	caps = kernel_cap(BPF_CORE_READ(cred, cap_effective));
	return (caps & (1ull << CAP_FOWNER)) || ((caps & (1ull << CAP_DAC_OVERRIDE)) && is_mapped(ns + bpf_core_field_offset(struct user_namespace, gid_map), gid));
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
