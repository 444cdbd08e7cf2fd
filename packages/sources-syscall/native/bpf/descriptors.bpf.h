/* Level 3: descriptors that are neither files nor sockets, and copies of descriptors. */
#pragma once
#include "network.bpf.h"
#include "task.bpf.h"

EXIT_EVENT_SHARED(eventfd, SYSCALL_EVENTFD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(initval, put_u64(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, 0));
}

EXIT_EVENT_SHARED(eventfd2, SYSCALL_EVENTFD2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u16(e, eventfd_flags(argument(regs, 1))));
	PARAM(initval, put_u64(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(signalfd, SYSCALL_SIGNALFD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(mask, put_u32(e, 0));
	PARAM(flags, put_u8(e, 0));
}

EXIT_EVENT_SHARED(signalfd4, SYSCALL_SIGNALFD4_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u16(e, eventfd_flags(argument(regs, 3))));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(mask, put_u32(e, 0));
}

EXIT_EVENT_SHARED(timerfd_create, SYSCALL_TIMERFD_CREATE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(clockid, put_u8(e, 0));
	PARAM(flags, put_u8(e, 0));
}

EXIT_EVENT_SHARED(inotify_init, SYSCALL_INOTIFY_INIT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u8(e, 0));
}

EXIT_EVENT_SHARED(inotify_init1, SYSCALL_INOTIFY_INIT1_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u16(e, eventfd_flags(argument(regs, 0))));
}

EXIT_EVENT_SHARED(epoll_create, SYSCALL_EPOLL_CREATE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(size, put_u32(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(epoll_create1, SYSCALL_EPOLL_CREATE1_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u32(e, argument(regs, 0) & 02000000 ? 1 : 0));
}

EXIT_EVENT_SHARED(memfd_create, SYSCALL_MEMFD_CREATE_X)
{
	PARAM(fd, put_int(e, ret));
	PARAM(name, put_user_text(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, memfd_flags(argument(regs, 1))));
}

EXIT_EVENT_SHARED(pidfd_open, SYSCALL_PIDFD_OPEN_X)
{
	PARAM(fd, put_int(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, pidfd_flags(argument(regs, 1))));
}

EXIT_EVENT_SHARED(pidfd_getfd, SYSCALL_PIDFD_GETFD_X)
{
	PARAM(fd, put_int(e, ret));
	PARAM(pid_fd, put_int(e, argument(regs, 0)));
	PARAM(target_fd, put_int(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT_SHARED(userfaultfd, SYSCALL_USERFAULTFD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u32(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(bpf, SYSCALL_BPF_2_X)
{
	PARAM(fd, put_int(e, ret));
	PARAM(cmd, put_u32(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(io_uring_setup, SYSCALL_IO_URING_SETUP_X)
{
	struct io_uring_params p = {};
	bpf_probe_read_user(&p, sizeof(p), (void *)argument(regs, 1));
	PARAM(res, put_int(e, ret));
	PARAM(entries, put_u32(e, argument(regs, 0)));
	PARAM(sq_entries, put_u32(e, p.sq_entries));
	PARAM(cq_entries, put_u32(e, p.cq_entries));
	PARAM(flags, put_u32(e, io_uring_setup_flags(p.flags)));
	PARAM(sq_thread_cpu, put_u32(e, p.sq_thread_cpu));
	PARAM(sq_thread_idle, put_u32(e, p.sq_thread_idle));
	PARAM(features, put_u32(e, p.features & 0x7ff));
}

EXIT_EVENT(io_uring_enter, SYSCALL_IO_URING_ENTER_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(to_submit, put_u32(e, argument(regs, 1)));
	PARAM(min_complete, put_u32(e, argument(regs, 2)));
	PARAM(flags, put_u32(e, argument(regs, 3) & 15));
	PARAM(sig, put_u32(e, argument(regs, 4))); /* a pointer's lower half, as in Falco */
}

EXIT_EVENT(io_uring_register, SYSCALL_IO_URING_REGISTER_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(opcode, put_u16(e, argument(regs, 1)));
	PARAM(arg, put_u64(e, argument(regs, 2)));
	PARAM(nr_args, put_u32(e, argument(regs, 3)));
}

EXIT_EVENT_SHARED(dup, SYSCALL_DUP_1_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(oldfd, put_int(e, argument(regs, 0)));
	add_socket(e, ret, true);
}

EXIT_EVENT_SHARED(dup2, SYSCALL_DUP2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(oldfd, put_int(e, argument(regs, 0)));
	PARAM(newfd, put_int(e, argument(regs, 1)));
	add_socket(e, ret, true);
}

EXIT_EVENT_SHARED(dup3, SYSCALL_DUP3_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(oldfd, put_int(e, argument(regs, 0)));
	PARAM(newfd, put_int(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, dup3_flags(argument(regs, 2))));
	add_socket(e, ret, true);
}

#define F_DUPFD 0
#define F_SETFD 2
#define F_DUPFD_CLOEXEC 1030

EXIT_EVENT_SHARED(fcntl, SYSCALL_FCNTL_X)
{
	__u32 command = argument(regs, 1);
	if (command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_SETFD && is_for_state(regs->number)) {
		leave_out(e);
		return;
	}
	if (is_for_state(regs->number) && is_unknown(argument(regs, 0))) {
		leave_out(e);
		count(COUNT_FILE_CLOSES);
		return;
	}
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(cmd, put_u8(e, fcntl_command(argument(regs, 1))));
	PARAM(arg, put_u64(e, argument(regs, 2)));
	if (ret >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		add_socket(e, argument(regs, 0), true);
}

SHARED_PROGRAM(copies, COPIES, WANT_EVENT, true)
