/* Programs at tracepoints other than those of calls (enum trace): loaded once they are wanted, attached while they are. */
#pragma once
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "probe.skel.h"
#include "../wire.h"

#define TRACES 3

/* Programs of tracepoints that this kernel lacks are not loaded. */
void leave_out_tracepoints(struct probe *skeleton, const struct btf *kernel);
bool is_trace(struct probe *skeleton, const struct bpf_program *program);
/* Marks for loading those that are wanted and not among `filled`, both as in programs.h. Returns how many. */
int choose_traces(struct probe *skeleton, const __u8 *filled, const __u8 *wants);
void note_loaded_traces(struct probe *skeleton, __u8 *filled);
bool any_trace_missing(const __u8 *filled, const __u8 *wants);
/* Attaches those that are wanted, detaches the others. `copies`: of the object, all that are loaded. 0, or -errno. */
int attach_traces(struct probe *const *copies, int count, struct bpf_link *links[TRACES], const __u8 *wants);
