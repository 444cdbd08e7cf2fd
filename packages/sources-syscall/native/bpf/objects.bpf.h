/*
 * Level 2: what a call is about to act on, as the kernel has found it: of calls that return no file, and whose object may be gone at
 * sys_exit. hooks.bpf.h writes here, where the kernel lets it, paths.bpf.h reads.
 */
#pragma once
#include "walk.bpf.h"

/* The last byte of an event that has them. */
#define OBJECTS_FOLLOW 2

/* By thread id modulo OBJECT_THREADS, taken as places of enter.bpf.h are. Of a thread whose place another has taken nothing is known. */
static __always_inline __u32 object_place(__u32 second)
{
	__u32 tid = bpf_get_current_pid_tgid();
	return first_object + 2 * (tid & (OBJECT_THREADS - 1)) + (second & 1);
}

static __always_inline bool is_still_object_of(struct backwards *object, __u32 tid)
{
	barrier();
	return *(volatile __u32 *)&object->tid == tid;
}

static __always_inline struct backwards *object_at(__u32 place)
{
	struct backwards *object = first_object ? buffer_at(place) : NULL;
	__u32 tid = bpf_get_current_pid_tgid();
	return object && object->tid == tid && object->at < BACKWARDS - 1 ? object : NULL;
}

/* What is known of an earlier call says nothing about the next one. */
static __always_inline void forget_objects(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	if (!first_object)
		return;
	for (__u32 second = 0; second < 2; second++) {
		struct backwards *object = buffer_at(object_place(second));
		if (object && object->tid == tid)
			object->tid = 0;
	}
}

/* A path of a file, or, without a dentry, a text of the kernel's: the target of a link, the device of a mount. */
__noinline int note_object(__u32 second, __u64 dentry, __u64 vfsmount, __u64 text)
{
	__u32 place = object_place(second), tid = bpf_get_current_pid_tgid();
	struct backwards *object = buffer_at(place);
	long n;
	if (!object)
		return 0;
	__sync_fetch_and_add(&object->writers, 1);
	if (*(volatile __u32 *)&object->writers == 1) {
		object->tid = 0;
		barrier();
		object->raw = !dentry;
		if (dentry) {
			if (!walk_known_at(place, dentry, vfsmount))
				object->at = BACKWARDS - 1;
		} else {
			n = bpf_probe_read_kernel_str(object->bytes, MAX_CHUNK, (void *)text);
			object->at = BACKWARDS - (n > 0 ? n & (2 * MAX_CHUNK - 1) : 1);
			bpf_probe_read_kernel_str(&object->bytes[object->at & (BACKWARDS - 1)], MAX_CHUNK, (void *)text);
		}
		barrier();
		object->tid = tid;
	} else if (is_still_object_of(object, tid)) {
		object->tid = 0;
	}
	__sync_fetch_and_add(&object->writers, -1);
	return 0;
}

/* After all that an event has: both objects, where the call succeeded and they are not what was passed. See src/events/resolved.ts. */
__noinline int add_objects(void)
{
	struct event event, *e = &event;
	__u32 tid = bpf_get_current_pid_tgid(), from;
	if (!resume(e, 0))
		return 0;
	from = e->to->at;
	for (__u32 second = 0; second < 2; second++) {
		struct backwards *object = e->to->differs & (1 << second) ? object_at(object_place(second)) : NULL;
		__u32 length = object ? append_backwards(e, 0, object) : 0;
		if (length && is_still_object_of(object, tid)) {
			e->to->at += length;
		} else {
			*slot(e) = 0;
			e->to->at += 1;
		}
	}
	STORE(__u16, slot(e), e->to->at - from);
	e->to->bytes[(e->to->at + 2) & (MAX_EVENT - 1)] = OBJECTS_FOLLOW;
	e->to->at += 3;
	return 0;
}
