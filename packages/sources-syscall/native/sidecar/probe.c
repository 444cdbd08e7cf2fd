#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "hooks.h"
#include "pids.h"
#include "programs.h"
#include "traces.h"

#define MAX_RINGS 253

struct probe_session {
	struct probe *skeleton;
	/* The object, and copies of it that share its maps, each with at least one program that was wanted later. */
	struct probe *copies[1 + MAX_NATIVE_SYSCALLS];
	int copy_count;
	/* By system call number: whether its slot of exit_programs is filled. */
	__u8 filled[MAX_NATIVE_SYSCALLS];
	struct configure settings;
	__u64 boot_time_ns;
	__u32 engine_pid, sidecar_pid;   /* as the initial pid namespace numbers them; 0 = not known */
	int rings[MAX_RINGS];
	int ring_count;
	int cpus;
	struct bpf_link *traces[TRACES];
	struct bpf_link *paths;
	bool no_hooks, hooked, began;
	struct ring_buffer *alarms;
};

int ring_count(__u32 cpus_per_ring)
{
	__u32 cpus = libbpf_num_possible_cpus(), rings = (cpus + (__u64)cpus_per_ring - 1) / cpus_per_ring;
	return rings > MAX_RINGS ? MAX_RINGS : rings;
}

static int add_ring(struct probe_session *session, const struct configure *settings)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "falc_ring", 0, 0, settings->ring_bytes, NULL);
	if (fd < 0)
		return -errno;
	session->rings[session->ring_count++] = fd;
	return 0;
}

static int make_rings(struct probe_session *session, const struct configure *settings)
{
	int map = bpf_map__fd(session->skeleton->maps.rings);
	for (int cpu = 0; cpu < session->cpus; cpu++) {
		int ring = cpu / settings->cpus_per_ring;
		if (ring >= MAX_RINGS)
			ring = MAX_RINGS - 1;
		while (session->ring_count <= ring) {
			int err = add_ring(session, settings);
			if (err)
				return err;
		}
		if (bpf_map_update_elem(map, &cpu, &session->rings[ring], BPF_ANY))
			return -errno;
	}
	return 0;
}

/* That it came is all that it says: the counters say the rest. */
static int ignore_alarm(void *unused, void *record, size_t size)
{
	(void)unused, (void)record, (void)size;
	return 0;
}

/* The object with its settings, nothing of it loaded. */
static struct probe *open_object(const struct probe_session *session)
{
	const struct configure *settings = &session->settings;
	struct probe *skeleton = open_skeleton();
	struct bpf_program *program;
	struct btf *kernel;
	if (!skeleton)
		return NULL;
	kernel = btf__load_vmlinux_btf(); /* without it, loading fails with a reason */
	skeleton->rodata->can_cast = kernel && btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	skeleton->rodata->boot_time_ns = session->boot_time_ns;
	skeleton->rodata->snaplen = settings->snaplen;
	skeleton->rodata->engine_pid = settings->own_events ? 0 : session->engine_pid;
	skeleton->rodata->sidecar_pid = session->sidecar_pid;
	skeleton->rodata->ring_bytes = settings->ring_bytes;
	/* programs that `dispatch` calls are not attached; tracepoints are attached when wanted */
	bpf_object__for_each_program(program, skeleton->obj)
		if (!strncmp(bpf_program__name(program), PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)))
			bpf_program__set_autoattach(program, false);
	bpf_program__set_autoattach(skeleton->progs.compat, false);
	bpf_program__set_autoattach(skeleton->progs.enter_paths, false);
	bpf_program__set_autoload(skeleton->progs.list_pids, false);
	leave_out_tracepoints(skeleton, kernel);
	choose_hooks(skeleton, session->no_hooks ? NULL : kernel, session->cpus);
	btf__free(kernel);
	bpf_map__set_max_entries(skeleton->maps.scratches, session->cpus);
	bpf_map__set_max_entries(skeleton->maps.alarms, sysconf(_SC_PAGESIZE));
	return skeleton;
}

/* Loads programs for calls that were not wanted before; they share the maps of the running ones. */
static int add_programs(struct probe_session *session, const __u8 *wants)
{
	struct probe *skeleton = open_object(session);
	int err;

	if (!skeleton)
		return -errno;
	if (!choose_programs(skeleton, session->filled, wants)) {
		probe__destroy(skeleton);
		return 0;
	}
	err = share_maps(skeleton, session->skeleton);
	if (!err)
		err = probe__load(skeleton);
	if (err) {
		probe__destroy(skeleton);
		return err;
	}
	session->copies[session->copy_count++] = skeleton;
	return fill_programs(skeleton, session->filled, wants);
}

static void report_ring(int socket, __u32 bytes, int err)
{
	if (err == -EPERM)
		send_problem(socket, "not permitted to create BPF maps: run as root, or with CAP_BPF and CAP_PERFMON");
	else
		send_problem(socket, "cannot create a ring of %u bytes: %s", bytes, strerror(-err));
}

/* A kernel that refuses the hooks may take all else. */
static int load_object(struct probe_session *session)
{
	struct probe *skeleton = session->skeleton = open_object(session);
	int err;
	if (!skeleton)
		return -errno;
	choose_programs(skeleton, session->filled, session->settings.wanted.wants);
	/* before 5.10, rings in a map of maps must have the size of its template: the first ring is the template */
	err = bpf_map__set_inner_map_fd(skeleton->maps.rings, session->rings[0]);
	if (!err)
		err = probe__load(skeleton);
	if (!err)
		session->copies[session->copy_count++] = skeleton;
	if (!err || !skeleton->rodata->first_object)
		return err;
	probe__destroy(skeleton);
	session->no_hooks = true;
	return load_object(session);
}

int probe_open(struct probe_session **to, const struct configure *settings, __u64 boot_time_ns, __u32 engine_pid, int socket)
{
	struct probe_session *session = calloc(1, sizeof(*session));
	struct probe *skeleton;
	int err;

	if (!session)
		return -ENOMEM;
	if (!has_types()) {
		send_problem(socket, "this kernel has no type information (BTF): it must be built with CONFIG_DEBUG_INFO_BTF");
		err = -ENOTSUP;
		goto failed;
	}
	session->cpus = libbpf_num_possible_cpus();
	session->settings = *settings;
	session->boot_time_ns = boot_time_ns;
	session->engine_pid = engine_pid;
	session->sidecar_pid = getpid();
	if (!in_initial_pidns()) {
		err = globalize(&session->engine_pid, &session->sidecar_pid);
		if (err) {
			send_problem(socket, "the sidecar runs in its own pid namespace and cannot find its id outside: %s", strerror(-err));
			goto failed;
		}
	}
	err = add_ring(session, settings);
	if (err) {
		report_ring(socket, settings->ring_bytes, err);
		goto failed;
	}
	err = load_object(session);
	if (err) {
		send_problem(socket, "the kernel refused the BPF programs: %s (is it 5.8 or newer, with BTF, and has this process CAP_BPF and CAP_PERFMON?)", strerror(-err));
		goto failed;
	}
	skeleton = session->skeleton;
	session->alarms = ring_buffer__new(bpf_map__fd(skeleton->maps.alarms), ignore_alarm, NULL, NULL);
	err = session->alarms ? make_rings(session, settings) : -errno;
	if (err) {
		report_ring(socket, settings->ring_bytes, err);
		goto failed;
	}
	err = fill_tables(skeleton);
	if (!err)
		err = fill_programs(skeleton, session->filled, settings->wanted.wants);
	if (!err)
		err = probe_set_wants(session, &settings->wanted);
	if (!err)
		err = probe__attach(skeleton);
	if (err) {
		send_problem(socket, "cannot attach the BPF programs: %s", strerror(-err));
		goto failed;
	}
	*to = session;
	return 0;
failed:
	probe_close(session);
	return err;
}

const int *probe_rings(const struct probe_session *session, int *count)
{
	*count = session->ring_count;
	return session->rings;
}

/*
 * Every call of the machine pays for the program at sys_enter: it is attached only when a call with paths is wanted. Hooks cost their own
 * calls alone, and stay.
 */
static int attach_paths(struct probe_session *session, const __u8 wants[MAX_NATIVE_SYSCALLS])
{
	bool wanted = any_with_paths(wants);
	if (!wanted) {
		bpf_link__destroy(session->paths);
		session->paths = NULL;
	} else if (!session->paths) {
		session->paths = bpf_program__attach(session->skeleton->progs.enter_paths);
	}
	if (any_with_hooks(wants))
		session->hooked = attach_hooks(session->skeleton);
	return wanted && !session->paths ? -errno : 0;
}

int probe_set_wants(struct probe_session *session, const struct wanted *wanted)
{
	const __u8 *wants = wanted->wants;
	int err = any_missing(session->filled, wants) ? add_programs(session, wants) : 0;
	if (!err)
		err = attach_paths(session, wants);
	/* nothing is left out by texts that are being changed */
	if (!err)
		err = write_wants(session->skeleton, wants, WANT_NO_FILES | WANT_NO_DIRECTORIES);
	if (!err)
		err = write_texts(session->skeleton, wanted, session->began);
	if (!err)
		err = write_wants(session->skeleton, wants, 0);
	session->began = true;
	return err ? err : attach_traces(session->copies, session->copy_count, session->traces, wants);
}

int probe_read_stats(struct probe_session *session, struct stats *to)
{
	int err;
	ring_buffer__consume(session->alarms);
	err = read_counts(session->skeleton, session->cpus, session->boot_time_ns, to);
	to->hooked = session->hooked;
	return err;
}

int probe_alarm(const struct probe_session *session)
{
	return ring_buffer__epoll_fd(session->alarms);
}

void probe_close(struct probe_session *session)
{
	if (!session)
		return;
	for (int i = 0; i < session->ring_count; i++)
		close(session->rings[i]);
	for (size_t i = 0; i < TRACES; i++)
		bpf_link__destroy(session->traces[i]);
	for (int i = 1; i < session->copy_count; i++)
		probe__destroy(session->copies[i]);
	bpf_link__destroy(session->paths);
	ring_buffer__free(session->alarms);
	if (session->skeleton)
		probe__destroy(session->skeleton);
	free(session);
}
