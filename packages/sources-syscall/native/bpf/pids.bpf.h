/* Level 3: process ids as the initial namespace numbers them, for a sidecar that runs in a pid namespace of its own. */
#pragma once
#include "extract.bpf.h"

/* One struct pid_pair per process of the reader's pid namespace. */
SEC("iter/task")
int list_pids(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct pid_pair pair = {};
	struct upid id;
	struct pid *tgid;
	int level;
	if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	tgid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	level = BPF_CORE_READ(current_task(), thread_pid, level);
	if (level < 0 || level > BPF_CORE_READ(tgid, level))
		return 0;
	id = upid_at(tgid, level);
	pair.here = id.nr;
	pair.global = BPF_CORE_READ(task, tgid);
	bpf_seq_write(ctx->meta->seq, &pair, sizeof(pair));
	return 0;
}
