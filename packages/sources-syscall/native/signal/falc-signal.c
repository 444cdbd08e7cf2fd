/*
 * Sends a signal to a process, or to it and all that it has started, and never to another one that has its pid by now:
 *
 *     falc-signal STOP|CONT|KILL|CHECK PID --before NS [--started NS] [--tree] [--host]
 *
 * A pidfd is opened first. Then /proc says when the process with this pid started, and the pidfd whether its process still lives:
 * if so, both spoke of the same one. NS are nanoseconds since 1970. The process must have started at --started; without it, before
 * --before, a time at which the one that is meant had the pid. The kernel counts starts in hundredths of a second: one that may
 * have been before or after --before is not taken.
 *
 * --tree stops each process before it looks for its children, so that none can start more meanwhile. --host: it runs outside of
 * containers, where services of root are protected by name.
 *
 * Needs CAP_KILL for processes of other users, and nothing else. Exit codes: 0 done, 2 usage, 3 gone, 4 protected, 5 not permitted,
 * 6 not sure, 1 anything else. One line on standard output says how many processes there were.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DONE, FAILED, USAGE, GONE, PROTECTED, DENIED, UNSURE };

/* More is no tree but a bomb: what is there is signalled, and the rest is said. */
#define MAX_TREE 4096
#define PF_KTHREAD 0x00200000ULL

struct process {
	pid_t pid;
	int fd;
};

struct stat_line {
	pid_t ppid;
	unsigned long long flags, ticks;
	char comm[64];
};

static struct process tree[MAX_TREE];
static int size;
static bool host;

static bool alive(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	return poll(&one, 1, 0) == 0;
}

/* /proc/PID/stat. The name may hold anything: the last parenthesis ends it. */
static bool read_stat(pid_t pid, struct stat_line *out)
{
	char path[32], text[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = 0;
	char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
	if (!open_at || !close_at || close_at < open_at)
		return false;
	snprintf(out->comm, sizeof out->comm, "%.*s", (int)(close_at - open_at - 1), open_at + 1);
	int ppid;
	/* state ppid pgrp session tty tpgid flags, 12 more, starttime (fields 3 to 22) */
	if (sscanf(close_at + 2, "%*c %d %*d %*d %*d %*d %llu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ppid,
		   &out->flags, &out->ticks) != 3)
		return false;
	out->ppid = ppid;
	return true;
}

/* When the first tick of its start was, in nanoseconds since 1970, and how long a tick is. */
static int64_t start_of(unsigned long long ticks, int64_t *tick)
{
	struct timespec real, boot;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t booted = (real.tv_sec - boot.tv_sec) * 1000000000LL + (real.tv_nsec - boot.tv_nsec);
	*tick = 1000000000LL / sysconf(_SC_CLK_TCK);
	return booted + (int64_t)ticks * *tick;
}

/* This process and those above it. */
static bool is_ours(pid_t pid)
{
	struct stat_line line;
	pid_t up = getpid();
	for (int i = 0; i < 64 && up > 0; i++) {
		if (up == pid)
			return true;
		if (!read_stat(up, &line))
			return false;
		up = line.ppid;
	}
	return false;
}

static const char *const SERVICES[] = { "init",	      "systemd",   "sshd",    "dockerd", "docker-proxy", "containerd", "conmon", "conmonrs",
					"crio",	      "podman",	   "kubelet", "runc",	 "crun",	 "falc",       "falco",	 NULL };

/* Any user can give a process any name: only a process of root is believed. */
static bool is_service(pid_t pid, const char *comm)
{
	char path[32];
	struct stat owner;
	snprintf(path, sizeof path, "/proc/%d", pid);
	if (stat(path, &owner) || owner.st_uid != 0)
		return false;
	for (int i = 0; SERVICES[i]; i++) {
		size_t length = strlen(SERVICES[i]);
		if (!strncmp(comm, SERVICES[i], length) && (comm[length] == 0 || comm[length] == '-'))
			return true;
	}
	return false;
}

static const char *protection(pid_t pid, const struct stat_line *line)
{
	if (pid == 1)
		return "process 1";
	if (line->flags & PF_KTHREAD)
		return "a thread of the kernel";
	if (is_ours(pid))
		return "falc's own";
	if (host && is_service(pid, line->comm))
		return "a service of the machine";
	return NULL;
}

static int give_up(int code, const char *why)
{
	/* What was stopped on the way goes on. */
	for (int i = 0; i < size; i++)
		syscall(SYS_pidfd_send_signal, tree[i].fd, SIGCONT, NULL, 0);
	printf("%s\n", why);
	return code;
}

static int open_process(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* Adds the children of what is in the tree. A child counts when its parent, which is of the tree, still lives: then the number of
 * the parent is that of no other. Returns how many, or -1 and an exit code. */
static int add_children(const char **why)
{
	int before = size;
	DIR *proc = opendir("/proc");
	if (!proc)
		return -1;
	struct dirent *entry;
	while ((entry = readdir(proc)) && size < MAX_TREE) {
		pid_t pid = atoi(entry->d_name);
		struct stat_line line;
		if (pid <= 0 || !read_stat(pid, &line))
			continue;
		struct process *parent = NULL;
		bool known = false;
		for (int i = 0; i < size; i++) {
			if (tree[i].pid == line.ppid)
				parent = &tree[i];
			known |= tree[i].pid == pid;
		}
		if (!parent || known)
			continue;
		int fd = open_process(pid);
		if (fd < 0)
			continue;
		struct stat_line again;
		bool child = read_stat(pid, &again) && again.ppid == parent->pid && alive(fd) && alive(parent->fd);
		*why = child ? protection(pid, &again) : NULL;
		if (!child || *why) {
			close(fd);
			if (*why) {
				closedir(proc);
				return -1;
			}
			continue;
		}
		tree[size++] = (struct process){ pid, fd };
	}
	closedir(proc);
	return size - before;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return USAGE;
	const char *what = argv[1];
	int number = !strcmp(what, "STOP") ? SIGSTOP : !strcmp(what, "CONT") ? SIGCONT : !strcmp(what, "KILL") ? SIGKILL : 0;
	bool check = !strcmp(what, "CHECK"), whole = false;
	pid_t pid = atoi(argv[2]);
	int64_t before = 0, started = 0;
	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "--before") && i + 1 < argc)
			before = strtoll(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--started") && i + 1 < argc)
			started = strtoll(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--tree"))
			whole = true;
		else if (!strcmp(argv[i], "--host"))
			host = true;
		else
			return USAGE;
	}
	if ((!number && !check) || pid <= 0 || before <= 0)
		return USAGE;

	int fd = open_process(pid);
	if (fd < 0)
		return give_up(errno == ESRCH || errno == EINVAL ? GONE : FAILED, "there is no such process");
	struct stat_line line;
	if (!read_stat(pid, &line) || !alive(fd))
		return give_up(GONE, "the process has ended");
	int64_t tick, start = start_of(line.ticks, &tick);
	/* The clocks are read one after the other, and starts are rounded down: a tick on both sides. */
	if (start - tick > before || (started && (started < start - tick || started > start + 2 * tick)))
		return give_up(GONE, "another process has this pid by now");
	if (!started && start + tick > before)
		return give_up(UNSURE, "it started within a hundredth of a second of the alert: add %proc.pid.ts to the rule's output");
	const char *why = protection(pid, &line);
	if (why)
		return give_up(PROTECTED, why);
	tree[size++] = (struct process){ pid, fd };

	if (whole && !check) {
		/* Parents do not start more while their children are looked for. To let them go on, all must be known first, too. */
		int stopped = 0, added;
		do {
			for (; stopped < size; stopped++)
				if (syscall(SYS_pidfd_send_signal, tree[stopped].fd, SIGSTOP, NULL, 0) && errno == EPERM)
					return give_up(DENIED, "not permitted: falc-signal needs CAP_KILL");
			added = add_children(&why);
			if (added < 0)
				return give_up(why ? PROTECTED : FAILED, why ? why : "/proc cannot be read");
		} while (added > 0);
	}
	int sent = 0, denied = 0;
	for (int i = size - 1; i >= 0; i--) {
		if (!syscall(SYS_pidfd_send_signal, tree[i].fd, check ? 0 : number, NULL, 0))
			sent++;
		else if (errno == EPERM)
			denied++;
	}
	if (denied)
		return give_up(DENIED, "not permitted: falc-signal needs CAP_KILL");
	if (!sent)
		return give_up(GONE, "the process has ended");
	printf("%d process%s%s\n", sent, sent == 1 ? "" : "es", size == MAX_TREE ? ", and there are more" : "");
	return DONE;
}
