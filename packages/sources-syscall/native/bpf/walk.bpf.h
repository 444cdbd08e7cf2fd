/* Level 2: paths of files as the kernel knows them, from their directory entries and mounts. */
#pragma once
#include "backwards.bpf.h"

#define MAX_COMPONENTS 256    /* that are followed up to a root */
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

/*
 * The walks are global functions, and so is a step of each: the verifier checks them once, by themselves, instead of again at
 * every call and in every turn of a loop with every state of the caller. They take kernel pointers as numbers.
 */

/* The mount that is the root of the first process of all. */
static __always_inline struct vfsmount *host_root(void)
{
	return BPF_CORE_READ(current_task(), thread_pid, numbers[0].ns, child_reaper, fs, root.mnt);
}

/* The root directory of the first process in the caller's outermost pid namespace below the host's: a container's, as a rule. */
static __always_inline __u64 container_root(void)
{
	struct pid *pid = BPF_CORE_READ(current_task(), thread_pid);
	if (BPF_CORE_READ(pid, level) == 0)
		return 0;
	return READ_ADDRESS(upid_at(pid, 1).ns, child_reaper, fs, root.dentry);
}

/* Whether this mount hides where its files lie: it shows a part of its file system, or shows the host's root or a container's once more. */
static __always_inline bool is_hiding(const struct dentry *root, bool again)
{
	if (root == BPF_CORE_READ(host_root(), mnt_root))
		return again;
	return BPF_CORE_READ(root, d_parent) != root || (again && (__u64)root == container_root());
}

/* From the root of a mount to where it is mounted; 0 = the walk is over. */
__noinline int walk_mount(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct mount *mount, *up;
	struct dentry *mountpoint;
	if (!b)
		return 0;
	mount = (void *)b->vfsmount - bpf_core_field_offset(struct mount, mnt);
	up = BPF_CORE_READ(mount, mnt_parent);
	mountpoint = BPF_CORE_READ(mount, mnt_mountpoint);
	if (is_hiding(BPF_CORE_READ(mount, mnt.mnt_root), mountpoint != BPF_CORE_READ(up, mnt.mnt_root)))
		b->part = 1;
	if (up == mount) {
		b->whole = 1;
		return 0;
	}
	b->node = (__u64)mountpoint;
	b->vfsmount = (__u64)up + bpf_core_field_offset(struct mount, mnt);
	return 1;
}

/* One component of a path up, or from the root of a mount to where it is mounted; 0 = the walk is over. */
__noinline int walk_component(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry, *parent;
	struct vfsmount *vfsmnt;
	if (!b)
		return 0;
	dentry = (void *)b->node;
	vfsmnt = (void *)b->vfsmount;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == parent || dentry == BPF_CORE_READ(vfsmnt, mnt_root))
		return walk_mount(place);
	if (!prepend(b, (const char *)BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
		return 0;
	b->node = (__u64)parent;
	return 1;
}

/* Turns of a walk within one call: the verifier follows each turn of a loop, so a long one is made of two short ones. */
#define TURNS 16

/* The next components; 0 = the walk is over. */
__noinline int walk_components(__u32 place)
{
	for (int i = 0; i < TURNS; i++)
		if (!walk_component(place))
			return 0;
	return 1;
}

static __always_inline int end_walk(struct backwards *b)
{
	if (b->at == BACKWARDS - 1) {
		b->at = BACKWARDS - 2;
		b->bytes[BACKWARDS - 2] = '/';
	}
	return b->whole;
}

/* Writes the path of (dentry, vfsmount) backwards, across mounts, to the root of its mount namespace; 0 = it could not. */
__noinline int walk_path_at(__u32 place, __u64 dentry_address, __u64 vfsmount_address)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry = (void *)dentry_address;
	struct vfsmount *vfsmnt = (void *)vfsmount_address;
	if (!b || !dentry)
		return 0;
	b->at = BACKWARDS - 1;
	b->part = 0;
	if (BPF_CORE_READ(dentry, d_parent) == dentry && dentry != BPF_CORE_READ(vfsmnt, mnt_root)) {
		/* A memfd or the like lies in no directory: it has its name alone, without a slash. */
		if (!prepend(b, (const char *)BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
			return 0;
		b->at += 1;
		return 1;
	}
	b->whole = 0;
	b->node = b->start = dentry_address;
	b->vfsmount = vfsmount_address;
	for (int i = 0; i < MAX_COMPONENTS / TURNS && walk_components(place); i++)
		;
	return end_walk(b);
}

static __always_inline int walk_path(__u64 dentry_address, __u64 vfsmount_address)
{
	return walk_path_at(bpf_get_smp_processor_id(), dentry_address, vfsmount_address);
}

/* One component up, to a directory entry whose address stands in `vfsmount`; 0 = the walk is over. */
__noinline int walk_name(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry, *parent;
	if (!b)
		return 0;
	dentry = (void *)b->node;
	parent = BPF_CORE_READ(dentry, d_parent);
	b->whole = b->node == b->vfsmount;
	if (b->whole || dentry == parent ||
	    !prepend(b, (const char *)BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
		return 0;
	b->node = (__u64)parent;
	return 1;
}

/* The next components of such a walk; 0 = it is over. */
__noinline int walk_names(__u32 place)
{
	for (int i = 0; i < TURNS; i++)
		if (!walk_name(place))
			return 0;
	return 1;
}

/* After walk_path: writes the path that the same file has below this directory, whatever mounts the way led through; 0 = it has none. */
__noinline int walk_below(__u32 place, __u64 root_address)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry, *root = (void *)root_address;
	if (!b || !root)
		return 0;
	dentry = (void *)b->start;
	if (BPF_CORE_READ(dentry, d_sb) != BPF_CORE_READ(root, d_sb))
		return 0;
	b->at = BACKWARDS - 1;
	b->node = b->start;
	b->vfsmount = root_address;
	for (int i = 0; i < MAX_COMPONENTS / TURNS && walk_names(place); i++)
		;
	return end_walk(b);
}

/*
 * A container whose mount namespace belongs to the first user namespace: only root of the host, or a container as powerful, has
 * mounted there. Its rules name files by the places where its volumes are mounted (/host/etc), as in Falco.
 */
static __always_inline bool in_trusted_mounts(void)
{
	struct task_struct *task = current_task();
	return BPF_CORE_READ(task, thread_pid, level) > 0 && BPF_CORE_READ(task, nsproxy, mnt_ns, user_ns, level) == 0;
}

/* Below /etc, /root, /boot, /bin, /usr, /sbin, /lib and what begins like them: where rules name files one by one (src/state/opened-path.ts). */
static __always_inline bool is_named_by_rules(const struct backwards *b)
{
	__u8 first = b->bytes[(b->at + 1) & (BACKWARDS - 1)], second = b->bytes[(b->at + 2) & (BACKWARDS - 1)];
	return first == 'b' || (first == 'e' && second == 't') || (first == 'r' && second == 'o') || (first == 'u' && second == 's') ||
	       (first == 's' && second == 'b') || (first == 'l' && second == 'i');
}

/*
 * After walk_path through a mount that hides where the file lies: writes its path below the host's root, or its container's, if rules
 * may name it by that; 0 = neither.
 */
__noinline int walk_named(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry;
	struct super_block *sb;
	__u64 root;
	if (!b || !b->part)
		return 0;
	if (!in_trusted_mounts() && walk_below(place, READ_ADDRESS(host_root(), mnt_root)) && is_named_by_rules(b))
		return 1;
	dentry = (void *)b->start;
	sb = BPF_CORE_READ(dentry, d_sb);
	/* an overlay's own root is a container's, whoever looks at it */
	root = BPF_CORE_READ(sb, s_magic) == OVERLAYFS_SUPER_MAGIC ? READ_ADDRESS(sb, s_root) : container_root();
	return walk_below(place, root) && is_named_by_rules(b);
}

/* As walk_path_at; but what a mount hides has its path on the host, or in its container, if rules may name it by that. */
__noinline int walk_known_at(__u32 place, __u64 dentry, __u64 vfsmount)
{
	struct backwards *b = buffer_at(place);
	int walked = walk_path_at(place, dentry, vfsmount);
	if (!b || !walked || !b->part || walk_named(place))
		return walked;
	return walk_path_at(place, dentry, vfsmount);
}

/* What a walk has written. */
static __always_inline void put_walked(struct event *e)
{
	struct backwards *b = cpu_buffer();
	if (b)
		end_param(e, append_backwards(e, 0, b));
	else
		put_empty(e);
}

/* After all parameters: what a walk has written, as the event's tail. */
static __always_inline void add_walked(struct event *e)
{
	struct backwards *b = cpu_buffer();
	if (b)
		e->to->at += append_backwards(e, 0, b);
}

/* Behind that, or behind an empty text: the path that walk_named writes. A 1 ends it: readers tell by the last byte. */
__noinline int write_named_path(__u32 alone)
{
	struct event event, *e = &event;
	struct backwards *b = cpu_buffer();
	if (!b || !resume(e, 0) || !walk_named(bpf_get_smp_processor_id()))
		return 0;
	if (alone) {
		*slot(e) = 0;
		e->to->at += 1;
	}
	e->to->at += append_backwards(e, 0, b);
	e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 1;
	return 0;
}

static __always_inline void add_named_path(bool alone)
{
	struct backwards *b = cpu_buffer();
	if (b && b->part)
		write_named_path(alone);
}

static __always_inline void put_file_path(struct event *e, struct file *file)
{
	if (walk_path(READ_ADDRESS(file, f_path.dentry), READ_ADDRESS(file, f_path.mnt)))
		put_walked(e);
	else
		put_empty(e);
}
