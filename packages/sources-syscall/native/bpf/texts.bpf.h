/*
 * Level 2: whether a path has a text of which rules ask (WANT_NO_FILES, WANT_NO_DIRECTORIES). Four bytes of each text are looked for, none of which is a slash:
 * they lie within one name, so that it is enough to look at each part of a path by itself.
 */
#pragma once
#include "announced.bpf.h"
#include "store.bpf.h"

/* Bytes that one call looks at, and that those which call it look at: see TURNS in walk.bpf.h. A longer text counts as having one. */
#define LOOKED_AT 16
#define LOOKED_AT_BY_CALLS 256
#define MAX_LOOKED_AT 2048

#define FOUR_BYTES_OF_CASE (CASE_BIT * 0x01010101u)

__noinline int has_text_at(__u32 from, __u32 end, __u32 of)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct unasked *looked_for = unasked();
	if (!to || !looked_for)
		return 1;
	for (__u32 i = 0; i < LOOKED_AT && from + i + 4 <= end; i++) {
		__u32 *text = launder(&to->bytes[(from + i) & (MAX_EVENT - 1)]);
		__u32 bit = text_bit(*text | FOUR_BYTES_OF_CASE) + of * TEXT_BITS;
		if (looked_for->texts[(bit >> 6) & (2 * TEXT_BITS / 64 - 1)] >> (bit & 63) & 1)
			return 1;
	}
	return 0;
}

__noinline int has_text_from(__u32 from, __u32 end, __u32 of)
{
	for (__u32 at = 0; at < LOOKED_AT_BY_CALLS && from + at < end; at += LOOKED_AT)
		if (has_text_at(from + at, end, of))
			return 1;
	return 0;
}

/* Whether these bytes of the event have one. `of`: enum searched. */
__noinline int has_text(__u32 from, __u32 end, __u32 of)
{
	if (end - from > MAX_LOOKED_AT)
		return 1;
	for (__u32 at = 0; at < MAX_LOOKED_AT && from + at < end; at += LOOKED_AT_BY_CALLS)
		if (has_text_from(from + at, end, of))
			return 1;
	return 0;
}

/* A directory that the engine may come to know by a text of the event, while its own path, if it is another, follows from `own` on. */
__noinline int note_directory(__u32 from, __u32 end, __u32 own)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct unasked *doubts = unasked();
	if (!to || !doubts || doubts->directories_doubtful || to->at <= own || !is_unasked(NR_CLOSE))
		return 0;
	if (has_text(from, end, OF_FILES) && !has_text(own, to->at, OF_FILES))
		doubts->directories_doubtful = 1;
	return 0;
}
