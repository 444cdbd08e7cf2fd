/* The one BPF object: every family, and the dispatcher in front of them. */
#include "store.bpf.h"
#include "exec.bpf.h"
#include "process.bpf.h"
#include "open.bpf.h"
#include "files.bpf.h"
#include "names.bpf.h"
#include "hooks.bpf.h"
#include "io.bpf.h"
#include "waiting.bpf.h"
#include "memory.bpf.h"
#include "network.bpf.h"
#include "messages.bpf.h"
#include "sockopt.bpf.h"
#include "identity.bpf.h"
#include "descriptors.bpf.h"
#include "system.bpf.h"
#include "rare.bpf.h"
#include "tracepoints.bpf.h"
#include "compat.bpf.h"
#include "pids.bpf.h"

/* The kernel gives its helpers only to programs that declare a licence compatible with the GPL. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Every call of the machine comes through here: what is not wanted must go at once. */
SEC("tp_btf/sys_exit")
int BPF_PROG(dispatch, struct pt_regs *regs, long ret)
{
	__u32 nr = syscall_number(regs), cpu, pid;
	bool compat = (__s32)nr >= X32_BIT || is_compat_call();
	struct scratch *to;
	if (compat)
		nr = SLOT_COMPAT;
	if (!is_wanted(nr))
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	if (pid == sidecar_pid || pid == engine_pid)
		return 0;
	if (!compat) {
		cpu = bpf_get_smp_processor_id();
		to = bpf_map_lookup_elem(&scratches, &cpu);
		if (!to)
			return 0;
		read_native(&to->registers, regs);
		to->registers.number = nr;
		to->registers.portable = 0;
		to->registers.narrow = 0;
	}
	return call_program(ctx, nr, ret);
}
