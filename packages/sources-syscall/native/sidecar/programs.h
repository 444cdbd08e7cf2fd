/*
 * Which BPF programs are loaded, and which slots of exit_programs they fill. By system call number, and above all of them by enum trace:
 * `filled` marks the slots that have one, `wants` is that of wire.h.
 */
#pragma once
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "probe.skel.h"
#include "../wire.h"

#define PROGRAM_PREFIX "x_"

/* The opened object. No other file may call probe__open: each copy of the object that it holds is more than a megabyte. */
struct probe *open_skeleton(void);
/* Whether the kernel describes its types, which the programs are relocated by. */
bool has_types(void);
/* This machine's number of a call; -1 = it has none of that name. */
int native_number(const char *name);
int choose_programs(struct probe *skeleton, const __u8 *filled, const __u8 *wants);
/* Before loading: an object that only has programs of calls, and the maps of one that runs. 0, or -errno. */
int share_maps(struct probe *addition, struct probe *running);
int fill_programs(struct probe *skeleton, __u8 *filled, const __u8 *wants);
bool any_missing(const __u8 *filled, const __u8 *wants);
/* Tables that programs look things up in: numbers of calls, and calls through other interfaces. */
int fill_tables(struct probe *skeleton);

/* The counters, summed over all CPUs. 0, or -errno. */
int read_counts(const struct probe *skeleton, int cpus, __u64 boot_time_ns, struct stats *to);
/* By call, but for what is to be left off each want other than that of close: what closes are left out for has to be known without a gap. */
int write_wants(const struct probe *skeleton, const __u8 *wants, __u8 without);
/*
 * Which texts paths are searched for. `again`: the engine may know directories by names that have one of these, since nobody has looked
 * for them there: files below are no longer left out then.
 */
int write_texts(const struct probe *skeleton, const struct wanted *wanted, bool again);
/* Whether a call is wanted whose object the hooks know, or whose paths are read at sys_enter. */
bool any_with_hooks(const __u8 *wants);
bool any_with_paths(const __u8 *wants);
