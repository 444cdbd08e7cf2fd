/*
 * Level 3: calls through x86's other interfaces: i386's (`int 0x80`, 32-bit programs) and x32. `compat` turns such a call into its
 * counterpart on x86-64 and calls its program; structures with another layout in memory are left to the program,
 * which asks `is_narrow` (extract.bpf.h).
 */
#pragma once
#include "store.bpf.h"

/* A power of two: older verifiers follow a mask, not the comparison that clang makes. */
#define MAX_SUBCALLS 32

/* socketcall(2): by its first argument the counterpart, and how many arguments lie in memory (include/uapi/linux/net.h). */
static const struct { __u16 native; __u8 n; } SOCKETCALLS[MAX_SUBCALLS] = {
	{}, { 41, 3 }, { 49, 3 }, { 42, 3 }, { 50, 2 }, { 43, 3 }, { 51, 3 }, { 52, 3 }, { 53, 4 }, { 44, 4 } /* send */,
	{ 45, 4 } /* recv */, { 44, 6 }, { 45, 6 }, { 48, 2 }, { 54, 5 }, { 55, 5 }, { 46, 3 }, { 47, 3 }, { 288, 4 }, { 299, 5 }, { 307, 4 },
};

/* ipc(2): by its first argument (include/uapi/linux/ipc.h). */
static const __u16 IPC_CALLS[MAX_SUBCALLS] = { 0, 65, 64, 66, 220, 0, 0, 0, 0, 0, 0, 69, 70, 68, 71, 0, 0, 0, 0, 0, 0, 30, 67, 29, 31 };
#define IPC_SEMOP 1
#define IPC_SEMCTL 3
#define IPC_64 0x100


/* Whether it is an index of these tables. */
static __always_inline bool is_subcall(__u32 *which)
{
	if (*which >= MAX_SUBCALLS)
		return false;
	barrier_var(*which);
	*which &= MAX_SUBCALLS - 1;
	return true;
}

/* `n` 32-bit arguments from the caller's memory; the others become 0. */
static __always_inline bool read_narrow(struct registers *to, __u64 from, __u32 n)
{
	__u32 values[6] = {};
	if (n > 6 || bpf_probe_read_user(values, n * sizeof(__u32), (void *)from))
		return false;
	for (int i = 0; i < 6; i++)
		to->arguments[i] = values[i];
	return true;
}

/* Sets to->number and to->arguments; false = no counterpart, or the arguments cannot be read. */
static __always_inline bool as_native(struct registers *to, const struct compat_call *call)
{
	__u64 *a = to->arguments;
	__u32 which = a[0], data = 0;
	to->number = call->native;
	switch (call->shape) {
	case SHAPE_SOCKETCALL:
		if (!is_subcall(&which) || !SOCKETCALLS[which].native)
			return false;
		to->number = SOCKETCALLS[which].native;
		return read_narrow(to, a[1], SOCKETCALLS[which].n);
	case SHAPE_IPC:
		which &= 0xffff; /* above is a version */
		if (!is_subcall(&which) || !IPC_CALLS[which])
			return false;
		to->number = IPC_CALLS[which];
		if (which == IPC_SEMOP) {
			a[0] = a[1], a[1] = a[4];
		} else if (which == IPC_SEMCTL) {
			bpf_probe_read_user(&data, sizeof(data), (void *)a[4]);
			a[0] = a[1], a[1] = a[2], a[2] = a[3] & ~IPC_64, a[3] = data;
		} else {
			a[0] = a[1], a[1] = a[2], a[2] = a[3];
		}
		return true;
	case SHAPE_MMAP:
		return read_narrow(to, a[0], 6);
	case SHAPE_MMAP2:
		a[5] <<= 12;
		return true;
	case SHAPE_UMOUNT:
		a[1] = 0;
		return true;
	case SHAPE_LSEEK:
		a[1] = (__s64)(__s32)a[1];
		return true;
	case SHAPE_LLSEEK:
		a[1] = a[1] << 32 | a[2];
		a[2] = a[4];
		return true;
	case SHAPE_POSITION:
		a[3] |= a[4] << 32;
		return true;
	default:
		return true;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(compat, struct pt_regs *regs, long ret)
{
	__u32 nr = syscall_number(regs), cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct compat_call *call;
	struct registers *r;
	bool x32 = nr & X32_BIT;
	if (!to)
		return 0;
	r = &to->registers;
	nr &= ~X32_BIT;
	if (x32)
		read_native(r, regs);
	if (x32 && nr < MAX_SYSCALLS) {
		r->number = nr;
		r->portable = r->narrow = 0;
	} else {
		call = bpf_map_lookup_elem(&compat_calls, &nr);
		if (!call || !call->known || !(x32 || read_compat(r, regs))) {
			count(COUNT_COMPAT);
			return 0;
		}
		for (int i = 0; i < 3; i++)
			if (call->short_ids & (1 << i))
				r->arguments[i] = (__u16)r->arguments[i] == 0xffff ? 0xffffffff : (__u16)r->arguments[i];
		r->portable = call->portable;
		r->narrow = NARROW_LONG | call->narrow;
		if (!as_native(r, call)) {
			count(COUNT_COMPAT);
			return 0;
		}
	}
	return is_wanted(r->number) ? call_program(ctx, r->number, ret) : 0;
}
