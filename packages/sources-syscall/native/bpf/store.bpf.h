/* Level 2: begin an event, push its parameters in order, commit it to this CPU's ring. */
#pragma once
#include "extract.bpf.h"
#include "events.gen.h"
#include "shares.bpf.h"
#include "begun.bpf.h"

struct event {
	struct scratch *to;
	__u32 param;    /* index of the next parameter */
	__u8 want;
};

#define LENS_AT (sizeof(struct event_header))

/*
 * Stores a number at any address, through a pointer of unknown origin: the compiler would otherwise assume its alignment and
 * write byte by byte.
 */
#define STORE(type, at, value)                                                                                       \
	do {                                                                                                         \
		type *store_at = launder(at);                                                                        \
		*store_at = (value);                                                                                 \
	} while (0)

static __always_inline void *launder(void *pointer)
{
	asm volatile("" : "+r"(pointer));
	return pointer;
}

/* After another event of the same call. */
static __always_inline void begin_again(struct event *e, __u16 type, __u32 nparams)
{
	struct event_header *h = (struct event_header *)e->to->bytes;
	STORE(__u16, &h->type, type);
	STORE(__u32, &h->nparams, nparams);
	e->to->at = LENS_AT + 2 * nparams;
	e->param = 0;
}

/* Starts an event in this CPU's scratch space. The number of parameters is the event table's. */
static __always_inline bool begin(struct event *e, __u16 type, __u32 nparams, __u8 want)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct event_header *h;
	e->to = bpf_map_lookup_elem(&scratches, &cpu);
	if (!e->to)
		return false;
	h = (struct event_header *)e->to->bytes;
	STORE(__u16, &h->cpu, cpu);
	STORE(__u64, &h->time_ns, boot_time_ns + bpf_ktime_get_boot_ns());
	STORE(__u64, &h->tid, bpf_get_current_pid_tgid() & 0xffffffff);
	begin_again(e, type, nparams);
	e->want = want;
	return true;
}

/* In a global function: the event of this CPU whose next parameter has that index. */
static __always_inline bool resume(struct event *e, __u32 param)
{
	__u32 cpu = bpf_get_smp_processor_id();
	e->to = bpf_map_lookup_elem(&scratches, &cpu);
	e->param = param;
	return e->to;
}

static __always_inline void end_param(struct event *e, __u32 length)
{
	STORE(__u16, &e->to->bytes[(LENS_AT + 2 * e->param) & (MAX_EVENT - 1)], length);
	e->to->at += length;
	e->param++;
}

#define slot(e) (&(e)->to->bytes[(e)->to->at & (MAX_EVENT - 1)])

/*
 * PARAM(names, put) names the parameters that `put` writes, as the event table does. The compiler ignores the names; a test
 * compares names, widths and order with the table (scripts/probe-parameters.ts).
 */
#define PARAM(names, put) put

static __always_inline void put_u8(struct event *e, __u8 v) { *slot(e) = v; end_param(e, 1); }
static __always_inline void put_u16(struct event *e, __u16 v) { STORE(__u16, slot(e), v); end_param(e, 2); }
static __always_inline void put_u32(struct event *e, __u32 v) { STORE(__u32, slot(e), v); end_param(e, 4); }
static __always_inline void put_u64(struct event *e, __u64 v) { STORE(__u64, slot(e), v); end_param(e, 8); }
static __always_inline void put_empty(struct event *e) { end_param(e, 0); }

/* fd, pid and the like are ints in the kernel and 64 bits on the wire. */
static __always_inline void put_int(struct event *e, int v) { put_u64(e, (__s64)v); }

/* A NUL-terminated text from the kernel or from the user's memory; empty when it can't be read. */
static __always_inline void put_kernel_text(struct event *e, const char *from, __u32 max)
{
	long n = from ? bpf_probe_read_kernel_str(slot(e), max & (2 * MAX_CHUNK - 1), from) : 0;
	end_param(e, n > 0 ? n & (2 * MAX_CHUNK - 1) : 0);
}

static __always_inline void put_user_text(struct event *e, unsigned long from)
{
	long n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	if (from && n < 0)
		count(COUNT_FAULT);
	end_param(e, n > 0 ? n & (2 * MAX_CHUNK - 1) : 0);
}

/* `size` bytes of the user's memory, at most MAX_CHUNK. */
static __always_inline void put_user_bytes(struct event *e, unsigned long from, __u64 size)
{
	if (size > MAX_CHUNK)
		size = MAX_CHUNK;
	size &= 2 * MAX_CHUNK - 1;
	if (!from || !size) {
		put_empty(e);
		return;
	}
	if (bpf_probe_read_user(slot(e), size, (void *)from)) {
		count(COUNT_FAULT);
		put_empty(e);
		return;
	}
	end_param(e, size);
}

/* What a read or write moved: at most `keep` bytes of it. */
static __always_inline void put_kept(struct event *e, unsigned long from, long size, __u32 keep)
{
	if (size <= 0) {
		put_empty(e);
		return;
	}
	put_user_bytes(e, from, size < keep ? size : keep);
}

static __always_inline void put_data(struct event *e, unsigned long from, long size)
{
	put_kept(e, from, size, snaplen);
}

/* In the program of a call, instead of writing parameters: drops the event. */
static __always_inline void leave_out(struct event *e)
{
	e->want = WANT_NOTHING;
}

/* Sends the event. Everything that is lost is counted by cause. */
static __always_inline int commit(struct event *e)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct event_header *h = (struct event_header *)e->to->bytes;
	__u32 size = e->to->at, refused;
	void *ring;
	if (e->want == WANT_NOTHING)
		return 0;
	ring = bpf_map_lookup_elem(&rings, &cpu);
	if (!ring) {
		count_loss(COUNT_DROP_NO_RING);
		return 0;
	}
	if (size > MAX_EVENT) {
		count_loss(COUNT_DROP_TOO_LARGE);
		return 0;
	}
	STORE(__u32, &h->len, size - sizeof(h->cpu));
	refused = refusal(e->to, ring, e->want, size);
	if (refused != COUNTER_MAX) {
		count_loss(refused);
		return 0;
	}
	if (bpf_ringbuf_output(ring, e->to->bytes, size & (2 * MAX_EVENT - 1), BPF_RB_NO_WAKEUP)) {
		count_loss(e->want >= WANT_FIRST ? COUNT_DROP_FULL_FIRST : COUNT_DROP_FULL);
		return 0;
	}
	count(COUNT_EVENTS);
	return 0;
}

/*
 * The event of one system call: a program that `dispatch` tail-calls. The body writes the parameters; `e`, `regs` and `ret` are
 * in scope. The sidecar finds the call by the program's name, x_NAME, and puts the program into exit_programs.
 */
#define EXIT_EVENT(name, code)                                                                                   \
	static __always_inline void write_##name(struct event *e, struct registers *regs, long ret);                 \
	SEC("tp_btf/sys_exit")                                                                                       \
	int BPF_PROG(x_##name, struct pt_regs *unused, long ret)                                                     \
	{                                                                                                            \
		struct event event, *e = &event;                                                                     \
		if (!begin(e, PPME_##code, NPARAMS_##code, WANT_EVENT))                                              \
			return 0;                                                                                    \
		write_##name(e, &e->to->registers, ret);                                                             \
		return commit(e);                                                                                    \
	}                                                                                                            \
	static __always_inline void write_##name(struct event *e, struct registers *regs, long ret)

/* The same of a call that shares its program with others (../calls.h): the part that is its own. */
#define EXIT_EVENT_SHARED(name, code)                                                                                \
	enum { type_of_##name = PPME_##code, nparams_of_##name = NPARAMS_##code };                                   \
	static __always_inline void write_##name(struct event *e, struct registers *regs, long ret)

/* In a switch over the number of the call. */
#define WRITE_CALL(program, name, nr)                                                                                \
	case nr:                                                                                                     \
		begin_again(e, type_of_##name, nparams_of_##name);                                                   \
		write_##name(e, regs, ret);                                                                          \
		break;

/* The program of `calls`. */
#define SHARED_PROGRAM(name, calls, want, condition)                                                                 \
	SEC("tp_btf/sys_exit")                                                                                       \
	int BPF_PROG(x_##name, struct pt_regs *unused, long ret)                                                     \
	{                                                                                                            \
		struct event event, *e = &event;                                                                     \
		struct registers *regs;                                                                              \
		if (!(condition) || !begin(e, 0, 0, want))                                                           \
			return 0;                                                                                    \
		regs = &e->to->registers;                                                                            \
		switch (regs->number) {                                                                              \
			calls(WRITE_CALL)                                                                            \
		default:                                                                                             \
			count_loss(COUNT_TAIL_FAILED);                                                               \
			return 0;                                                                                    \
		}                                                                                                    \
		return commit(e);                                                                                    \
	}
