/*
 * For filter.test.ts: `files SEED N` opens, copies, passes and closes descriptors at random N times, in the second half beside a thread that
 * shares them. It prints how many files it opened to read that no rule names, and how many of their descriptors it closed, in the first half.
 * It writes to nothing outside of its working directory.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "passed.h"
#include "random.h"

#define FIRST 10
#define LAST 60

enum kind { OTHER, READ };

static enum kind kinds[1024];
static int home, reads, closes, shared;

static int any(void)
{
	return FIRST + below(LAST - FIRST);
}

/* What was made gets a number of its own; of a copy the first is closed. */
static int keep(int fd, enum kind kind)
{
	int to = any();
	if (fd < 0)
		return fd;
	kinds[fd] = kind;
	if (dup2(fd, to) < 0)
		return -1;
	kinds[to] = kind;
	close(fd);
	closes += kind == READ && !shared;
	return to;
}

static void drop(int fd)
{
	closes += kinds[fd] == READ && !shared;
	kinds[fd] = OTHER;
	close(fd);
}

static void open_one(int directory)
{
	static const char *const NAMES[] = { "plain", "plain", "sub/plain", "way/plain", "secret", "sub/secret", "./plain", "to-secret", "sub/../plain" };
	static const int FLAGS[] = { O_RDONLY, O_RDONLY, O_RDONLY, O_RDONLY | O_CLOEXEC, O_RDWR, O_WRONLY };
	const char *name = PICK(NAMES);
	int flags = PICK(FLAGS);
	int plain = !(flags & (O_RDWR | O_WRONLY)) && !strstr(name, "secret") && !strstr(name, "..");
	int fd = syscall(SYS_openat, directory, name, flags, 0);
	if (fd < 0)
		return;
	if (plain && !shared)
		reads++;
	keep(fd, plain ? READ : OTHER);
}

static void pass(int fd)
{
	int got = passed(fd);
	if (got < 0)
		return;
	kinds[got] = kinds[fd];
	keep(got, kinds[fd]);
}

static void link_to(int fd, int i)
{
	char from[64], to[64];
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "link-%d", i);
	if (linkat(AT_FDCWD, from, home, to, AT_SYMLINK_FOLLOW) == 0)
		unlinkat(home, to, 0);
}

static void *rest(void *unused)
{
	pause();
	return unused;
}

static void act(int i)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = any(), ends[2];
	switch (below(18)) {
	case 0: case 1: case 2: case 3: open_one(AT_FDCWD); break;
	case 4: open_one(home); break;
	case 5: keep(open("sub", below(2) ? O_DIRECTORY : 0), OTHER); break;
	case 6: case 7: drop(fd); break;
	case 8: below(4) ? keep(dup(fd), kinds[fd]) : keep(dup(pair[0]), OTHER); break;
	case 9: keep(fcntl(fd, F_DUPFD, 100), kinds[fd]); break;
	case 10: keep(socket(AF_INET, SOCK_DGRAM, 0), OTHER); break;
	case 11: pass(fd); break;
	case 12: connect(fd, (void *)&to, sizeof(to)); break;
	case 13: sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)); break;
	case 14: link_to(fd, i); break;
	case 15:
		if (pipe(ends) == 0) {
			keep(ends[0], OTHER);
			keep(ends[1], OTHER);
		}
		break;
	case 16: keep(below(2) ? memfd_create("secret", 0) : eventfd(0, 0), OTHER); break;
	case 17:
		if (below(2))
			fchdir(home);
		else
			chdir("sub");
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int n;
	if (argc < 3)
		return 2;
	state = strtoul(argv[1], NULL, 10);
	n = atoi(argv[2]);
	mkdir("sub", 0700);
	symlink("sub", "way");
	symlink("secret", "to-secret");
	close(creat("plain", 0600));
	close(creat("secret", 0600));
	close(creat("sub/plain", 0600));
	close(creat("sub/secret", 0600));
	home = open(".", O_DIRECTORY);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	for (int i = 0; i < n; i++) {
		if (i == n / 2) {
			shared = 1;
			pthread_create(&thread, NULL, rest, NULL);
		}
		act(i);
	}
	printf("%d %d\n", reads, closes);
	return 0;
}
