#include "processes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "executable.h"
#include "proc.h"

#define MAX_TEXT 4096
#define MAX_SHORT_TEXT 1023

/* PPM_CL_*: what a thread shares with its process is not in /proc; this is how threads are made. */
#define CLONE_FILES_AND_THREAD 0x2001

/* The controllers that the probe's events tell of, in their order; the second name is the one in /proc. */
static const struct { const char *name, *legacy; } CONTROLLERS[] = {
	{ "cpuset", "cpuset" }, { "cpu", "cpu" }, { "cpuacct", "cpuacct" }, { "io", "blkio" }, { "memory", "memory" },
};

/* The path behind the controller in a line "N:cpu,cpuacct:/path", or NULL. The unified hierarchy's list is empty. */
static const char *path_in(const char *line, const char *controller)
{
	const char *names = strchr(line, ':'), *end = names ? strchr(names + 1, ':') : NULL;
	size_t length = strlen(controller);
	if (!end)
		return NULL;
	for (names++; ; names = strchr(names, ',') + 1) {
		size_t n = strcspn(names, ",:");
		if (n == length && !strncmp(names, controller, n))
			return end + 1;
		if (names + n >= end)
			return NULL;
	}
}

/* The text of /proc/PID/cgroup as NUL-terminated `controller=path`. */
static size_t cgroup_list(const char *text, char *to, size_t room)
{
	size_t size = 0;
	for (size_t i = 0; i < sizeof(CONTROLLERS) / sizeof(*CONTROLLERS); i++) {
		const char *path = NULL, *unified = NULL;
		int n;
		for (const char *line = text; line && *line && !path; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
			path = path_in(line, CONTROLLERS[i].legacy);
			if (!unified)
				unified = path_in(line, "");
		}
		if (!path)
			path = unified ? unified : "/";
		n = snprintf(to + size, room - size, "%s=%.*s", CONTROLLERS[i].name, (int)strcspn(path, "\n"), path);
		if (n < 0 || size + n + 1 > room)
			break;
		size += n + 1;
	}
	return size;
}

/* What follows the name in /proc/PID/stat. */
struct stat_fields {
	long long pgid, sid, tty;
	unsigned long long minor_faults, major_faults, start_ticks;
};

static int read_stat(const char *path, char *comm, size_t room, struct stat_fields *to)
{
	char text[2048], *open, *close;
	read_text(path, text, sizeof(text));
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return 0;
	snprintf(comm, room, "%.*s", (int)(close - open - 1), open + 1);
	return sscanf(close + 1, " %*c %*d %lld %lld %lld %*d %*u %llu %*u %llu %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &to->pgid,
		      &to->sid, &to->tty, &to->minor_faults, &to->major_faults, &to->start_ticks) == 6;
}

static __u64 since_1970(__u64 boot_time_ns, unsigned long long ticks)
{
	return boot_time_ns + ticks * (1000000000ull / sysconf(_SC_CLK_TCK));
}

/* When the process began that is the first of its pid namespace; 0 = it is not that. */
static __u64 start_of_first(int pid, ino_t ns, const struct boot_time *boot)
{
	char path[MAX_PROC_PATH], text[4096], comm[64];
	struct stat st;
	struct stat_fields fields;
	proc_path(path, sizeof(path), "%d/ns/pid", pid);
	if (stat(path, &st) || st.st_ino != ns)
		return 0;
	proc_path(path, sizeof(path), "%d/status", pid);
	if (!read_text(path, text, sizeof(text)) || status_last(text, "NSpid:") != 1)
		return 0;
	proc_path(path, sizeof(path), "%d/stat", pid);
	return read_stat(path, comm, sizeof(comm), &fields) ? since_1970(boot->stat, fields.start_ticks) : 0;
}

#define KEPT_NAMESPACES 64
static struct { ino_t ns; __u64 start; } kept[KEPT_NAMESPACES];
static unsigned next;

void forget_namespaces(void)
{
	memset(kept, 0, sizeof(kept));
}

/*
 * When the first process of the process's pid namespace began. It is looked for in the host's /proc: what is mounted at /proc
 * for the process is its own choice.
 */
static __u64 pidns_start(int pid, const struct boot_time *boot)
{
	char path[MAX_PROC_PATH];
	struct dirent *entry;
	struct stat st;
	__u64 start = 0;
	DIR *proc;
	proc_path(path, sizeof(path), "%d/ns/pid", pid);
	if (stat(path, &st))
		return 0;
	for (unsigned i = 0; i < KEPT_NAMESPACES; i++)
		if (kept[i].ns == st.st_ino)
			return kept[i].start;
	proc_path(path, sizeof(path), ".");
	proc = opendir(path);
	while (proc && !start && (entry = readdir(proc))) {
		int other = entry_number(entry->d_name);
		if (other > 0)
			start = start_of_first(other, st.st_ino, boot);
	}
	if (proc)
		closedir(proc);
	kept[next % KEPT_NAMESPACES].ns = st.st_ino;
	kept[next++ % KEPT_NAMESPACES].start = start;
	return start;
}

/* A file of a thread. The name lives until the next call. */
static const char *task_file(int pid, int tid, const char *name)
{
	static char path[MAX_PROC_PATH];
	proc_path(path, sizeof(path), "%d/task/%d/%s", pid, tid, name);
	return path;
}

static void add_thread(struct block *b, int pid, int tid, struct executable *exe, __u64 pidns, const struct boot_time *boot,
		       bool environments)
{
	static char status[8192], cmdline[MAX_TEXT], text[MAX_TEXT], list[MAX_TEXT], path[MAX_TEXT];
	int main_thread = pid == tid;
	struct stat_fields stat = {};
	ssize_t cmdline_size, size;
	size_t start, argv0, length;
	char comm[64];

	if (!read_text(task_file(pid, tid, "status"), status, sizeof(status)) ||
	    !read_stat(task_file(pid, tid, "stat"), comm, sizeof(comm), &stat))
		return;
	cmdline_size = read_file(task_file(pid, tid, "cmdline"), cmdline, sizeof(cmdline));
	if (cmdline_size < 0)
		cmdline_size = 0;
	/* all threads of a process run one program; its own entry comes first */
	if (main_thread)
		look_at_executable(exe, pid, status);
	if (!exe->path_size && !cmdline_size)
		return;
	argv0 = strnlen(cmdline, cmdline_size);

	start = entry_begin(b);
	add_u64(b, tid);
	add_u64(b, pid);
	add_u64(b, status_number(status, "PPid:", 0, 10));
	add_u64(b, stat.sid);
	add_u64(b, status_last(status, "NSpgid:"));
	add_text(b, comm, strlen(comm), MAX_SHORT_TEXT);
	add_text(b, cmdline, argv0, MAX_SHORT_TEXT);
	add_text(b, exe->path, exe->path_size, MAX_SHORT_TEXT);
	if ((ssize_t)argv0 + 1 < cmdline_size)
		add_text(b, cmdline + argv0 + 1, cmdline_size - argv0 - 1, MAX_TEXT);
	else
		add_text(b, "", 0, 0);
	/* the working directory and the environment are the process's */
	length = main_thread ? read_link(task_file(pid, tid, "cwd"), path, sizeof(path) - 1) : 0;
	if (length && path[length - 1] != '/')
		path[length++] = '/';
	add_text(b, path, length, MAX_SHORT_TEXT);
	read_text(task_file(pid, tid, "limits"), text, sizeof(text));
	add_u64(b, status_number(text, "Max open files", 0, 10));
	add_u32(b, main_thread ? 0 : CLONE_FILES_AND_THREAD);
	add_u32(b, status_number(status, "Uid:", 1, 10)); /* the effective one */
	add_u32(b, status_number(status, "Gid:", 1, 10));
	add_u32(b, status_number(status, "VmSize:", 0, 10));
	add_u32(b, status_number(status, "VmRSS:", 0, 10));
	add_u32(b, status_number(status, "VmSwap:", 0, 10));
	add_u64(b, stat.major_faults);
	add_u64(b, stat.minor_faults);
	size = main_thread && environments ? read_file(task_file(pid, tid, "environ"), text, sizeof(text)) : 0;
	add_text(b, text, size > 0 ? size : 0, MAX_TEXT);
	add_u64(b, status_last(status, "NSpid:"));
	add_u64(b, status_last(status, "NStgid:"));
	read_text(task_file(pid, tid, "cgroup"), text, sizeof(text));
	add_text(b, list, cgroup_list(text, list, sizeof(list)), MAX_TEXT);
	length = read_link(task_file(pid, tid, "root"), path, sizeof(path));
	add_text(b, path, length, MAX_SHORT_TEXT);
	add_u64(b, pidns);
	add_u32(b, stat.tty);
	add_u32(b, read_text(task_file(pid, tid, "loginuid"), text, sizeof(text)) ? strtoul(text, NULL, 10) : 0xffffffff);
	add_u8(b, exe->writable);
	add_u64(b, status_number(status, "CapInh:", 0, 16));
	add_u64(b, status_number(status, "CapPrm:", 0, 16));
	add_u64(b, status_number(status, "CapEff:", 0, 16));
	add_u8(b, exe->upper_layer);
	add_u64(b, exe->ino);
	add_u64(b, exe->ctime_ns);
	add_u64(b, exe->mtime_ns);
	add_u8(b, exe->from_memfd);
	add_u8(b, exe->lower_layer);
	add_u64(b, stat.pgid);
	add_u64(b, since_1970(boot->clock, stat.start_ticks));
	entry_end(b, start);
}

void add_threads(struct block *b, int pid, const struct boot_time *boot, bool environments)
{
	struct executable exe = {};
	char path[MAX_PROC_PATH];
	__u64 pidns;
	DIR *tasks;
	struct dirent *entry;
	proc_path(path, sizeof(path), "%d/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	pidns = pidns_start(pid, boot);
	add_thread(b, pid, pid, &exe, pidns, boot, environments);
	while ((entry = readdir(tasks))) {
		int tid = entry_number(entry->d_name);
		if (tid > 0 && tid != pid)
			add_thread(b, pid, tid, &exe, pidns, boot, environments);
	}
	closedir(tasks);
}
