/* Level 3: tracepoints other than system calls: signals, context switches, page faults, attached only when a rule wants them; io_uring. */
#pragma once
#include "store.bpf.h"
#include "task.bpf.h"

/* The sender of the signal, where its kind and origin show it. */
static __always_inline int sender(int sig, struct kernel_siginfo *info)
{
	switch (sig) {
	case 9:                                         /* SIGKILL */
		return BPF_CORE_READ(info, _sifields._kill._pid);
	case 1: case 2: case 3: case 15: case 20:       /* SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP: by a process, not by the kernel */
		return BPF_CORE_READ(info, si_code) <= 0 ? BPF_CORE_READ(info, _sifields._kill._pid) : 0;
	case 17:                                        /* SIGCHLD */
		return BPF_CORE_READ(info, _sifields._sigchld._pid);
	default:
		return sig >= 32 ? BPF_CORE_READ(info, _sifields._rt._pid) : 0;
	}
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(t_signal, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct event event, *e = &event;
	if (!is_wanted(TRACE_SIGNAL) || !begin(e, PPME_SIGNALDELIVER_E, NPARAMS_SIGNALDELIVER_E, WANT_EVENT))
		return 0;
	PARAM(spid, put_int(e, sender(sig, info)));
	PARAM(dpid, put_int(e, BPF_CORE_READ(current_task(), pid)));
	PARAM(sig, put_u8(e, sig));
	return commit(e);
}

/* `next` apart, the values describe the task that leaves the CPU. */
SEC("tp_btf/sched_switch")
int BPF_PROG(t_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct event event, *e = &event;
	if (!is_wanted(TRACE_SWITCH) || !begin(e, PPME_SCHEDSWITCH_6_E, NPARAMS_SCHEDSWITCH_6_E, WANT_EVENT))
		return 0;
	PARAM(next, put_int(e, BPF_CORE_READ(next, pid)));
	put_faults(e, prev);
	put_memory(e, prev);
	return commit(e);
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(t_page_fault, unsigned long address, struct pt_regs *regs, unsigned long error)
{
	struct event event, *e = &event;
	if (!is_wanted(TRACE_PAGE_FAULT) || !begin(e, PPME_PAGE_FAULT_E, NPARAMS_PAGE_FAULT_E, WANT_EVENT))
		return 0;
	PARAM(addr, put_u64(e, address));
	PARAM(ip, put_u64(e, PT_REGS_IP_CORE(regs)));
	/* protection, not present | write, read | user, supervisor | reserved | instruction fetch */
	PARAM(error, put_u32(e, (error & 1 ? 1 : 2) | (error & 2 ? 4 : 8) | (error & 4 ? 16 : 32) | (error & 8 ? 64 : 0) | (error & 16 ? 128 : 0)));
	return commit(e);
}

/* A request that was submitted to an io_uring: no system call follows that could be recorded. The tracepoint's name before 6.0 and since. */
static __always_inline int count_request(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (pid != sidecar_pid && pid != engine_pid)
		count(COUNT_IO_URING);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(t_io_uring, struct io_kiocb *request) { return count_request(); }

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(t_io_uring_old, void *context) { return count_request(); }
