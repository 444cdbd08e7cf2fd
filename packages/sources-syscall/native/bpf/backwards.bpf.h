/* Level 2: text that is put together from its end to its start: of a path, the last component is known first. */
#pragma once
#include "store.bpf.h"

/*
 * Text is put together from its end to its start (a path is known from its last component upwards) in a buffer,
 * and copied into the event when complete. `place` is the buffer's: the CPU's own, but for programs that others may interrupt.
 */
#define BACKWARDS 8192
struct backwards {
	__u8 bytes[BACKWARDS + MAX_CHUNK];
	__u32 at;       /* where the text starts; in the map for the same reason as in struct scratch */
	__u32 whole;    /* the walk came to a root */
	__u32 part;     /* it left a mount that hides where the file lies: see walk.bpf.h */
	/* where a walk is: a dentry and its mount, or a kernfs node */
	__u64 node;
	__u64 vfsmount;
	__u64 start;    /* the dentry of which the path is asked */
	/* of an object (objects.bpf.h): its owner, 0 = none; who is about to write it; whether it is a text and no file's path */
	__u32 tid, writers, raw;
};

/* One for each CPU, then two for each of OBJECT_THREADS threads (objects.bpf.h). The sidecar sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct backwards);
} backwards_buffers SEC(".maps");

static __always_inline struct backwards *buffer_at(__u32 place)
{
	return bpf_map_lookup_elem(&backwards_buffers, &place);
}

static __always_inline struct backwards *cpu_buffer(void)
{
	return buffer_at(bpf_get_smp_processor_id());
}

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
