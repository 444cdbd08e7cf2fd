/*
 * Level 2: whether a call that changes what is known of a process has really been made. A seccomp filter, its supervisor or a tracer may
 * answer in the kernel's place, with any value: such a call ends without having begun, and any user may let it seem that a process has
 * been made, or another user taken. sys_enter comes after all of them.
 */
#pragma once
#include "extract.bpf.h"

#define MAX_BEGUN 8192

/* Threads that are in such a call. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_BEGUN);
	__type(key, __u32);
	__type(value, __u8);
} begun SEC(".maps");

/* Once it was full nobody can say any more whether a call that is not in it has begun. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} begun_was_full SEC(".maps");

static __always_inline __u32 *was_full(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&begun_was_full, &zero);
}

static __always_inline void note_begun(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u32 *full;
	__u8 yes = 1;
	if (!bpf_map_update_elem(&begun, &tid, &yes, BPF_ANY))
		return;
	full = was_full();
	if (full)
		*full = 1;
}

/* Also of a thread that ends within a call. */
static __always_inline bool take_begun(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	return !bpf_map_delete_elem(&begun, &tid);
}

/* Whether the call is to be recorded. */
static __always_inline bool was_made(long ret)
{
	__u32 *full;
	if (take_begun() || ret < 0)
		return true;
	full = was_full();
	count(full && *full ? COUNT_UNCHECKED : COUNT_FORGED);
	return full && *full;
}

#define PF_FORKNOEXEC 0x40
/* As long as the engine takes a second event of a child's beginning for the same: CLONE_STALE_NS. */
#define FRESH_NS 2000000000ull

/*
 * The same of a call that makes a process, which ends in the child, too, and has not begun there: an older process that has run before,
 * or has run a program, is no child that begins.
 */
static __always_inline bool was_made_here(long ret)
{
#if defined(__TARGET_ARCH_arm64)
	return was_made(ret); /* the child does not come here: see fork_done */
#else
	struct task_struct *task = current_task();
	if (ret != 0)
		return was_made(ret);
	take_begun();
	if ((BPF_CORE_READ(task, flags) & PF_FORKNOEXEC) &&
	    (bpf_ktime_get_boot_ns() - BPF_CORE_READ(task, start_boottime) < FRESH_NS ||
	     (!BPF_CORE_READ(task, nvcsw) && !BPF_CORE_READ(task, utime))))
		return true;
	count(COUNT_FORGED);
	return false;
#endif
}
