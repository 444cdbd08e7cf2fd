/* The one BPF object: every family, and the dispatcher in front of them. */
#include "store.bpf.h"
#include "process.bpf.h"
#include "io.bpf.h"
#include "memory.bpf.h"
#include "network.bpf.h"
#include "identity.bpf.h"
#include "descriptors.bpf.h"
#include "system.bpf.h"
#include "tracepoints.bpf.h"

/* The kernel gives its helpers only to programs that declare a licence compatible with the GPL. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_exit")
int BPF_PROG(dispatch, struct pt_regs *regs, long ret)
{
	__u32 nr = syscall_number(regs);
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (!want || *want == WANT_NOTHING)
		return 0;
	if (pid == sidecar_pid || pid == engine_pid)
		return 0;
	if (is_compat_task(current_task())) {
		count(COUNT_COMPAT);
		return 0;
	}
	if ((nr == NR_EXECVE || nr == NR_EXECVEAT) && ret >= 0)
		return 0; /* exec_done has written it */
	bpf_tail_call(ctx, &exit_programs, nr);
	count(COUNT_TAIL_FAILED);
	return 0;
}
