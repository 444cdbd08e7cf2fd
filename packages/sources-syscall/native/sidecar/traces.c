#include "traces.h"

#include <errno.h>

/* By the names of their types in the kernel, in the order of enum trace. */
static const char *const TRACEPOINTS[TRACES] = { "btf_trace_signal_deliver", "btf_trace_sched_switch", "btf_trace_page_fault_user" };

static struct bpf_program *trace_program(struct probe *skeleton, size_t which)
{
	return which == 0 ? skeleton->progs.t_signal : which == 1 ? skeleton->progs.t_switch : skeleton->progs.t_page_fault;
}

static bool has_tracepoint(const struct btf *kernel, const char *type)
{
	return kernel && btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

void leave_out_tracepoints(struct probe *skeleton, const struct btf *kernel)
{
	for (size_t i = 0; i < TRACES; i++) {
		struct bpf_program *program = trace_program(skeleton, i);
		bpf_program__set_autoattach(program, false);
		bpf_program__set_autoload(program, has_tracepoint(kernel, TRACEPOINTS[i]));
	}
	/* attached with the rest: they only count */
	bpf_program__set_autoload(skeleton->progs.t_io_uring, has_tracepoint(kernel, "btf_trace_io_uring_submit_req"));
	bpf_program__set_autoload(skeleton->progs.t_io_uring_old, has_tracepoint(kernel, "btf_trace_io_uring_submit_sqe"));
}

bool is_trace(struct probe *skeleton, const struct bpf_program *program)
{
	for (size_t i = 0; i < TRACES; i++)
		if (trace_program(skeleton, i) == program)
			return true;
	return false;
}

static bool is_missing(const __u8 *filled, const __u8 *wants, size_t which)
{
	return wants[TRACE_SIGNAL + which] && !filled[TRACE_SIGNAL + which];
}

int choose_traces(struct probe *skeleton, const __u8 *filled, const __u8 *wants)
{
	int chosen = 0;
	for (size_t i = 0; i < TRACES; i++) {
		struct bpf_program *program = trace_program(skeleton, i);
		bool choose = is_missing(filled, wants, i) && bpf_program__autoload(program);
		bpf_program__set_autoload(program, choose);
		chosen += choose;
	}
	return chosen;
}

void note_loaded_traces(struct probe *skeleton, __u8 *filled)
{
	for (size_t i = 0; i < TRACES; i++)
		if (bpf_program__fd(trace_program(skeleton, i)) >= 0)
			filled[TRACE_SIGNAL + i] = 1;
}

bool any_trace_missing(const __u8 *filled, const __u8 *wants)
{
	for (size_t i = 0; i < TRACES; i++)
		if (is_missing(filled, wants, i))
			return true;
	return false;
}

static struct bpf_program *loaded_trace(struct probe *const *copies, int count, size_t which)
{
	for (int i = 0; i < count; i++)
		if (bpf_program__fd(trace_program(copies[i], which)) >= 0)
			return trace_program(copies[i], which);
	return NULL;
}

int attach_traces(struct probe *const *copies, int count, struct bpf_link *links[TRACES], const __u8 *wants)
{
	for (size_t i = 0; i < TRACES; i++) {
		struct bpf_program *program = loaded_trace(copies, count, i);
		if (!wants[TRACE_SIGNAL + i]) {
			bpf_link__destroy(links[i]);
			links[i] = NULL;
		} else if (!links[i] && program) {
			links[i] = bpf_program__attach(program);
			if (!links[i])
				return -errno;
		}
	}
	return 0;
}
