/*
 * Level 2: paths that a call was given, at sys_exit. Another thread may have written there since: they are compared with what was read at
 * sys_enter.
 *
 * Of an open that succeeded, the kernel knows the file's own path. It replaces the name when the two texts differ, when
 * the text could be read only once and is not that path, and in a process in which a change was seen. Otherwise the name is the
 * text; when that is not the file's path (links, `..`, a directory's descriptor, chroot, a relative path), the file's path
 * follows behind the parameters. Calls that return no file: changes.bpf.h.
 */
#pragma once
#include "store.bpf.h"
#include "task.bpf.h"
#include "enter.bpf.h"

/* Processes in which a path was seen to change, by their id modulo the size. */
#define MAX_RACERS 1024
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_RACERS);
	__type(key, __u32);
	__type(value, __u32);
} racers SEC(".maps");

/* Bytes that one call compares, and that the one which calls that compares, for the reason of TURNS in walk.bpf.h. */
#define COMPARED 64
#define COMPARED_BY_CALLS 512

/* Whether the next bytes of two texts of `length` bytes are equal: words at a time, then what is left of one. */
static __always_inline int same_text(const __u8 *one, const __u8 *other, __u32 at, __u32 length)
{
	__u64 left = length - at, rest, whole, last;
	at &= MAX_CHUNK - COMPARED;
	if (left > COMPARED)
		left = COMPARED;
	rest = left & 7;
	whole = left - rest;
	last = left & (COMPARED - 8);
	one = launder((void *)(one + at));
	other = launder((void *)(other + at));
	barrier_var(last); /* what follows the loop is the same after any number of turns */
	for (__u64 i = 0; i < COMPARED && i < whole; i += 8)
		if (*(__u64 *)(one + i) != *(__u64 *)(other + i))
			return 0;
	/* the first byte is the lowest */
	return !rest || !((*(__u64 *)(one + last) ^ *(__u64 *)(other + last)) << (64 - rest * 8));
}

/* Whether the text of `length` bytes where the next parameter goes is, from `at` on, what was entered. */
__noinline int goes_on_as_entered(__u32 entry, __u32 second, __u32 at, __u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct entered *entered = bpf_map_lookup_elem(&entered_paths, &entry);
	if (!to || !entered)
		return 0;
	return same_text((__u8 *)entered->text[second & 1], &to->bytes[to->at & (MAX_EVENT - 1)], at, length);
}

__noinline int next_as_entered(__u32 entry, __u32 second, __u32 from, __u32 length)
{
	for (__u32 at = 0; at < COMPARED_BY_CALLS && from + at < length; at += COMPARED)
		if (!goes_on_as_entered(entry, second, from + at, length))
			return 0;
	return 1;
}

__noinline int same_as_entered(__u32 entry, __u32 second, __u32 length)
{
	for (__u32 at = 0; at < MAX_CHUNK && at < length; at += COMPARED_BY_CALLS)
		if (!next_as_entered(entry, second, at, length))
			return 0;
	return 1;
}

/* Whether it is, from `at` on, what was written backwards. */
__noinline int goes_on_as_walked(__u32 place, __u32 at, __u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct backwards *b = buffer_at(place);
	if (!to || !b || length != BACKWARDS - 1 - b->at)
		return 0;
	return same_text(&b->bytes[b->at & (BACKWARDS - 1)], &to->bytes[to->at & (MAX_EVENT - 1)], at, length);
}

__noinline int next_as_walked(__u32 place, __u32 from, __u32 length)
{
	for (__u32 at = 0; at < COMPARED_BY_CALLS && from + at < length; at += COMPARED)
		if (!goes_on_as_walked(place, from + at, length))
			return 0;
	return 1;
}

__noinline int same_as_walked(__u32 place, __u32 length)
{
	for (__u32 at = 0; at < MAX_CHUNK && at < length; at += COMPARED_BY_CALLS)
		if (!next_as_walked(place, at, length))
			return 0;
	return 1;
}

/* Whether others share the caller's memory: threads, above all. */
static __always_inline bool is_threaded(void)
{
	if (TYPED_TASK)
		return bpf_get_current_task_btf()->mm->mm_users.counter > 1;
	return BPF_CORE_READ(current_task(), mm, mm_users.counter) > 1;
}

static __always_inline struct entered *entered_by(__u32 *tid, __u32 *at)
{
	struct entered *entered;
	*tid = bpf_get_current_pid_tgid();
	*at = *tid & (MAX_ENTERED - 1);
	entered = bpf_map_lookup_elem(&entered_paths, at);
	return entered && entered->tid == *tid ? entered : NULL;
}

static __always_inline void put_length(struct event *e, long n)
{
	end_param(e, n > 0 ? n & (2 * MAX_CHUNK - 1) : 0);
}

/* Copies the text to where the next parameter goes; 0 = the place was taken meanwhile. */
static __always_inline long copy_entered(struct event *e, struct entered *entered, __u32 tid, __u32 second)
{
	long n = bpf_probe_read_kernel_str(slot(e), MAX_CHUNK, entered->text[second]);
	return is_still_of(entered, tid) ? n : 0;
}

/* A process in which a path changed is not trusted from then on. */
static __always_inline void note_race(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, at = pid & (MAX_RACERS - 1);
	__u32 *racer = bpf_map_lookup_elem(&racers, &at);
	if (racer)
		*racer = pid;
	count(COUNT_RACED);
}

static __always_inline bool is_racer(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, at = pid & (MAX_RACERS - 1);
	__u32 *racer = bpf_map_lookup_elem(&racers, &at);
	return racer && *racer == pid;
}

/* The name of an open, see above. Leaves in `resolved` whether the file's own path is to follow: it is written backwards then. */
__noinline int write_open_path(__u32 param, __u64 from, __u64 dentry, __u64 vfsmount)
{
	struct event event, *e = &event;
	__u32 tid, at;
	struct entered *before = entered_by(&tid, &at);
	bool known = before && before->length[0], walked = false, changed = false, trusted;
	long n;
	if (!resume(e, param))
		return false;
	n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	e->to->resolved = e->to->own = 0;
	e->to->name_at = e->to->at;
	if (known && n > 0) {
		changed = before->length[0] != n || !same_as_entered(at, 0, n);
		if (!changed && is_threaded()) {
			/* one more look halves the chance of a change that was undone */
			n = bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from);
			changed = n <= 0 || before->length[0] != n || !same_as_entered(at, 0, n);
		}
	}
	if (known && !is_still_of(before, tid))
		known = changed = false;
	if (changed)
		note_race();
	if (dentry)
		walked = walk_path(dentry, vfsmount);
	trusted = n > 0 && !changed;
	if (walked && !(trusted && same_as_walked(bpf_get_smp_processor_id(), n - 1))) {
		if (trusted && !known)
			count(COUNT_UNCHECKED);
		if (known && trusted && !is_racer())
			e->to->resolved = 1;
		else
			trusted = false;
	} else if (walked) {
		e->to->own = 1;
	}
	/* what has not opened a file is sent with this text, whatever it was at sys_enter: that decides whether it is left out */
	e->to->name_length = trusted && (known || !dentry) ? n : 0;
	if (trusted) {
		put_length(e, n);
	} else if (walked) {
		put_walked(e);
	} else {
		if (known)
			n = copy_entered(e, before, tid, 0);
		if (n <= 0 && from)
			n = bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from);
		if (n <= 0 && from)
			count(COUNT_FAULT);
		put_length(e, n);
	}
	if (before && is_still_of(before, tid))
		before->tid = 0;
	return 0;
}

static __always_inline void put_open_path(struct event *e, unsigned long from, struct file *file)
{
	write_open_path(e->param, from, file ? READ_ADDRESS(file, f_path.dentry) : 0, file ? READ_ADDRESS(file, f_path.mnt) : 0);
	e->param++;
}

/* After all parameters of an open. */
static __always_inline void add_resolved(struct event *e, struct file *file)
{
	if (e->to->resolved)
		add_walked(e);
	if (file)
		add_named_path(!e->to->resolved);
}
