/* Level 2: paths of files as the kernel knows them, from their directory entries and mounts. */
#pragma once
#include "store.bpf.h"

/*
 * Text is put together from its end to its start (a path is known from its last component upwards) in a CPU's buffer of
 * its own, and copied into the event when complete.
 */
#define BACKWARDS 8192
#define MAX_COMPONENTS 256    /* that are followed up to a root */
struct backwards {
	__u8 bytes[BACKWARDS + MAX_CHUNK];
	__u32 at;       /* where the text starts; in the map for the same reason as in struct scratch */
	__u32 whole;    /* the walk came to a root */
	__u32 part;     /* it left a mount that shows a part of its file system only: a bind mount, or one without a place */
	/* where a walk is: a dentry and its mount, or a kernfs node */
	__u64 node;
	__u64 vfsmount;
	__u64 start;    /* the dentry of which the path is asked */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct backwards);
} backwards_buffers SEC(".maps");

/* Eight bytes of the kernel's memory, by the first member of a structure that every kernel has; where the kernel can cast. */
static __always_inline __u64 word_of(const char *from)
{
	return ((struct timespec64 *)bpf_rdonly_cast(from, bpf_core_type_id_kernel(struct timespec64)))->tv_sec;
}

/* Names of so many words are copied word by word, in less time than the helper needs to begin. */
#define SHORT_NAME 4

/*
 * Copies a short name, the last word first. What a word has too much of falls in front of the name, where its parent's goes next:
 * reading what was just written, to keep it, would cost more than all the rest.
 */
static __always_inline void copy_short_name(struct backwards *b, __u32 at, const char *name, __u32 length)
{
	__u64 *to;
	if (length < 8) {
		to = launder(&b->bytes[(at + length - 8) & (BACKWARDS - 1)]);
		*to = word_of(name) << (8 * (8 - length) & 63);
		return;
	}
	for (__u32 i = 1; i <= SHORT_NAME && i * 8 <= length; i++) {
		to = launder(&b->bytes[(at + length - i * 8) & (BACKWARDS - 1)]);
		*to = word_of(name + length - i * 8);
	}
	to = launder(&b->bytes[at & (BACKWARDS - 1)]);
	*to = word_of(name);
}

/* Puts `/name` in front of what is there; false when there is no room. */
static __always_inline bool prepend(struct backwards *b, const char *name, __u32 length)
{
	__u32 at = b->at;
	length &= 255;
	if (at < length + 16 || at > BACKWARDS)
		return false;
	at -= length;
	/* Linux 6.12 no longer knows the bound of `length` after the comparison: it is set again. */
	barrier_var(length);
	length &= 255;
	if (can_cast && length && length <= 8 * SHORT_NAME)
		copy_short_name(b, at, name, length);
	else
		bpf_probe_read_kernel(&b->bytes[at & (BACKWARDS - 1)], length, name);
	at -= 1;
	b->bytes[at & (BACKWARDS - 1)] = '/';
	b->at = at;
	return true;
}

/* Appends what was written backwards and a NUL to the event without ending the parameter; the length. */
static __always_inline __u32 append_backwards(struct event *e, __u32 offset, struct backwards *b)
{
	__u32 at = b->at, length = BACKWARDS - 1 - at;
	if (length >= MAX_CHUNK)
		length = MAX_CHUNK - 1;
	length &= MAX_CHUNK - 1;
	bpf_probe_read_kernel(&e->to->bytes[(e->to->at + offset) & (MAX_EVENT - 1)], length, &b->bytes[at & (BACKWARDS - 1)]);
	e->to->bytes[(e->to->at + offset + length) & (MAX_EVENT - 1)] = 0;
	return length + 1;
}

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
__noinline int walk_component(void)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
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
__noinline int walk_components(void)
{
	for (int i = 0; i < TURNS; i++)
		if (!walk_component())
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
__noinline int walk_path(__u64 dentry_address, __u64 vfsmount_address)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
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
	for (int i = 0; i < MAX_COMPONENTS / TURNS && walk_components(); i++)
		;
	return end_walk(b);
}

/* One component up, to a directory entry whose address stands in `vfsmount`; 0 = the walk is over. */
__noinline int walk_name(void)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
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
__noinline int walk_names(void)
{
	for (int i = 0; i < TURNS; i++)
		if (!walk_name())
			return 0;
	return 1;
}

/*
 * After walk_path: writes the path that the same file has below the host's root, whatever mounts the way led through; 0 = it
 * lies on another file system.
 */
__noinline int walk_host(void)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
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
	for (int i = 0; i < MAX_COMPONENTS / TURNS && walk_names(); i++)
		;
	return end_walk(b);
}

/* What a walk has written. */
static __always_inline void put_walked(struct event *e)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
	if (b)
		end_param(e, append_backwards(e, 0, b));
	else
		put_empty(e);
}

/* After all parameters: what a walk has written, as the event's tail. */
static __always_inline void add_walked(struct event *e)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
	if (b)
		e->to->at += append_backwards(e, 0, b);
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

/* Behind that, or behind an empty text: the file's path on the host, when a mount hides it. A 1 ends it: readers tell by the last byte. */
__noinline int write_host_path(__u32 alone)
{
	struct event event, *e = &event;
	__u32 zero = 0, before;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
	if (!b || !resume(e, 0) || in_trusted_mounts())
		return 0;
	before = e->to->at;
	if (alone) {
		*slot(e) = 0;
		e->to->at += 1;
	}
	if (walk_host()) {
		e->to->at += append_backwards(e, 0, b);
		e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 1;
	} else {
		e->to->at = before;
	}
	return 0;
}

static __always_inline void add_host_path(bool alone)
{
	__u32 zero = 0;
	struct backwards *b = bpf_map_lookup_elem(&backwards_buffers, &zero);
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
