/*
 * For filter.test.ts: `directories SEED N` opens directories at random N times, opens files and acts on paths relative to them, copies, inherits,
 * passes and closes their descriptors, in the last quarter beside a thread that shares them. It prints how many directories it opened by their
 * own paths. It writes to nothing outside of its working directory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "passed.h"
#include "random.h"

#define FIRST 10
#define LAST 40

static int home, own, shared, child;
static char here[1000];

static int any(void)
{
	return FIRST + below(LAST - FIRST);
}

static void keep(int fd)
{
	if (fd < 0)
		return;
	dup2(fd, any());
	close(fd);
}

/* One of the directories that are open, or the working directory. */
static int start(void)
{
	return below(6) ? any() : AT_FDCWD;
}

static void open_whole(void)
{
	static const char *const NAMES[] = { "", "/a", "/a", "/a/b", "/c", "/way", "/way/b", "/a/../c", "/a/", "/secret" };
	char path[1100];
	const char *name = PICK(NAMES);
	int fd;
	snprintf(path, sizeof(path), "%s%s", here, name);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | (below(2) ? O_CLOEXEC : 0));
	own += fd >= 0 && !shared && !child && !strstr(name, "way") && !strstr(name, "..") && !strstr(name, "secret") && strcmp(name, "/a/");
	keep(fd);
}

static void open_system(void)
{
	static const char *const NAMES[] = { "/", "/etc", "/etc", "/etc", "/bin", "/usr/bin", "/usr", "/proc", "/proc/self", "/dev", "/tmp" };
	keep(syscall(SYS_openat, AT_FDCWD, PICK(NAMES), O_RDONLY | O_DIRECTORY));
}

static void open_below(void)
{
	static const char *const NAMES[] = { "a", "b", "c", "way", "..", "..", ".", "a/b", "a/", "./a", "secret", "bin", "etc", "self", "nothing" };
	int fd = syscall(SYS_openat, start(), PICK(NAMES), O_RDONLY | O_DIRECTORY | O_NOFOLLOW * below(2));
	keep(fd);
}

static void open_file(void)
{
	static const char *const NAMES[] = { "plain", "secret-file", "to-secret", "a/plain", "way/plain", "../plain", "mtab", "bash", "bin/bash", "etc/mtab", "a/b/secret-file", "self/mounts", "new" };
	static const int FLAGS[] = { O_RDONLY, O_RDONLY, O_RDWR, O_WRONLY, O_CREAT | O_EXCL | O_WRONLY };
	const char *name = PICK(NAMES);
	int flags = PICK(FLAGS), from = start(), fd;
	char way[64];
	if (below(6) == 0)
		name = "mtab";
	if (!strcmp(name, "mtab") || strchr(name, '.') || strstr(name, "etc") || strstr(name, "bin") || strstr(name, "bash") || strstr(name, "self"))
		flags = O_RDONLY;
	if (flags & O_CREAT)
		name = "new";
	if (below(5) == 0 && from >= 0) {
		snprintf(way, sizeof(way), "/proc/self/fd/%d/%s", from, name);
		fd = syscall(SYS_openat, AT_FDCWD, way, flags, 0600);
	} else {
		fd = syscall(SYS_openat, from, name, flags, 0600);
	}
	keep(fd);
	if (flags & O_CREAT && fd >= 0)
		unlinkat(from, "new", 0);
}

static void act_on(int i)
{
	int from = start(), to = start();
	char name[32];
	snprintf(name, sizeof(name), "made-%d-%d", i, (int)getpid());
	if (mkdirat(from, name, 0700) == 0) {
		fchmodat(from, name, 0711, 0);
		unlinkat(from, name, AT_REMOVEDIR);
	}
	if (symlinkat("plain", from, name) == 0) {
		if (renameat(from, name, to, "moved") == 0)
			unlinkat(to, "moved", 0);
		else
			unlinkat(from, name, 0);
	}
	if (linkat(from, "plain", to, name, 0) == 0)
		unlinkat(to, name, 0);
	unlinkat(from, "nothing", 0);
}

static void pass(int fd)
{
	int got = passed(fd);
	if (got < 0)
		return;
	/* elsewhere than what was passed: its name is not that of what it is a copy of */
	openat(got, "to-secret", O_RDONLY);
	keep(got);
}

static void *rest(void *unused)
{
	pause();
	return unused;
}

static void act(int i);

/* A child with the same descriptors; what is opened by either is not known to the other. */
static void inherit(int i)
{
	pid_t pid;
	if (child || shared)
		return;
	pid = fork();
	if (pid == 0) {
		child = 1;
		for (int n = 0; n < 12; n++)
			act(i * 100 + n);
		if (below(2))
			execl("/proc/self/exe", "directories", "again", here, NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void act(int i)
{
	switch (below(20)) {
	case 0: case 1: open_whole(); break;
	case 2: open_system(); break;
	case 3: case 4: case 5: case 6: open_below(); break;
	case 7: case 8: case 9: case 10: open_file(); break;
	case 11: case 12: act_on(i); break;
	case 13: close(any()); break;
	case 14: keep(dup(any())); break;
	case 15: keep(fcntl(any(), below(2) ? F_DUPFD : F_DUPFD_CLOEXEC, 100)); break;
	case 16: fcntl(any(), F_SETFD, below(2) ? FD_CLOEXEC : 0); break;
	case 17: fchdir(below(3) ? any() : home); break;
	case 18: pass(any()); break;
	case 19: if (below(4) == 0) inherit(i);
	}
}

int main(int argc, char **argv)
{
	static const char *const FILES[] = { "plain", "secret-file", "a/plain", "a/secret-file", "a/b/plain", "a/b/secret-file", "c/plain" };
	pthread_t thread;
	int n;
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "again")) {
		/* a program that was started with the descriptors */
		for (int fd = FIRST; fd < LAST; fd++)
			openat(fd, "to-secret", O_RDONLY);
		return 0;
	}
	/* what each capture knows of the descriptors of who started this differs */
	syscall(SYS_close_range, 3, ~0u, 0);
	state = strtoul(argv[1], NULL, 10);
	n = atoi(argv[2]);
	if (!getcwd(here, sizeof(here)))
		return 1;
	mkdir("a", 0700);
	mkdir("a/b", 0700);
	mkdir("c", 0700);
	mkdir("secret", 0700);
	symlink("a", "way");
	for (unsigned i = 0; i < sizeof(FILES) / sizeof(*FILES); i++)
		close(creat(FILES[i], 0600));
	symlink("secret-file", "to-secret");
	symlink("b/secret-file", "a/to-secret");
	symlink("../a/secret-file", "c/to-secret");
	home = open(".", O_DIRECTORY);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	for (int i = 0; i < n; i++) {
		if (i == n / 4 * 3) {
			shared = 1;
			pthread_create(&thread, NULL, rest, NULL);
		}
		act(i);
	}
	printf("%d\n", own);
	return 0;
}
