#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "proc.h"

/* Nanoseconds that a reading may take. */
#define DEADLINE (2 * 1000000000ull)

struct reading {
	pid_t child;          /* 0 = the place is free */
	int pipe;             /* -1 = answered: the child is only to be reaped */
	__u64 until;
	size_t filled;
	char *answer;         /* struct names and the texts */
};

struct names_readings {
	struct reading places[MAX_READINGS];
	__u64 refused;
};

#define MAX_ANSWER (sizeof(struct names) + 2 * MAX_NAMES_TEXT)

struct names_readings *names_open(void)
{
	return calloc(1, sizeof(struct names_readings));
}

/* Reads a plain file below the directory `root` as its processes would see it. Returns its bytes, 0 when it does not exist, -1 when it must not be read. */
static ssize_t read_below(int root, const char *path, char *to)
{
	/* O_PATH first: opening a device or a pipe may have effects. */
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int found = syscall(SYS_openat2, root, path, &how, sizeof(how)), fd;
	char link[32];
	struct stat st;
	size_t size = 0;
	ssize_t n;
	if (found < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(found, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_NAMES_TEXT)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	while (size < MAX_NAMES_TEXT && (n = read(fd, to + size, MAX_NAMES_TEXT - size)) > 0)
		size += n;
	return n < 0 ? -1 : (ssize_t)size;
}

/* 1 = both are the same directory, 0 = not, -1 = one cannot be looked at. */
static int is_same(int a, const char *other)
{
	struct stat one, two;
	if (fstat(a, &one) || stat(other, &two))
		return -1;
	return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* What the kernel tells by itself: nobody's file system is asked. NAMES_READ = there may be something to read. */
static enum names_outcome known_outcome(__u32 pid)
{
	char path[MAX_PROC_PATH], theirs[64], host[64];
	proc_path(path, sizeof(path), "%u/ns/mnt", pid);
	if (!read_link(path, theirs, sizeof(theirs)))
		return NAMES_GONE;
	proc_path(path, sizeof(path), "1/ns/mnt");
	return read_link(path, host, sizeof(host)) && !strcmp(theirs, host) ? NAMES_SHARED : NAMES_READ;
}

/* The child's work. */
static void read_names(struct names *to, char *texts, __u32 pid)
{
	char path[MAX_PROC_PATH];
	ssize_t passwd, group;
	int root, same;
	proc_path(path, sizeof(path), "%u/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	to->outcome = NAMES_GONE;
	if (root < 0)
		return;
	same = is_same(root, host_root[0] ? host_root : "/");
	to->outcome = NAMES_SHARED;
	if (same)
		return;
	to->outcome = NAMES_REFUSED;
	passwd = read_below(root, "etc/passwd", texts);
	if (passwd < 0)
		return;
	group = read_below(root, "etc/group", texts + passwd);
	if (group < 0)
		return;
	to->passwd_bytes = passwd;
	to->group_bytes = group;
	to->outcome = NAMES_READ;
}

static void child(int pipe, __u32 pid)
{
	char *answer = calloc(1, MAX_ANSWER);
	struct names *names = (void *)answer;
	size_t size, sent = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A child that never ends must not hold the programs, the rings and the sockets. */
	dup2(pipe, 0);
	syscall(SYS_close_range, 1, ~0u, 0);
	if (!answer)
		_exit(1);
	names->pid = pid;
	read_names(names, answer + sizeof(*names), pid);
	size = sizeof(*names) + names->passwd_bytes + names->group_bytes;
	while (sent < size) {
		ssize_t n = write(0, answer + sent, size - sent);
		if (n <= 0)
			break;
		sent += n;
	}
	_exit(0);
}

static int send_outcome(int socket, __u32 pid, enum names_outcome outcome)
{
	struct names none = { .pid = pid, .outcome = outcome };
	return send_frame(socket, FRAME_NAMES, &none, sizeof(none), NULL, 0);
}

static int send_refusal(struct names_readings *readings, int socket, __u32 pid)
{
	readings->refused++;
	return send_outcome(socket, pid, NAMES_REFUSED);
}

int names_ask(struct names_readings *readings, int socket, __u32 pid)
{
	struct reading *free_place = NULL;
	enum names_outcome outcome = known_outcome(pid);
	int ends[2];
	if (outcome != NAMES_READ)
		return send_outcome(socket, pid, outcome);
	for (int i = 0; i < MAX_READINGS; i++)
		if (!readings->places[i].child)
			free_place = &readings->places[i];
	if (!free_place || pipe2(ends, O_CLOEXEC))
		return send_refusal(readings, socket, pid);
	*free_place = (struct reading){ .pipe = ends[0], .until = clock_ns(CLOCK_MONOTONIC) + DEADLINE, .answer = malloc(MAX_ANSWER) };
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	free_place->child = free_place->answer ? fork() : -1;
	if (free_place->child == 0)
		child(ends[1], pid);
	close(ends[1]);
	if (free_place->child < 0) {
		close(ends[0]);
		free(free_place->answer);
		*free_place = (struct reading){ .pipe = -1 };
		return send_refusal(readings, socket, pid);
	}
	((struct names *)free_place->answer)->pid = pid;
	return 0;
}

int names_polled(const struct names_readings *readings, struct pollfd *to)
{
	int count = 0;
	for (int i = 0; i < MAX_READINGS; i++)
		if (readings->places[i].child && readings->places[i].pipe >= 0)
			to[count++] = (struct pollfd){ .fd = readings->places[i].pipe, .events = POLLIN };
	return count;
}

/* Sends the answer, or a refusal when it is not whole. The child may still have to be reaped. */
static int answer(struct names_readings *readings, struct reading *reading, int socket)
{
	struct names *names = (void *)reading->answer;
	__u32 pid = names->pid;
	int whole = reading->filled >= sizeof(*names) && names->passwd_bytes <= MAX_NAMES_TEXT && names->group_bytes <= MAX_NAMES_TEXT &&
	            reading->filled == sizeof(*names) + names->passwd_bytes + names->group_bytes;
	int err = whole && names->outcome != NAMES_REFUSED ? send_frame(socket, FRAME_NAMES, names, reading->filled, NULL, 0)
	                                                   : send_refusal(readings, socket, pid);
	close(reading->pipe);
	reading->pipe = -1;
	free(reading->answer);
	reading->answer = NULL;
	return err;
}

int names_turn(struct names_readings *readings, int socket)
{
	int err = 0;
	for (int i = 0; i < MAX_READINGS && !err; i++) {
		struct reading *reading = &readings->places[i];
		ssize_t n = -1;
		if (!reading->child)
			continue;
		while (reading->pipe >= 0 && (n = read(reading->pipe, reading->answer + reading->filled, MAX_ANSWER - reading->filled)) > 0)
			reading->filled += n;
		if (reading->pipe >= 0 && n == 0)
			err = answer(readings, reading, socket);
		else if (reading->pipe >= 0 && clock_ns(CLOCK_MONOTONIC) > reading->until) {
			kill(reading->child, SIGKILL);
			reading->filled = 0;
			err = answer(readings, reading, socket);
		}
		/* one that cannot be killed keeps its slot and costs nothing else */
		if (reading->pipe < 0 && waitpid(reading->child, NULL, WNOHANG) != 0)
			reading->child = 0;
	}
	return err;
}

__u64 names_refused(const struct names_readings *readings)
{
	return readings->refused;
}

void names_close(struct names_readings *readings)
{
	if (!readings)
		return;
	for (int i = 0; i < MAX_READINGS; i++) {
		if (!readings->places[i].child)
			continue;
		kill(readings->places[i].child, SIGKILL);
		if (readings->places[i].pipe >= 0)
			close(readings->places[i].pipe);
		free(readings->places[i].answer);
	}
	free(readings);
}
