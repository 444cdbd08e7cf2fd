/* Level 2: paths of files as the kernel knows them, from their directory entries and mounts. */
#pragma once
#include "backwards.bpf.h"

#define MAX_COMPONENTS 256    /* that are followed up to a root */

/*
 * The walks are global functions, and so is a step of each: the verifier checks them once, by themselves, instead of again at
 * every call and in every turn of a loop with every state of the caller. They take kernel pointers as numbers.
 */

/* The mount that is the root of the first process of all. */
static __always_inline struct vfsmount *host_root(void)
{
	return BPF_CORE_READ(current_task(), thread_pid, numbers[0].ns, child_reaper, fs, root.mnt);
}

/* One component of a path, or one mount, up; 0 = the walk is over. */
__noinline int walk_component(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry, *parent, *root;
	struct vfsmount *vfsmnt;
	if (!b)
		return 0;
	dentry = (void *)b->node;
	vfsmnt = (void *)b->vfsmount;
	parent = BPF_CORE_READ(dentry, d_parent);
	root = BPF_CORE_READ(vfsmnt, mnt_root);
	if (dentry == root || dentry == parent) {
		struct mount *mount = (void *)vfsmnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);
		if (BPF_CORE_READ(root, d_parent) != root && root != BPF_CORE_READ(host_root(), mnt_root))
			b->part = 1;
		if (up == mount) {
			b->whole = 1;
			return 0;
		}
		b->node = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		b->vfsmount = (__u64)up + bpf_core_field_offset(struct mount, mnt);
		return 1;
	}
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

/*
 * After walk_path: writes the path that the same file has below the host's root, whatever mounts the way led through; 0 = it
 * lies on another file system.
 */
__noinline int walk_host(__u32 place)
{
	struct backwards *b = buffer_at(place);
	struct dentry *dentry, *root;
	if (!b)
		return 0;
	dentry = (void *)b->start;
	root = BPF_CORE_READ(host_root(), mnt_root);
	if (BPF_CORE_READ(dentry, d_sb) != BPF_CORE_READ(root, d_sb))
		return 0;
	b->at = BACKWARDS - 1;
	b->node = b->start;
	b->vfsmount = (__u64)root;
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

/* As walk_path_at; but what lies below the host's root, behind a mount that hides it, has its path there, if rules may name it by that. */
__noinline int walk_known_at(__u32 place, __u64 dentry, __u64 vfsmount)
{
	struct backwards *b = buffer_at(place);
	int walked = walk_path_at(place, dentry, vfsmount);
	if (!b || !walked || !b->part || in_trusted_mounts())
		return walked;
	if (walk_host(place) && is_named_by_rules(b))
		return 1;
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

/* Behind that, or behind an empty text: the file's path on the host, when a mount hides it. A 1 ends it: readers tell by the last byte. */
__noinline int write_host_path(__u32 alone)
{
	struct event event, *e = &event;
	__u32 before;
	struct backwards *b = cpu_buffer();
	if (!b || !resume(e, 0) || in_trusted_mounts())
		return 0;
	before = e->to->at;
	if (alone) {
		*slot(e) = 0;
		e->to->at += 1;
	}
	if (walk_host(bpf_get_smp_processor_id())) {
		e->to->at += append_backwards(e, 0, b);
		e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 1;
	} else {
		e->to->at = before;
	}
	return 0;
}

static __always_inline void add_host_path(bool alone)
{
	struct backwards *b = cpu_buffer();
	if (b && b->part)
		write_host_path(alone);
}

static __always_inline void put_file_path(struct event *e, struct file *file)
{
	if (walk_path(READ_ADDRESS(file, f_path.dentry), READ_ADDRESS(file, f_path.mnt)))
		put_walked(e);
	else
		put_empty(e);
}
