/*
 * Level 2: the path of an open. It lies in the caller's memory, where another thread may write at any time, so that what
 * stands there at sys_exit may not be what the kernel opened. It is read at sys_enter and at sys_exit: when the texts differ,
 * somebody changed it in between, and what is recorded is the path of the file that was opened, as the kernel knows it.
 *
 * Who changes it twice, so that both readings are equal and the kernel's own, between them, was not, is not seen. To do so
 * again and again is hard: a process that was seen once is not trusted any more.
 */
#pragma once
#include "store.bpf.h"
#include "task.bpf.h"

#define MAX_OPENINGS 2048
#define OPENING_TEXT 512

/* What stood there at sys_enter. */
struct opening {
	__u32 tid;      /* whose it is; 0 = nobody's */
	__u32 length;   /* with the NUL */
	char text[OPENING_TEXT];
};

/* By thread id modulo its size. Who finds another's there does without. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_OPENINGS);
	__type(key, __u32);
	__type(value, struct opening);
} openings SEC(".maps");

/* Processes in which it was seen that a path changed, by their id modulo the size. */
#define MAX_RACERS 1024
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_RACERS);
	__type(key, __u32);
	__type(value, __u32);
} racers SEC(".maps");

/* Which argument of a call is the path of an open, by number: of the native interface, and of the 32-bit one. */
#define NATIVE_FIRST 1
#define NATIVE_SECOND 2
#define COMPAT_FIRST 4
#define COMPAT_SECOND 8
static const __u8 OPENS[MAX_SYSCALLS] = {
	[437 /* openat2 */] = NATIVE_SECOND | COMPAT_SECOND,
#if defined(__TARGET_ARCH_arm64)
	[56 /* openat */] = NATIVE_SECOND,
#else
	[2 /* open */] = NATIVE_FIRST,
	[85 /* creat */] = NATIVE_FIRST,
	[257 /* openat */] = NATIVE_SECOND,
	[5 /* open */] = COMPAT_FIRST,
	[8 /* creat */] = COMPAT_FIRST,
	[295 /* openat */] = COMPAT_SECOND,
#endif
};

/* Every call of the machine comes through here, too. */
SEC("tp_btf/sys_enter")
int BPF_PROG(opening, struct pt_regs *regs, long id)
{
	__u32 nr = (__u32)id & ~X32_BIT, tid, at;
	struct opening *to;
	unsigned long from;
	long n;
	__u8 where;
	if (nr >= MAX_SYSCALLS || !OPENS[nr])
		return 0;
	where = OPENS[nr] & (is_compat_call() ? COMPAT_FIRST | COMPAT_SECOND : NATIVE_FIRST | NATIVE_SECOND);
	if (!where)
		return 0;
#if defined(__TARGET_ARCH_x86)
	from = where & NATIVE_FIRST ? regs->di : where & NATIVE_SECOND ? regs->si : (__u32)(where & COMPAT_FIRST ? regs->bx : regs->cx);
#else
	from = where & NATIVE_FIRST ? PT_REGS_PARM1_CORE_SYSCALL(regs) : PT_REGS_PARM2_CORE_SYSCALL(regs);
#endif
	tid = bpf_get_current_pid_tgid();
	at = tid & (MAX_OPENINGS - 1);
	to = bpf_map_lookup_elem(&openings, &at);
	if (!to)
		return 0;
	n = bpf_probe_read_user_str(to->text, sizeof(to->text), (void *)from);
	to->length = n;
	to->tid = n > 0 ? tid : 0;
	return 0;
}

/* Whether the text of `length` bytes where the next parameter goes is that of the opening. */
__noinline int same_text(__u32 opening, __u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct opening *o = bpf_map_lookup_elem(&openings, &opening);
	if (!to || !o)
		return 0;
	for (__u32 i = 0; i < OPENING_TEXT / 8 && i * 8 < length; i++) {
		const __u64 *then = launder(&o->text[i * 8]), *now = launder(&to->bytes[(to->at + i * 8) & (MAX_EVENT - 1)]);
		__u64 differing = *then ^ *now;
		__u32 rest = length - i * 8;
		if (rest < 8)
			differing <<= 64 - rest * 8; /* the first byte is the lowest */
		if (differing)
			return 0;
	}
	return 1;
}

/* Whether the text that ends at `end` in this CPU's event ends in the dentry's name. */
__noinline int ends_in_name(__u32 end, __u64 dentry_address)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct dentry *dentry = (void *)dentry_address;
	__u64 name[32] = {}, *text; /* in words: 255 turns of a loop cost the verifier much */
	__u32 length = BPF_CORE_READ(dentry, d_name.len) & 255;
	if (!to || end < length || bpf_probe_read_kernel(name, length, BPF_CORE_READ(dentry, d_name.name)))
		return 1;
	text = (__u64 *)&to->bytes[MAX_EVENT]; /* behind every event */
	for (int i = 0; i < 32; i++)
		text[i] = 0;
	bpf_probe_read_kernel(text, length, &to->bytes[(end - length) & (MAX_EVENT - 1)]);
	for (int i = 0; i < 32; i++)
		if (text[i] != name[i])
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

/*
 * The text, or the file's own path where the text is not trusted: it changed, now or earlier in this process; it could not be
 * read both times and the file has another name; links were not to be followed (`no_links`) and the file has another name.
 * Where links are followed, a differing name is usual (/lib/libc.so.6 is libc-2.36.so): there the text stays, as rules
 * expect it.
 */
static __always_inline void put_open_path(struct event *e, unsigned long from, struct file *file, bool no_links)
{
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 tid = ids, pid = ids >> 32, at = tid & (MAX_OPENINGS - 1), racer_at = pid & (MAX_RACERS - 1);
	struct opening *before = bpf_map_lookup_elem(&openings, &at);
	__u32 *racer = bpf_map_lookup_elem(&racers, &racer_at);
	long n = from ? bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from) : 0;
	bool known = before && before->tid == tid, trusted = n > 0, changed = false;
	if (known && n > 0 && before->length < OPENING_TEXT) {
		changed = before->length != n || !same_text(at, n);
		if (!changed && is_threaded()) {
			/* one more look halves the chance of a change that was undone */
			n = bpf_probe_read_user_str(slot(e), MAX_CHUNK, (void *)from);
			changed = before->length != n || !same_text(at, n);
		}
	}
	if (changed) {
		count(COUNT_RACED);
		if (racer)
			*racer = pid;
	} else if (from && n <= 0 && !known) {
		count(COUNT_FAULT);
	}
	if (changed || (file && racer && *racer == pid))
		trusted = false;
	else if (trusted && file && (no_links || !known || n >= OPENING_TEXT))
		trusted = ends_in_name(e->to->at + n - 1, READ_ADDRESS(file, f_path.dentry));
	if (trusted) {
		end_param(e, n & (2 * MAX_CHUNK - 1));
	} else if (file) {
		put_file_path(e, file);
	} else if (known) {
		n = bpf_probe_read_kernel_str(slot(e), OPENING_TEXT, before->text);
		end_param(e, n > 0 ? n & (2 * MAX_CHUNK - 1) : 0);
	} else {
		put_empty(e);
	}
	if (known)
		before->tid = 0;
}
