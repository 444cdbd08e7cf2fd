#include "picture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "blocks.h"
#include "sockets.h"

enum { KIND_DIRECTORY = 2, KIND_FIFO = 7, KIND_EVENT = 9, KIND_SIGNALFD = 11, KIND_EVENTPOLL = 12, KIND_INOTIFY = 13,
       KIND_TIMERFD = 14, KIND_FILE_V2 = 16, KIND_BPF = 17, KIND_USERFAULTFD = 18, KIND_IOURING = 19, KIND_MEMFD = 20,
       KIND_PIDFD = 21, KIND_UNSUPPORTED = 10, KIND_UNIX = 8 };

#define MAX_TEXT 4096
#define BLOCK_LIMIT (256 * 1024) /* a list is cut into blocks of about this size */

/* A whole small file of /proc; its length, or -1. */
static ssize_t read_file(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	if (fd < 0)
		return -1;
	while (size < room) {
		ssize_t n = read(fd, to + size, room - size);
		if (n <= 0)
			break;
		size += n;
	}
	close(fd);
	return size;
}

static int send_machine(int socket, struct block *b, unsigned long long boot_time_ns)
{
	char hostname[128] = {}, text[32] = {};
	struct sysinfo info;
	sysinfo(&info);
	gethostname(hostname, sizeof(hostname) - 1);
	read_file("/proc/sys/kernel/pid_max", text, sizeof(text) - 1);
	block_begin(b, BLOCK_MACHINE);
	add_u32(b, sysconf(_SC_NPROCESSORS_ONLN));
	add_u64(b, (__u64)info.totalram * info.mem_unit);
	add_u64(b, strtoull(text, NULL, 10));
	add_bytes(b, hostname, sizeof(hostname));
	add_u64(b, boot_time_ns);
	add_u64(b, 0);
	add_u64(b, 0);
	add_u64(b, 0);
	return block_send(b, socket);
}

static int send_interfaces(int socket, struct block *b)
{
	struct ifaddrs *all, *i;
	if (getifaddrs(&all))
		return 0;
	block_begin(b, BLOCK_INTERFACES_V2);
	for (i = all; i; i = i->ifa_next) {
		size_t name = strlen(i->ifa_name), start;
		int v6, width;
		if (!i->ifa_addr || !i->ifa_netmask || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		v6 = i->ifa_addr->sa_family == AF_INET6;
		width = v6 ? 16 : 4;
		start = b->size;
		add_u32(b, 0);
		add_u16(b, v6 ? 2 : 1);
		add_u16(b, name);
		for (int part = 0; part < 3; part++) {
			struct sockaddr *a = part == 0 ? i->ifa_addr : part == 1 ? i->ifa_netmask : i->ifa_broadaddr;
			static const char none[16];
			const void *from = none;
			if (a && v6)
				from = &((struct sockaddr_in6 *)a)->sin6_addr;
			else if (a)
				from = &((struct sockaddr_in *)a)->sin_addr;
			add_bytes(b, part == 2 && v6 ? none : from, width);
		}
		add_u64(b, 0);
		add_bytes(b, i->ifa_name, name);
		if (!b->failed) {
			__u32 length = b->size - start - 4; /* this length does not count itself */
			memcpy(b->bytes + start, &length, sizeof(length));
		}
	}
	freeifaddrs(all);
	return block_send(b, socket);
}

static int send_users(int socket, struct block *b)
{
	/* Read here and not by getpwent: that loads NSS modules of the machine's libc, which a static program cannot. */
	FILE *passwd = fopen("/etc/passwd", "re"), *groups = fopen("/etc/group", "re");
	struct passwd *user;
	struct group *group;
	block_begin(b, BLOCK_USERS_V2);
	while (passwd && (user = fgetpwent(passwd))) {
		size_t start = entry_begin(b);
		add_u8(b, 0);
		add_u32(b, user->pw_uid);
		add_u32(b, user->pw_gid);
		add_text(b, user->pw_name, strlen(user->pw_name), 255);
		add_text(b, user->pw_dir, strlen(user->pw_dir), 255);
		add_text(b, user->pw_shell, strlen(user->pw_shell), 255);
		entry_end(b, start);
	}
	while (groups && (group = fgetgrent(groups))) {
		size_t start = entry_begin(b);
		add_u8(b, 1);
		add_u32(b, group->gr_gid);
		add_text(b, group->gr_name, strlen(group->gr_name), 255);
		entry_end(b, start);
	}
	if (passwd)
		fclose(passwd);
	if (groups)
		fclose(groups);
	return block_send(b, socket);
}

/* The value behind `key` in a /proc status text, or NULL. */
static const char *status_value(const char *status, const char *key)
{
	const char *at = strstr(status, key);
	if (!at)
		return NULL;
	at += strlen(key);
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static unsigned long long status_number(const char *status, const char *key, int base)
{
	const char *at = status_value(status, key);
	return at ? strtoull(at, NULL, base) : 0;
}

/* The last of several numbers in a status line: ids as the innermost namespace sees them. */
static long long status_last(const char *status, const char *key)
{
	const char *at = status_value(status, key);
	long long last = -1;
	while (at && isdigit((unsigned char)*at)) {
		char *end;
		last = strtoll(at, &end, 10);
		at = end;
		while (*at == '\t' || *at == ' ')
			at++;
	}
	return last;
}

/* "N:cpu,cpuacct:/path" lines as NUL-terminated subsystem=path; the unified hierarchy stands for each controller. */
static size_t cgroup_text(char *from, char *to, size_t room)
{
	static const char *const UNIFIED[] = { "cpuset", "cpu", "cpuacct", "io", "memory" };
	size_t size = 0;
	for (char *line = strtok(from, "\n"); line; line = strtok(NULL, "\n")) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		names++;
		if (!*names) {
			for (size_t i = 0; i < sizeof(UNIFIED) / sizeof(*UNIFIED) && size < room; i++) {
				int n = snprintf(to + size, room - size, "%s=%s", UNIFIED[i], path);
				if (n < 0 || size + n + 1 > room)
					return size;
				size += n + 1;
			}
			continue;
		}
		for (char *rest = names; rest && *rest;) {
			char *comma = strchr(rest, ',');
			int n;
			if (comma)
				*comma = 0;
			n = snprintf(to + size, room - size, "%s=%s", rest, path);
			if (n < 0 || size + n + 1 > room)
				return size;
			size += n + 1;
			rest = comma ? comma + 1 : NULL;
		}
	}
	return size;
}

static size_t read_link(const char *path, char *to, size_t room)
{
	ssize_t n = readlink(path, to, room - 1);
	if (n < 0)
		n = 0;
	to[n] = 0;
	return n;
}

/* One PL V9 entry. Threads that end while being read are left out. */
static void add_process(struct block *b, int pid, int tid)
{
	static char status[8192], stat_text[2048], cmdline[MAX_TEXT], environ_text[MAX_TEXT], cgroups[MAX_TEXT], cgroup_list[MAX_TEXT];
	static char exe[MAX_TEXT], cwd[MAX_TEXT], root[MAX_TEXT], small[64];
	char path[128];
	const char *comm, *comm_end, *after;
	ssize_t cmdline_size, environ_size, n;
	size_t start, exe_size, cwd_size, root_size, argv0;
	long long sid = 0, pgid = 0, tty = 0;
	unsigned long long minflt = 0, majflt = 0;
	struct stat exe_stat = {};
	int main_thread = pid == tid, have_exe, from_memfd;

#define TASK(file) (snprintf(path, sizeof(path), "/proc/%d/task/%d/" file, pid, tid), path)
	n = read_file(TASK("status"), status, sizeof(status) - 1);
	if (n <= 0)
		return;
	status[n] = 0;
	n = read_file(TASK("stat"), stat_text, sizeof(stat_text) - 1);
	if (n <= 0)
		return;
	stat_text[n] = 0;
	after = strrchr(stat_text, ')');
	if (!after)
		return;
	comm = strchr(stat_text, '(') + 1;
	comm_end = after;
	sscanf(after + 2, "%*c %*d %lld %lld %lld %*d %*u %llu %*u %llu", &pgid, &sid, &tty, &minflt, &majflt);
	cmdline_size = read_file(TASK("cmdline"), cmdline, sizeof(cmdline));
	if (cmdline_size < 0)
		cmdline_size = 0;
	argv0 = strnlen(cmdline, cmdline_size);
	environ_size = main_thread ? read_file(TASK("environ"), environ_text, sizeof(environ_text)) : 0;
	if (environ_size < 0)
		environ_size = 0;
	n = read_file(TASK("cgroup"), cgroups, sizeof(cgroups) - 1);
	cgroups[n > 0 ? n : 0] = 0;
	n = cgroup_text(cgroups, cgroup_list, sizeof(cgroup_list));
	exe_size = read_link(TASK("exe"), exe, sizeof(exe));
	have_exe = exe_size && stat(TASK("exe"), &exe_stat) == 0;
	from_memfd = have_exe && !strncmp(exe, "/memfd:", 7);
	cwd_size = main_thread ? read_link(TASK("cwd"), cwd, sizeof(cwd)) : 0;
	if (cwd_size && cwd[cwd_size - 1] != '/' && cwd_size < sizeof(cwd) - 1)
		cwd[cwd_size++] = '/';
	root_size = read_link(TASK("root"), root, sizeof(root));

	start = entry_begin(b);
	add_u64(b, tid);
	add_u64(b, pid);
	add_u64(b, status_number(status, "PPid:", 10));
	add_u64(b, status_last(status, "NSsid:"));
	add_u64(b, status_last(status, "NSpgid:"));
	add_text(b, comm, comm_end - comm, 1023);
	/* a kernel thread has no command line: its name stands for it */
	if (argv0)
		add_text(b, cmdline, argv0, 1023);
	else
		add_text(b, comm, comm_end - comm, 1023);
	add_text(b, exe, exe_size, 1023);
	if ((ssize_t)argv0 + 1 < cmdline_size)
		add_text(b, cmdline + argv0 + 1, cmdline_size - argv0 - 1, MAX_TEXT);
	else
		add_text(b, "", 0, 0);
	add_text(b, cwd, cwd_size, 1023);
	{
		static char limits[4096];
		ssize_t m = read_file(TASK("limits"), limits, sizeof(limits) - 1);
		limits[m > 0 ? m : 0] = 0;
		add_u64(b, status_number(limits, "Max open files", 10));
	}
	add_u32(b, main_thread ? 1u << 30 : 0); /* PPM_CL_IS_MAIN_THREAD */
	{
		/* real, effective, …: the effective one */
		unsigned int uid = -1, gid = -1;
		const char *line = status_value(status, "Uid:");
		if (line)
			sscanf(line, "%*u %u", &uid);
		line = status_value(status, "Gid:");
		if (line)
			sscanf(line, "%*u %u", &gid);
		add_u32(b, uid);
		add_u32(b, gid);
	}
	add_u32(b, status_number(status, "VmSize:", 10));
	add_u32(b, status_number(status, "VmRSS:", 10));
	add_u32(b, status_number(status, "VmSwap:", 10));
	add_u64(b, majflt);
	add_u64(b, minflt);
	add_text(b, environ_text, environ_size, MAX_TEXT);
	add_u64(b, status_last(status, "NSpid:"));
	add_u64(b, status_last(status, "NStgid:"));
	add_text(b, cgroup_list, n, MAX_TEXT);
	add_text(b, root, root_size, 1023);
	add_u64(b, 0); /* start of its pid namespace: not to be had from /proc */
	add_u32(b, tty);
	n = read_file(TASK("loginuid"), small, sizeof(small) - 1);
	small[n > 0 ? n : 0] = 0;
	add_u32(b, n > 0 ? strtoul(small, NULL, 10) : 0xffffffff);
	add_u8(b, have_exe && (exe_stat.st_mode & 0222) != 0);
	add_u64(b, status_number(status, "CapInh:", 16));
	add_u64(b, status_number(status, "CapPrm:", 16));
	add_u64(b, status_number(status, "CapEff:", 16));
	add_u8(b, 0);
	add_u64(b, exe_stat.st_ino);
	add_u64(b, exe_stat.st_ctim.tv_sec * 1000000000ull + exe_stat.st_ctim.tv_nsec);
	add_u64(b, exe_stat.st_mtim.tv_sec * 1000000000ull + exe_stat.st_mtim.tv_nsec);
	add_u8(b, from_memfd);
	add_u8(b, 0);
	add_u64(b, pgid);
	entry_end(b, start);
#undef TASK
}

/* open(2) flags of the kernel → PPM_O_*, as bpf/flags.bpf.h has them. */
static __u32 open_flags(unsigned long flags)
{
	static const struct { unsigned long from; __u32 to; } BITS[] = {
		{ O_CREAT, 4 }, { O_APPEND, 8 }, { O_EXCL, 32 }, { O_NONBLOCK, 64 }, { O_TRUNC, 256 },
		{ O_DIRECTORY, 1024 }, { O_CLOEXEC, 4096 },
	};
	__u32 r = (flags & O_ACCMODE) == O_RDONLY ? 1 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 3;
	for (size_t i = 0; i < sizeof(BITS) / sizeof(*BITS); i++)
		if (flags & BITS[i].from)
			r |= BITS[i].to;
	return r;
}

static int anonymous_kind(const char *name)
{
	static const struct { const char *name; int kind; } KINDS[] = {
		{ "[eventfd]", KIND_EVENT }, { "[signalfd]", KIND_SIGNALFD }, { "[eventpoll]", KIND_EVENTPOLL },
		{ "inotify", KIND_INOTIFY }, { "[timerfd]", KIND_TIMERFD }, { "bpf-", KIND_BPF },
		{ "[userfaultfd]", KIND_USERFAULTFD }, { "[io_uring]", KIND_IOURING }, { "[pidfd]", KIND_PIDFD },
	};
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
		if (!strncmp(name, KINDS[i].name, strlen(KINDS[i].name)))
			return KINDS[i].kind;
	return KIND_UNSUPPORTED;
}

static void add_fd(struct block *b, int pid, int fd, const struct socket_table *sockets)
{
	char path[128], target[MAX_TEXT], info[512];
	struct stat st = {};
	size_t start, length;
	unsigned long long ino = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	length = read_link(path, target, sizeof(target));
	if (!length)
		return;
	start = entry_begin(b);
	add_u64(b, fd);
	if (sscanf(target, "socket:[%llu]", &ino) == 1) {
		add_u64(b, ino);
		if (!add_socket(b, sockets, ino)) {
			add_u8(b, KIND_UNIX); /* a family without a table in /proc/net */
			add_u64(b, 0);
			add_u64(b, 0);
			add_text(b, "", 0, 0);
		}
	} else if (sscanf(target, "pipe:[%llu]", &ino) == 1) {
		add_u64(b, ino);
		add_u8(b, KIND_FIFO);
		add_text(b, "", 0, 0);
	} else if (!strncmp(target, "anon_inode:", 11)) {
		add_u64(b, 0);
		add_u8(b, anonymous_kind(target + 11));
		add_text(b, "", 0, 0);
	} else if (!strncmp(target, "/memfd:", 7)) {
		char *deleted = strstr(target, " (deleted)");
		add_u64(b, 0);
		add_u8(b, KIND_MEMFD);
		add_text(b, target + 7, (deleted ? (size_t)(deleted - target) : length) - 7, 1023);
	} else {
		unsigned long flags = 0;
		ssize_t n;
		if (stat(path, &st))
			memset(&st, 0, sizeof(st));
		add_u64(b, st.st_ino);
		if (S_ISDIR(st.st_mode)) {
			add_u8(b, KIND_DIRECTORY);
			add_text(b, target, length, 1023);
		} else if (S_ISFIFO(st.st_mode)) {
			add_u8(b, KIND_FIFO);
			add_text(b, target, length, 1023);
		} else {
			snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
			n = read_file(path, info, sizeof(info) - 1);
			info[n > 0 ? n : 0] = 0;
			flags = status_number(info, "flags:", 8);
			add_u8(b, KIND_FILE_V2);
			add_u32(b, open_flags(flags));
			add_text(b, target, length, 1023);
			add_u32(b, (major(st.st_dev) << 8) | (minor(st.st_dev) & 0xff) | ((minor(st.st_dev) & ~0xffu) << 12));
		}
	}
	entry_end(b, start);
}

static int number(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);
	return *end || n < 0 ? -1 : (int)n;
}

static int send_fds(int socket, struct block *b, int pid)
{
	const struct socket_table *sockets = sockets_of(pid);
	char path[64];
	DIR *dir;
	struct dirent *entry;
	size_t empty;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	block_begin(b, BLOCK_FDS_V2);
	add_u64(b, pid);
	empty = b->size;
	while ((entry = readdir(dir))) {
		int fd = number(entry->d_name);
		if (fd >= 0)
			add_fd(b, pid, fd, sockets);
	}
	closedir(dir);
	return b->size > empty ? block_send(b, socket) : 0;
}

/* Processes first, then the descriptors of each: an FDL block may only speak of a thread that is known. */
static int send_processes(int socket, struct block *b)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0, self = getpid();
	if (!proc)
		return -errno;
	block_begin(b, BLOCK_PROCESSES_V9);
	while (!err && (entry = readdir(proc))) {
		int pid = number(entry->d_name);
		char path[64];
		DIR *tasks;
		struct dirent *task;
		if (pid <= 0 || pid == self)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		tasks = opendir(path);
		if (!tasks)
			continue;
		while ((task = readdir(tasks))) {
			int tid = number(task->d_name);
			if (tid > 0)
				add_process(b, pid, tid);
		}
		closedir(tasks);
		if (b->size > BLOCK_LIMIT) {
			err = block_send(b, socket);
			block_begin(b, BLOCK_PROCESSES_V9);
		}
	}
	if (!err && b->size > 8)
		err = block_send(b, socket);
	rewinddir(proc);
	while (!err && (entry = readdir(proc))) {
		int pid = number(entry->d_name);
		if (pid > 0 && pid != self)
			err = send_fds(socket, b, pid);
	}
	closedir(proc);
	sockets_free();
	return err;
}

int send_picture(int socket, unsigned long long boot_time_ns)
{
	struct block b = {};
	int err = send_machine(socket, &b, boot_time_ns);
	if (!err)
		err = send_interfaces(socket, &b);
	if (!err)
		err = send_users(socket, &b);
	if (!err)
		err = send_processes(socket, &b);
	block_free(&b);
	return err;
}
