/* Level 2: where a path that is opened starts from, and which directories are opened without an event. */
#pragma once
#include "paths.bpf.h"
#include "texts.bpf.h"

/* Portable flags of opens. */
#define FLAG_WRONLY 2
#define FLAG_CREAT 4
#define FLAG_TMPFILE (1 << 13)

/* Bytes of a name that are looked at for `..`. */
#define MAX_SCANNED 512

/* The highest bit of each byte that is a dot. */
static __always_inline __u64 dots_in(const __u8 *word)
{
	const __u64 dot = 0x2e2e2e2e2e2e2e2e, low = 0x7f7f7f7f7f7f7f7f;
	__u64 differing = *(__u64 *)launder((void *)word) ^ dot;
	return ~(((differing & low) + low) | differing | low);
}

/* Whether one of the name's eight bytes from `at` on, and the byte behind it, are dots. The name ends with a NUL. */
__noinline int has_dots_at(__u32 at)
{
	__u32 cpu = bpf_get_smp_processor_id(), rest;
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	const __u8 *from;
	__u64 dots;
	if (!to)
		return 1;
	rest = to->name_length - at;
	from = &to->bytes[(to->name_at + at) & (MAX_EVENT - 1)];
	dots = dots_in(from) & dots_in(from + 1);
	if (rest < 8)
		dots &= ~0ull >> (64 - rest * 8);
	return dots != 0;
}

/* Bytes of it that one call looks at: see TURNS in walk.bpf.h. */
#define SCANNED 64

__noinline int has_dots_from(__u32 from, __u32 length)
{
	for (__u32 at = 0; at < SCANNED && from + at < length; at += 8)
		if (has_dots_at(from + at))
			return 1;
	return 0;
}

/* Whether the name of an open has two dots in a row. */
__noinline int has_dots(__u32 length)
{
	for (__u32 at = 0; at < MAX_SCANNED && at < length; at += SCANNED)
		if (has_dots_from(at, length))
			return 1;
	return 0;
}

/* Whether the event's last bytes are, from `at` on, the name of the open. */
__noinline int goes_on_as_named(__u32 at)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	__u32 length;
	if (!to)
		return 0;
	length = to->name_length;
	return same_text(&to->bytes[to->name_at & (MAX_EVENT - 1)], &to->bytes[(to->at - length) & (MAX_EVENT - 1)], at, length);
}

#define MAX_NAME 256 /* of one component, with the NUL */

/* Whether the event ends with a slash and that name. */
static __always_inline bool ends_with_name(struct scratch *to)
{
	__u32 length = to->name_length;
	if (length < 2 || length > MAX_NAME || to->bytes[(to->at - length - 1) & (MAX_EVENT - 1)] != '/')
		return false;
	for (__u32 at = 0; at < MAX_NAME && at < length; at += COMPARED)
		if (!goes_on_as_named(at))
			return false;
	return true;
}

/* Whether the name is `..`. */
static __always_inline bool is_way_up(struct scratch *to)
{
	const __u8 *name = &to->bytes[to->name_at & (MAX_EVENT - 1)];
	return to->name_length == sizeof("..") && name[0] == '.' && name[1] == '.';
}

static __always_inline struct file *start_of(struct scratch *to)
{
	return file_of(current_task(), (int)to->registers.arguments[0]);
}

/*
 * Whether what was opened lies in the directory that its path starts from, by the name that was passed, or is the one in which that lies, in
 * the same mount: its own path, with which the event ends, is that of the directory and the name. A global function: see task.bpf.h.
 */
__noinline int lies_in_start(__u64 address)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct file *file = (struct file *)address, *start;
	struct backwards *walked = cpu_buffer();
	if (!to || !file || !walked || !to->resolved || walked->part)
		return 0;
	start = start_of(to);
	if (!start || BPF_CORE_READ(file, f_path.mnt) != BPF_CORE_READ(start, f_path.mnt))
		return 0;
	if (is_way_up(to))
		return BPF_CORE_READ(file, f_path.dentry) == BPF_CORE_READ(start, f_path.dentry, d_parent);
	return BPF_CORE_READ(file, f_path.dentry, d_parent) == BPF_CORE_READ(start, f_path.dentry) && ends_with_name(to);
}

/*
 * Whether an open of a directory is left out: no rule can match it, nor ask for its descriptor, and what it would be known by is its own
 * path, which others that start from it have, too (lies_in_start, add_start). The directory that it starts from must not have been
 * announced: the engine may know that by another name. A global function: see task.bpf.h.
 */
__noinline int takes_directory(__u64 address, __u32 nr, __u32 flags)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct backwards *walked = cpu_buffer();
	struct unasked *doubts = unasked();
	__u64 start;
	if (!to || !walked || !doubts || doubts->closes_doubtful || flags & (FLAG_WRONLY | FLAG_CREAT) ||
	    !(unasked_kinds(nr) & WANT_NO_DIRECTORIES) || shares_descriptors())
		return 0;
	if (!to->name_length || to->name_length > MAX_SCANNED || (has_dots(to->name_length) && !is_way_up(to)))
		return 0;
	/* every text may begin in the root: its path is one byte */
	if (walked->at >= BACKWARDS - 2 || has_text(to->name_at, to->at, OF_DIRECTORIES))
		return 0;
	if (to->own)
		return to->bytes[to->name_at & (MAX_EVENT - 1)] == '/' && !walked->part;
	start = as_number(start_of(to));
	return start && !is_announced(start) && lies_in_start(address);
}

/*
 * After all else of an open, successful or not, whose path starts from a directory's descriptor: that directory's own path, in the form of
 * objects.bpf.h. The engine may not know the descriptor. Without it, what lies in the directory by that name has the same name.
 */
__noinline int add_start(__u64 address)
{
	struct event event, *e = &event;
	struct file *start;
	__u32 from;
	if (!resume(e, 0) || (int)e->to->registers.arguments[0] < 0 || e->to->bytes[e->to->name_at & (MAX_EVENT - 1)] == '/' ||
	    lies_in_start(address))
		return 0;
	start = start_of(e->to);
	if (!start || !walk_path(READ_ADDRESS(start, f_path.dentry), READ_ADDRESS(start, f_path.mnt)))
		return 0;
	from = e->to->at;
	add_walked(e);
	STORE(__u16, slot(e), e->to->at - from);
	e->to->bytes[(e->to->at + 2) & (MAX_EVENT - 1)] = OBJECTS_FOLLOW;
	e->to->at += 3;
	return 0;
}
