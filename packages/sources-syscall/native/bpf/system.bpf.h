/* Level 3: modules, semaphores, keys, quotas, waiting, and calls without an event of their own. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"

/* semop(2) flags: IPC_NOWAIT, SEM_UNDO */
static __always_inline __u16 semop_flags(short flags) { return MAP(04000, 1) | MAP(0x1000, 2); }
static __always_inline __u32 semget_flags(int flags) { return MAP(02000, 0x4000) | MAP(01000, 0x2000); }

EXIT_EVENT(semop, SYSCALL_SEMOP_X)
{
	unsigned long n = argument(regs, 2);
	struct sembuf ops[2] = {};
	if (ret == 0 && n > 0)
		bpf_probe_read_user(&ops[0], sizeof(ops[0]), (void *)argument(regs, 1));
	if (ret == 0 && n > 1)
		bpf_probe_read_user(&ops[1], sizeof(ops[1]), (void *)(argument(regs, 1) + sizeof(ops[0])));
	PARAM(res, put_int(e, ret));
	PARAM(nsops, put_u32(e, n));
	PARAM(sem_num_0, put_u16(e, ops[0].sem_num));
	PARAM(sem_op_0, put_u16(e, ops[0].sem_op));
	PARAM(sem_flg_0, put_u16(e, semop_flags(ops[0].sem_flg)));
	PARAM(sem_num_1, put_u16(e, ops[1].sem_num));
	PARAM(sem_op_1, put_u16(e, ops[1].sem_op));
	PARAM(sem_flg_1, put_u16(e, semop_flags(ops[1].sem_flg)));
	PARAM(semid, put_u32(e, argument(regs, 0)));
}

EXIT_EVENT(semctl, SYSCALL_SEMCTL_X)
{
	/* by command, from IPC_RMID on: IPC_SET IPC_STAT IPC_INFO … GETPID GETVAL GETALL GETNCNT GETZCNT SETVAL SETALL SEM_STAT SEM_INFO */
	__u32 cmd = argument(regs, 2);
	__u16 portable;
	switch (cmd) {
	case 0: portable = 0x4; break;
	case 1: portable = 0x2; break;
	case 2: portable = 0x1; break;
	case 3: portable = 0x8; break;
	case 11: portable = 0x100; break;
	case 12: portable = 0x200; break;
	case 13: portable = 0x40; break;
	case 14: portable = 0x80; break;
	case 15: portable = 0x400; break;
	case 16: portable = 0x1000; break;
	case 17: portable = 0x800; break;
	case 18: portable = 0x20; break;
	case 19: portable = 0x10; break;
	default: portable = 0;
	}
	PARAM(res, put_int(e, ret));
	PARAM(semid, put_u32(e, argument(regs, 0)));
	PARAM(semnum, put_u32(e, argument(regs, 1)));
	PARAM(cmd, put_u16(e, portable));
	PARAM(val, put_u32(e, cmd == 16 ? argument(regs, 3) : 0));
}

EXIT_EVENT(semget, SYSCALL_SEMGET_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(key, put_u32(e, argument(regs, 0)));
	PARAM(nsems, put_u32(e, argument(regs, 1)));
	PARAM(semflg, put_u32(e, semget_flags(argument(regs, 2))));
}

/* DYN of keyctl: 0 = int64 */
static __always_inline void put_key_number(struct event *e, unsigned long value)
{
	*slot(e) = 0;
	STORE(__u64, slot(e) + 1, value);
	end_param(e, 9);
}

/* 1 = text */
static __always_inline void put_key_text(struct event *e, unsigned long from)
{
	long n;
	*slot(e) = 1;
	n = from ? bpf_probe_read_user_str(slot(e) + 1, MAX_CHUNK, (void *)from) : 0;
	end_param(e, 1 + (n > 0 ? n & (2 * MAX_CHUNK - 1) : 0));
}

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_SEARCH 10

EXIT_EVENT(keyctl, SYSCALL_KEYCTL_X)
{
	__u32 operation = argument(regs, 0);
	PARAM(res, put_int(e, ret));
	PARAM(operation, put_u32(e, operation));
	if (operation == KEYCTL_JOIN_SESSION_KEYRING && argument(regs, 1))
		PARAM(arg2, put_key_text(e, argument(regs, 1)));
	else
		PARAM(arg2, put_key_number(e, argument(regs, 1)));
	if (operation == KEYCTL_SEARCH) {
		PARAM(arg3, put_key_text(e, argument(regs, 2)));
		PARAM(arg4, put_key_text(e, argument(regs, 3)));
	} else {
		PARAM(arg3, put_key_number(e, argument(regs, 2)));
		PARAM(arg4, put_key_number(e, argument(regs, 3)));
	}
	PARAM(arg5, put_key_number(e, argument(regs, 4)));
}

/* quotactl(2) commands (uapi/linux/quota.h, dqblk_xfs.h) → quotactl_cmds */
static __always_inline __u16 quota_command(__u32 cmd)
{
	switch (cmd) {
	case 0x800001: return 0x80;     /* Q_SYNC */
	case 0x800002: return 0x1;      /* Q_QUOTAON */
	case 0x800003: return 0x2;
	case 0x800004: return 0x4;
	case 0x800005: return 0x8;
	case 0x800006: return 0x10;
	case 0x800007: return 0x20;     /* Q_GETQUOTA */
	case 0x800008: return 0x40;
	case 0x5801: return 0x100;      /* Q_XQUOTAON */
	case 0x5802: return 0x200;
	case 0x5803: return 0x400;
	case 0x5804: return 0x800;
	case 0x5805: return 0x1000;
	case 0x5806: return 0x2000;
	case 0x5807: return 0x4000;
	default: return 0;
	}
}

/* QFMT_VFS_OLD, V0, V1 → quotactl_quota_fmts */
static __always_inline __u8 quota_format(__u32 format)
{
	return format == 1 ? 2 : format == 2 ? 4 : format == 4 ? 8 : 1;
}

EXIT_EVENT(quotactl, SYSCALL_QUOTACTL_X)
{
	__u32 cmd = argument(regs, 0), type = cmd & 0xff;
	__u16 portable = quota_command(cmd >> 8);
	struct if_dqblk dq = {};
	struct if_dqinfo info = {};
	__u32 format = 0;
	bool quota = portable == 0x20 || portable == 0x40, of_system = portable == 0x8 || portable == 0x10;
	PARAM(res, put_int(e, ret));
	PARAM(special, put_user_text(e, argument(regs, 1)));
	if (portable == 0x1)
		PARAM(quotafilepath, put_user_text(e, argument(regs, 3)));
	else
		PARAM(quotafilepath, put_empty(e));
	if (quota)
		bpf_probe_read_user(&dq, sizeof(dq), (void *)argument(regs, 3));
	if (of_system)
		bpf_probe_read_user(&info, sizeof(info), (void *)argument(regs, 3));
	if (portable == 0x4)
		bpf_probe_read_user(&format, sizeof(format), (void *)argument(regs, 3));
	PARAM(dqb_bhardlimit, put_u64(e, dq.dqb_bhardlimit));
	PARAM(dqb_bsoftlimit, put_u64(e, dq.dqb_bsoftlimit));
	PARAM(dqb_curspace, put_u64(e, dq.dqb_curspace));
	PARAM(dqb_ihardlimit, put_u64(e, dq.dqb_ihardlimit));
	PARAM(dqb_isoftlimit, put_u64(e, dq.dqb_isoftlimit));
	PARAM(dqb_btime, put_u64(e, dq.dqb_btime));
	PARAM(dqb_itime, put_u64(e, dq.dqb_itime));
	PARAM(dqi_bgrace, put_u64(e, info.dqi_bgrace));
	PARAM(dqi_igrace, put_u64(e, info.dqi_igrace));
	PARAM(dqi_flags, put_u8(e, info.dqi_flags & 3));
	PARAM(quota_fmt_out, put_u8(e, quota_format(format)));
	PARAM(cmd, put_u16(e, portable));
	PARAM(type, put_u8(e, type == 0 ? 1 : type == 1 ? 2 : 0));
	PARAM(id, put_u32(e, argument(regs, 2)));
	PARAM(quota_fmt, put_u8(e, portable == 0x1 ? quota_format(argument(regs, 2)) : 1));
}

EXIT_EVENT_SHARED(init_module, SYSCALL_INIT_MODULE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(img, put_data(e, argument(regs, 0), argument(regs, 1)));
	PARAM(length, put_u64(e, argument(regs, 1)));
	PARAM(uargs, put_user_text(e, argument(regs, 2)));
}

EXIT_EVENT_SHARED(finit_module, SYSCALL_FINIT_MODULE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(uargs, put_user_text(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, argument(regs, 2) & 7));
}

EXIT_EVENT(delete_module, SYSCALL_DELETE_MODULE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(name, put_user_text(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, delete_module_flags(argument(regs, 1))));
}

EXIT_EVENT(nanosleep, SYSCALL_NANOSLEEP_X)
{
	__u64 ns = 0;
	PARAM(res, put_int(e, ret));
	read_time(&ns, regs, argument(regs, 0));
	PARAM(interval, put_u64(e, ns));
}

EXIT_EVENT(futex, SYSCALL_FUTEX_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(op, put_u16(e, futex_operation(argument(regs, 1))));
	PARAM(val, put_u64(e, argument(regs, 2)));
}

/* A call without an event of its own. The portable number (PPM_SC_*) comes from the sidecar's table. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, __u16);
} portable_numbers SEC(".maps");

EXIT_EVENT(generic, GENERIC_X)
{
	__u16 *id = bpf_map_lookup_elem(&portable_numbers, &regs->number);
	PARAM(ID, put_u16(e, regs->portable ? regs->portable : id ? *id : 0));
	PARAM(nativeID, put_u16(e, regs->number));
}
