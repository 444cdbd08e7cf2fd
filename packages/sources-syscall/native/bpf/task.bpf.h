/* Level 2: the parameters that describe a task: memory, command line, environment, cgroups, executable. */
#pragma once
#include "walk.bpf.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define MAX_CGROUP_DEPTH 16
#define MAX_ARGS_BYTES 4096
#define PAGE_KIB 4

/* kernfs_node.parent became __parent in 6.15. */
struct kernfs_node___6_15 {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));
struct kernfs_node___old {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___6_15 *newer = (void *)node;
	struct kernfs_node___old *older = (void *)node;
	if (bpf_core_field_exists(newer->__parent))
		return BPF_CORE_READ(newer, __parent);
	return BPF_CORE_READ(older, parent);
}

/* rss_stat is an array of percpu counters since 6.2, and a struct of atomics before. */
struct mm_struct___old {
	struct {
		atomic_long_t count[4];
	} rss_stat;
} __attribute__((preserve_access_index));

static __always_inline __u64 mm_counter(struct mm_struct *mm, int member)
{
	struct mm_struct___old *older = (void *)mm;
	s64 n = 0;
	if (bpf_core_field_exists(older->rss_stat.count))
		n = BPF_CORE_READ(older, rss_stat.count[member].counter);
	else
		n = BPF_CORE_READ(mm, rss_stat[member].count);
	return n > 0 ? n : 0;
}

static __always_inline void put_faults(struct event *e, struct task_struct *task)
{
	PARAM(pgft_maj, put_u64(e, BPF_CORE_READ(task, maj_flt)));
	PARAM(pgft_min, put_u64(e, BPF_CORE_READ(task, min_flt)));
}

static __always_inline void put_memory(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	if (!mm) {
		PARAM(vm_size, put_u32(e, 0));
		PARAM(vm_rss, put_u32(e, 0));
		PARAM(vm_swap, put_u32(e, 0));
		return;
	}
	PARAM(vm_size, put_u32(e, BPF_CORE_READ(mm, total_vm) * PAGE_KIB));
	PARAM(vm_rss, put_u32(e, (mm_counter(mm, MM_FILEPAGES) + mm_counter(mm, MM_ANONPAGES) + mm_counter(mm, MM_SHMEMPAGES)) * PAGE_KIB));
	PARAM(vm_swap, put_u32(e, mm_counter(mm, MM_SWAPENTS) * PAGE_KIB));
}

/* Bytes [from, to) of the user's memory as two parameters: the first string, and the rest. */
static __always_inline void put_first_and_rest(struct event *e, unsigned long from, unsigned long to)
{
	unsigned long size = to - from;
	long first;
	if (from >= to) {
		PARAM(exe, put_empty(e));
		PARAM(args, put_empty(e));
		return;
	}
	if (size > MAX_ARGS_BYTES)
		size = MAX_ARGS_BYTES;
	first = bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from);
	if (first <= 0) {
		count(COUNT_FAULT);
		PARAM(exe, put_empty(e));
		PARAM(args, put_empty(e));
		return;
	}
	PARAM(exe, end_param(e, first & (2 * MAX_CHUNK - 1)));
	if ((unsigned long)first >= size) {
		PARAM(args, put_empty(e));
		return;
	}
	PARAM(args, put_user_bytes(e, from + first, size - first));
	/* what was cut must still end in NUL */
	if (to - from > MAX_ARGS_BYTES)
		e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 0;
}

/* Of a task that has its own image. */
static __always_inline void put_command_line(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	put_first_and_rest(e, mm ? BPF_CORE_READ(mm, arg_start) : 0, mm ? BPF_CORE_READ(mm, arg_end) : 0);
}

static __always_inline void put_environment(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long from = mm ? BPF_CORE_READ(mm, env_start) : 0, to = mm ? BPF_CORE_READ(mm, env_end) : 0;
	put_user_bytes(e, from, to > from ? to - from : 0);
	if (to > from && to - from > MAX_CHUNK)
		e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 0;
}

/* Ids as the initial namespace sees them. ptid is the thread that created the process, not its group. */
static __always_inline void put_ids(struct event *e, struct task_struct *task)
{
	PARAM(tid, put_u64(e, BPF_CORE_READ(task, pid)));
	PARAM(pid, put_u64(e, BPF_CORE_READ(task, tgid)));
	PARAM(ptid, put_u64(e, BPF_CORE_READ(task, real_parent, pid)));
}

static __always_inline void put_fdlimit(struct event *e, struct task_struct *task)
{
	put_u64(e, BPF_CORE_READ(task, signal, rlim[7 /* RLIMIT_NOFILE */].rlim_cur));
}

static __always_inline void put_comm(struct event *e, struct task_struct *task)
{
	put_kernel_text(e, (const char *)task + bpf_core_field_offset(struct task_struct, comm), 16);
}

/* One kernfs node up; 0 = the walk is over. */
__noinline int walk_kernfs_node(void)
{
	struct backwards *b = cpu_buffer();
	struct kernfs_node *node, *parent;
	long n;
	if (!b || !b->node)
		return 0;
	node = (void *)b->node;
	parent = kernfs_parent(node);
	if (!parent)
		return 0;
	/* behind all that is written backwards: a stack has no room for it */
	n = bpf_probe_read_kernel_str(&b->bytes[BACKWARDS], 256, BPF_CORE_READ(node, name));
	if (n <= 1 || !prepend(b, (char *)&b->bytes[BACKWARDS], n - 1))
		return 0;
	b->node = (__u64)parent;
	return 1;
}

/* Writes the path of a kernfs node backwards. */
__noinline int walk_kernfs(__u64 node_address)
{
	struct backwards *b = cpu_buffer();
	if (!b)
		return 0;
	b->at = BACKWARDS - 1;
	b->node = node_address;
	for (int i = 0; i < MAX_CGROUP_DEPTH && walk_kernfs_node(); i++)
		;
	if (b->at == BACKWARDS - 1) {
		b->at = BACKWARDS - 2;
		b->bytes[BACKWARDS - 2] = '/';
	}
	return 1;
}

/* Appends one "subsystem=path" to the cgroups parameter. `label`: up to eight characters as they lie in memory. A global function: see above. */
__noinline int append_cgroup(__u64 node, __u64 label, __u32 label_length)
{
	struct event event, *e = &event;
	struct backwards *b = cpu_buffer();
	if (!b || !resume(e, 0))
		return 0;
	walk_kernfs(node);
	STORE(__u64, &e->to->bytes[(e->to->at + e->to->cursor) & (MAX_EVENT - 1)], label);
	e->to->cursor += label_length;
	e->to->cursor += append_backwards(e, e->to->cursor, b);
	return 0;
}

#define CGROUP(label, id)                                                                                            \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, id))                                                   \
		append_cgroup(READ_ADDRESS(task, cgroups, subsys[bpf_core_enum_value(enum cgroup_subsys_id, id)], cgroup, kn), \
			      *(const __u64 *)label "\0\0\0\0\0\0\0", sizeof(label) - 1)

/* cpuset cpu cpuacct io memory, each "subsystem=path" NUL */
static __always_inline void put_cgroups(struct event *e, struct task_struct *task)
{
	e->to->cursor = 0;
	CGROUP("cpuset=", cpuset_cgrp_id);
	CGROUP("cpu=", cpu_cgrp_id);
	CGROUP("cpuacct=", cpuacct_cgrp_id);
	CGROUP("io=", io_cgrp_id);
	CGROUP("memory=", memory_cgrp_id);
	end_param(e, e->to->cursor);
}
