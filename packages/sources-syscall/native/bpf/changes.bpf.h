/*
 * Level 2: paths of calls that return no file: they name, remove or change one. Where the texts at sys_enter and sys_exit are not both
 * there and equal, the path of what the kernel acted on stands in their place; where they are, and it is another, it follows behind all
 * else. So it is where the kernel tells (hooks.bpf.h). Where it does not, or the thread's place was taken, each of two texts that differ
 * has an event, and what stays open is a change before the kernel copies the text and back before sys_exit, and a text that was not
 * resident at sys_enter (counted: unchecked).
 */
#pragma once
#include "paths.bpf.h"

/*
 * Of a call that returns no file. Where the texts at sys_enter and sys_exit are not both there and equal, its object's path, if that is
 * known; else the text at sys_exit, or, in the second event, that at sys_enter.
 */
__noinline int write_path(__u32 param, __u64 from, __u32 second)
{
	struct event event, *e = &event;
	__u32 tid, at, place, length;
	struct entered *before = entered_by(&tid, &at);
	struct backwards *object;
	bool known, changed;
	long n;
	second &= 1;
	known = before && before->length[second];
	if (!resume(e, param))
		return false;
	n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	changed = known && (n <= 0 || before->length[second] != n || !same_as_entered(at, second, n));
	known = known && is_still_of(before, tid);
	place = object_place(second);
	object = object_at(place);
	if (object && n > 0 && known && !changed && !same_as_walked(place, n - 1)) {
		if (object->raw)
			changed = true;
		else
			e->to->differs |= 1 << second;
	}
	if (object && (changed || !known || n <= 0)) {
		length = append_backwards(e, 0, object);
		if (is_still_object_of(object, tid)) {
			if (!e->to->again && changed)
				note_race();
			else if (!e->to->again)
				count(COUNT_UNCHECKED);
			e->to->replaced |= 1 << second;
			put_length(e, length);
			return 0;
		}
		n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	}
	if (e->to->again && known) {
		length = copy_entered(e, before, tid, second);
		if (length) {
			put_length(e, length);
			return 0;
		}
	}
	if (changed && known)
		e->to->changed = 1;
	else if (from && n <= 0)
		count(COUNT_FAULT);
	else if (from && !known)
		count(COUNT_UNCHECKED);
	put_length(e, n);
	return 0;
}

static __always_inline void put_path(struct event *e, unsigned long from, __u32 second)
{
	write_path(e->param, from, second);
	e->param++;
}

static __always_inline void forget_entered(void)
{
	__u32 tid, at;
	struct entered *entered = entered_by(&tid, &at);
	if (entered)
		entered->tid = 0;
	forget_objects();
}
