/* Level 3: descriptors that are no files and no sockets; modules, keys, BPF, io_uring. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "io.bpf.h"

/* res initval flags; res flags initval */
EXIT_EVENT(eventfd, 284, SYSCALL_EVENTFD_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u32(e, 0);
}

EXIT_EVENT(eventfd2, 290, SYSCALL_EVENTFD2_X)
{
	put_int(e, ret);
	put_u16(e, eventfd_flags(argument(regs, 1)));
	put_u64(e, argument(regs, 0));
}

/* res fd mask flags; res flags fd mask */
EXIT_EVENT(signalfd, 282, SYSCALL_SIGNALFD_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, 0);
	put_u8(e, 0);
}

EXIT_EVENT(signalfd4, 289, SYSCALL_SIGNALFD4_X)
{
	put_int(e, ret);
	put_u16(e, eventfd_flags(argument(regs, 3)));
	put_int(e, argument(regs, 0));
	put_u32(e, 0);
}

/* res clockid flags */
EXIT_EVENT(timerfd_create, 283, SYSCALL_TIMERFD_CREATE_X)
{
	put_int(e, ret);
	put_u8(e, 0);
	put_u8(e, 0);
}

EXIT_EVENT(inotify_init, 253, SYSCALL_INOTIFY_INIT_X)
{
	put_int(e, ret);
	put_u8(e, 0);
}

EXIT_EVENT(inotify_init1, 294, SYSCALL_INOTIFY_INIT1_X)
{
	put_int(e, ret);
	put_u16(e, eventfd_flags(argument(regs, 0)));
}

EXIT_EVENT(epoll_create, 213, SYSCALL_EPOLL_CREATE_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
}

EXIT_EVENT(epoll_create1, 291, SYSCALL_EPOLL_CREATE1_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0) & 02000000 ? 1 : 0);
}

/* fd name flags */
EXIT_EVENT(memfd_create, 319, SYSCALL_MEMFD_CREATE_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, memfd_flags(argument(regs, 1)));
}

/* fd pid flags */
EXIT_EVENT(pidfd_open, 434, SYSCALL_PIDFD_OPEN_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, pidfd_flags(argument(regs, 1)));
}

/* fd pid_fd target_fd flags */
EXIT_EVENT(pidfd_getfd, 438, SYSCALL_PIDFD_GETFD_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
}

/* res flags */
EXIT_EVENT(userfaultfd, 323, SYSCALL_USERFAULTFD_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
}

/* fd cmd */
EXIT_EVENT(bpf, 321, SYSCALL_BPF_2_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
}

/* res entries sq_entries cq_entries flags sq_thread_cpu sq_thread_idle features */
EXIT_EVENT(io_uring_setup, 425, SYSCALL_IO_URING_SETUP_X)
{
	struct io_uring_params p = {};
	bpf_probe_read_user(&p, sizeof(p), (void *)argument(regs, 1));
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
	put_u32(e, p.sq_entries);
	put_u32(e, p.cq_entries);
	put_u32(e, io_uring_setup_flags(p.flags));
	put_u32(e, p.sq_thread_cpu);
	put_u32(e, p.sq_thread_idle);
	put_u32(e, p.features & 0x7ff);
}

/* res fd to_submit min_complete flags sig */
EXIT_EVENT(io_uring_enter, 426, SYSCALL_IO_URING_ENTER_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
	put_u32(e, argument(regs, 3) & 15);
	put_u32(e, argument(regs, 4)); /* a pointer's lower half, as in Falco */
}

/* res fd opcode arg nr_args */
EXIT_EVENT(io_uring_register, 427, SYSCALL_IO_URING_REGISTER_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u16(e, argument(regs, 1));
	put_u64(e, argument(regs, 2));
	put_u32(e, argument(regs, 3));
}

/* res img length uargs */
EXIT_EVENT(init_module, 175, SYSCALL_INIT_MODULE_X)
{
	put_int(e, ret);
	put_data(e, argument(regs, 0), argument(regs, 1));
	put_u64(e, argument(regs, 1));
	put_user_text(e, argument(regs, 2));
}

/* res fd uargs flags */
EXIT_EVENT(finit_module, 313, SYSCALL_FINIT_MODULE_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, argument(regs, 2) & 7);
}

/* res name flags */
EXIT_EVENT(delete_module, 176, SYSCALL_DELETE_MODULE_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, delete_module_flags(argument(regs, 1)));
}

/* res pid data: of the caller's own buffers */
EXIT_EVENT(process_vm_readv, 310, SYSCALL_PROCESS_VM_READV_X)
{
	put_u64(e, ret);
	put_int(e, argument(regs, 0));
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret);
}

EXIT_EVENT(process_vm_writev, 311, SYSCALL_PROCESS_VM_WRITEV_X)
{
	put_u64(e, ret);
	put_int(e, argument(regs, 0));
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret);
}

/* res interval */
EXIT_EVENT(nanosleep, 35, SYSCALL_NANOSLEEP_X)
{
	__u64 ns = 0;
	put_int(e, ret);
	read_time(&ns, regs, argument(regs, 0));
	put_u64(e, ns);
}

/* res addr op val */
EXIT_EVENT(futex, 202, SYSCALL_FUTEX_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u16(e, futex_operation(argument(regs, 1)));
	put_u64(e, argument(regs, 2));
}

/* ID nativeID: a call that has no event of its own. The engine's number (PPM_SC_*) comes from the sidecar's table. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, __u16);
} portable_numbers SEC(".maps");

EXIT_EVENT(generic, -1, GENERIC_X)
{
	__u16 *id = bpf_map_lookup_elem(&portable_numbers, &regs->number);
	put_u16(e, regs->portable ? regs->portable : id ? *id : 0);
	put_u16(e, regs->number);
}

/* res oldfd [newfd [flags]] */
EXIT_EVENT(dup, 32, SYSCALL_DUP_1_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
}

EXIT_EVENT(dup2, 33, SYSCALL_DUP2_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
}

EXIT_EVENT(dup3, 292, SYSCALL_DUP3_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
	put_u32(e, dup3_flags(argument(regs, 2)));
}

#define F_DUPFD 0
#define F_SETFD 2
#define F_DUPFD_CLOEXEC 1030

/* res fd cmd arg */
EXIT_EVENT(fcntl, 72, SYSCALL_FCNTL_X)
{
	__u32 command = argument(regs, 1);
	if (command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_SETFD && is_for_state(regs->number)) {
		leave_out(e);
		return;
	}
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u8(e, fcntl_command(argument(regs, 1)));
	put_u64(e, argument(regs, 2));
}
