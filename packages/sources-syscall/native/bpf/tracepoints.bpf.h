/* Level 3: what is no system call: signals, context switches, page faults. Attached only when a rule wants them. */
#pragma once
#include "store.bpf.h"
#include "task.bpf.h"

/* spid dpid sig */
SEC("tp_btf/signal_deliver")
int BPF_PROG(t_signal, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct event event, *e = &event;
	int code, from = 0;
	if (!is_wanted(TRACE_SIGNAL) || !begin(e, PPME_SIGNALDELIVER_E, NPARAMS_SIGNALDELIVER_E, WANT_EVENT))
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if (sig == 17 /* SIGCHLD */)
		from = BPF_CORE_READ(info, _sifields._sigchld._pid);
	else if (sig == 9 || code <= 0 /* sent by a process, not by the kernel */)
		from = BPF_CORE_READ(info, _sifields._kill._pid);
	put_int(e, from);
	put_int(e, BPF_CORE_READ(current_task(), pid));
	put_u8(e, sig);
	return commit(e);
}

/* next pgft_maj pgft_min vm_size vm_rss vm_swap: of the task that is leaving the CPU, but for `next` */
SEC("tp_btf/sched_switch")
int BPF_PROG(t_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct event event, *e = &event;
	if (!is_wanted(TRACE_SWITCH) || !begin(e, PPME_SCHEDSWITCH_6_E, NPARAMS_SCHEDSWITCH_6_E, WANT_EVENT))
		return 0;
	put_int(e, BPF_CORE_READ(next, pid));
	put_faults(e, prev);
	put_memory(e, prev);
	return commit(e);
}

/* addr ip error */
SEC("tp_btf/page_fault_user")
int BPF_PROG(t_page_fault, unsigned long address, struct pt_regs *regs, unsigned long error)
{
	struct event event, *e = &event;
	if (!is_wanted(TRACE_PAGE_FAULT) || !begin(e, PPME_PAGE_FAULT_E, NPARAMS_PAGE_FAULT_E, WANT_EVENT))
		return 0;
	put_u64(e, address);
	put_u64(e, PT_REGS_IP_CORE(regs));
	/* protection, not present | write, read | user, supervisor | reserved | instruction fetch */
	put_u32(e, (error & 1 ? 1 : 2) | (error & 2 ? 4 : 8) | (error & 4 ? 16 : 32) | (error & 8 ? 64 : 0) | (error & 16 ? 128 : 0));
	return commit(e);
}
