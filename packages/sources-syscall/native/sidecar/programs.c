#include "programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include "compat.gen.h"
#endif
#include "syscalls.gen.h"
#include "traces.h"
#include "../calls.h"

struct probe *open_skeleton(void)
{
	return probe__open();
}

bool has_types(void)
{
	struct btf *kernel;
	/* loading them takes 15 ms, and they are loaded again with the object */
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		return true;
	kernel = btf__load_vmlinux_btf();
	btf__free(kernel);
	return kernel != NULL;
}

int native_number(const char *name)
{
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++)
		if (!strcmp(SYSCALLS[i].name, name))
			return SYSCALLS[i].number;
	return -1;
}

/* What the probe needs to know of calls through the 32-bit interface, and the program that takes them. */
static int fill_compat(struct probe *skeleton)
{
	int program = bpf_program__fd(skeleton->progs.compat);
	__u32 slot = SLOT_COMPAT;
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.exit_programs), &slot, &program, BPF_ANY))
		return -errno;
#if defined(__x86_64__) /* of 32-bit programs on arm64 nothing is recorded: their calls are counted */
	int calls = bpf_map__fd(skeleton->maps.compat_calls);
	for (size_t i = 0; i < sizeof(COMPAT_CALLS) / sizeof(COMPAT_CALLS[0]); i++) {
		__u32 nr = COMPAT_CALLS[i].number;
		if (bpf_map_update_elem(calls, &nr, &COMPAT_CALLS[i].call, BPF_ANY))
			return -errno;
	}
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++) {
		struct compat_call call = { .native = SYSCALLS[i].number, .known = 1 };
		__u32 nr = SYSCALLS[i].number;
		if (nr >= COMPAT_SAME_FROM && bpf_map_update_elem(calls, &nr, &call, BPF_ANY))
			return -errno;
	}
#endif
	return 0;
}

static int fill_portable(struct probe *skeleton)
{
	int portable = bpf_map__fd(skeleton->maps.portable_numbers);
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++) {
		__u32 nr = SYSCALLS[i].number;
		__u16 id = SYSCALLS[i].portable;
		if (bpf_map_update_elem(portable, &nr, &id, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Whether a program writes events of calls. */
static bool is_of_calls(const struct bpf_program *program)
{
	return !strncmp(bpf_program__name(program), PROGRAM_PREFIX, strlen(PROGRAM_PREFIX));
}

/* By number of the call: the program that writes its events. */
static void find_programs(const struct probe *skeleton, struct bpf_program *of[MAX_NATIVE_SYSCALLS])
{
	struct bpf_program *program;
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++)
		of[SYSCALLS[i].number] = skeleton->progs.x_generic;
	bpf_object__for_each_program(program, skeleton->obj) {
		int nr = is_of_calls(program) ? native_number(bpf_program__name(program) + strlen(PROGRAM_PREFIX)) : -1;
		if (nr >= 0)
			of[nr] = program;
	}
#define SHARE(shared, call, nr) of[nr] = skeleton->progs.x_##shared;
	SHARED_CALLS(SHARE)
#undef SHARE
}

/*
 * Marks for loading what writes the events of calls and tracepoints that are wanted and have nothing in their slot: to verify programs
 * takes longest of all at the start, and rules want a part of them. Returns how many.
 */
int choose_programs(struct probe *skeleton, const __u8 *filled, const __u8 *wants)
{
	struct bpf_program *of[MAX_NATIVE_SYSCALLS] = {}, *program;
	int chosen = 0;
	find_programs(skeleton, of);
	bpf_object__for_each_program(program, skeleton->obj)
		if (is_of_calls(program))
			bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++) {
		__u32 nr = SYSCALLS[i].number;
		if (!wants[nr] || filled[nr])
			continue;
		bpf_program__set_autoload(of[nr], true);
		chosen++;
	}
	return chosen + choose_traces(skeleton, filled, wants);
}

int share_maps(struct probe *addition, struct probe *running)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int err;
	bpf_object__for_each_program(program, addition->obj)
		if (!is_of_calls(program) && !is_trace(addition, program))
			bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, addition->obj) {
		err = bpf_map__reuse_fd(map, bpf_map__fd(bpf_object__find_map_by_name(running->obj, bpf_map__name(map))));
		if (err)
			return err;
	}
	return 0;
}

/* Puts the programs that are loaded into the slots of their calls. */
int fill_programs(struct probe *skeleton, __u8 *filled, const __u8 *wants)
{
	struct bpf_program *of[MAX_NATIVE_SYSCALLS] = {};
	int map = bpf_map__fd(skeleton->maps.exit_programs);
	find_programs(skeleton, of);
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++) {
		__u32 nr = SYSCALLS[i].number;
		int fd = bpf_program__fd(of[nr]);
		if (fd < 0 || filled[nr] || (of[nr] == skeleton->progs.x_generic && !wants[nr]))
			continue;
		if (bpf_map_update_elem(map, &nr, &fd, BPF_ANY))
			return -errno;
		filled[nr] = 1;
	}
	note_loaded_traces(skeleton, filled);
	return 0;
}

bool any_missing(const __u8 *filled, const __u8 *wants)
{
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(SYSCALLS[0]); i++)
		if (wants[SYSCALLS[i].number] && !filled[SYSCALLS[i].number])
			return true;
	return any_trace_missing(filled, wants);
}

int fill_tables(struct probe *skeleton)
{
	int err = fill_portable(skeleton);
	return err ? err : fill_compat(skeleton);
}

int write_wants(const struct probe *skeleton, const __u8 *wants, __u8 without)
{
	int map = bpf_map__fd(skeleton->maps.syscalls), closes = native_number("close");
	const __u8 always = WANT_EVENT;
	for (int nr = 0; nr < MAX_NATIVE_SYSCALLS; nr++) {
		__u8 want = nr < SLOT_COMPAT && nr != closes ? wants[nr] & ~without : wants[nr];
		if (bpf_map_update_elem(map, &nr, nr == SLOT_COMPAT ? &always : &want, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* The only value of a map. -EPROTO: the programs have a larger or smaller struct than this file. */
static int read_value(const struct bpf_map *map, void *to, size_t size)
{
	__u32 zero = 0;
	if (bpf_map__value_size(map) != size)
		return -EPROTO;
	return bpf_map_lookup_elem(bpf_map__fd(map), &zero, to) ? -errno : 0;
}

static void set_texts(__u64 *to, const __u32 *texts)
{
	for (int i = 0; i < MAX_TEXTS; i++)
		if (texts[i])
			to[text_bit(texts[i]) / 64] |= 1ull << text_bit(texts[i]) % 64;
}

int write_texts(const struct probe *skeleton, const struct wanted *wanted, bool again)
{
	struct { __u64 texts[65536 / 64], directory_texts[65536 / 64]; __u32 directories_doubtful, closes_doubtful; } before, after; /* struct unasked in ../bpf/announced.bpf.h */
	int map = bpf_map__fd(skeleton->maps.unasked_map);
	__u32 zero = 0;
	int err = read_value(skeleton->maps.unasked_map, &before, sizeof(before));
	if (err)
		return err;
	after = before;
	memset(after.texts, 0, sizeof(after.texts));
	memset(after.directory_texts, 0, sizeof(after.directory_texts));
	set_texts(after.texts, wanted->texts);
	set_texts(after.directory_texts, wanted->directory_texts);
	if (again && memcmp(before.texts, after.texts, sizeof(after.texts)))
		after.directories_doubtful = 1;
	return bpf_map_update_elem(map, &zero, &after, BPF_ANY) ? -errno : 0;
}

static bool any_wanted(const __u8 *wants, const char *const *names)
{
	for (; *names; names++) {
		int nr = native_number(*names); /* not every architecture has each of them */
		if (nr >= 0 && wants[nr] != WANT_NOTHING)
			return true;
	}
	return false;
}

bool any_with_hooks(const __u8 *wants)
{
	static const char *const CHANGING[] = {
		"rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat", "unlink", "unlinkat", "symlink", "symlinkat",
		"chmod", "fchmodat", "chown", "lchown", "fchownat", "mknod", "mknodat", "mount", "umount2", NULL,
	};
	return any_wanted(wants, CHANGING);
}

bool any_with_paths(const __u8 *wants)
{
	static const char *const OPENING[] = { "open", "openat", "openat2", "creat", NULL };
	return any_wanted(wants, OPENING) || any_with_hooks(wants);
}

int read_counts(const struct probe *skeleton, int cpus, __u64 boot_time_ns, struct stats *to)
{
	struct { __u64 counters[COUNTER_MAX]; } *per_cpu = calloc(cpus, sizeof(*per_cpu));
	struct { __u32 window, marks, given, flooder; } written; /* struct written in ../bpf/shares.bpf.h */
	struct { __u64 began, last; } losses;             /* struct losses in ../bpf/base.bpf.h */
	__u32 zero = 0;
	int err = 0;
	if (!per_cpu)
		return -ENOMEM;
	memset(to, 0, sizeof(*to));
	if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.counts), &zero, per_cpu))
		err = -errno;
	else
		for (int cpu = 0; cpu < cpus; cpu++)
			for (int i = 0; i < COUNTER_MAX; i++)
				to->counters[i] += per_cpu[cpu].counters[i];
	free(per_cpu);
	if (!err)
		err = read_value(skeleton->maps.written_map, &written, sizeof(written));
	if (!err)
		to->flooder = written.flooder;
	if (!err)
		err = read_value(skeleton->maps.losses, &losses, sizeof(losses));
	if (!err && losses.began)
		to->loss_began_ns = boot_time_ns + losses.began;
	return err;
}
