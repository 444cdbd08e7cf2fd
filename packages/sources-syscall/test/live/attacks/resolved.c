/*
 * Ways to open `secret` in the folder that is given, by names that do not lead there in plain sight: `resolved FOLDER WAY`. Each
 * opens it once, for reading and with O_SYNC.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_SYNC)

static int by_link(void) { return symlink(".", "link") || open("link/secret", FLAGS) < 0; }

static int by_root(const char *folder)
{
	char path[512];
	snprintf(path, sizeof(path), "/proc/self/root%s/secret", folder);
	return open(path, FLAGS) < 0;
}

static int by_chroot(void) { return chroot(".") || open("/secret", FLAGS) < 0; }

static int in_root(void)
{
	unsigned long how[3] = { FLAGS, 0, 0x10 /* RESOLVE_IN_ROOT */ };
	return syscall(SYS_openat2, open(".", O_PATH), "/secret", how, sizeof(how)) < 0;
}

static int child(void *fd)
{
	return *(int *)fd < 0 ? chdir("below") : fchdir(*(int *)fd);
}

/* The child changes the directory of both. */
static int by_clone_fs(void)
{
	static char stack[65536];
	int none = -1;
	if (mkdir("below", 0700) || link("secret", "below/plain"))
		return 1;
	waitpid(clone(child, stack + sizeof(stack), CLONE_FS | SIGCHLD, &none), NULL, 0);
	return open("../secret", FLAGS) < 0;
}

/* What can be done below a directory: each call takes another copy of its descriptor, so that none is known from the one before. */
static int act_below(int directory)
{
	int copies[11], failed = 0;
	for (int i = 0; i < 11; i++)
		copies[i] = dup(directory);
	failed |= mkdirat(copies[0], "made", 0700);
	failed |= symlinkat("secret", copies[1], "soft");
	failed |= fchmodat(copies[2], "secret", 0600, 0);
	failed |= fchownat(copies[3], "secret", 0, 0, 0);
	failed |= mknodat(copies[4], "node", S_IFIFO | 0600, 0);
	failed |= linkat(copies[5], "secret", copies[6], "hard", 0);
	failed |= renameat(copies[7], "hard", copies[8], "moved");
	failed |= syscall(SYS_renameat2, AT_FDCWD, "/dev/null/none", AT_FDCWD, "x", 0) != -1;
	failed |= linkat(AT_FDCWD, "/dev/null/none", copies[9], "x", 0) != -1;
	failed |= unlinkat(copies[10], "soft", 0);
	return failed;
}

/* A directory's descriptor that came over a socket, and one that leads nowhere known. */
static int by_rights(int change)
{
	int ends[2], fd = open(".", O_RDONLY | O_DIRECTORY), got = -1;
	char data = 'x', control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { &data, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return 1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(ends[0], &message, 0) < 0)
		return 1;
	close(fd);
	memset(control, 0, sizeof(control));
	open("/dev/null", O_RDONLY); /* the number may not be that of before */
	if (recvmsg(ends[1], &message, 0) < 0 || !(c = CMSG_FIRSTHDR(&message)))
		return 1;
	memcpy(&got, CMSG_DATA(c), sizeof(got));
	if (chdir("/"))
		return 1;
	if (change > 1)
		return act_below(got);
	if (change)
		return fchdir(got) || open("secret", FLAGS) < 0;
	return openat(got, "secret", FLAGS) < 0;
}

static int by_tree(void) { return openat(syscall(428 /* open_tree */, AT_FDCWD, ".", 0), "secret", FLAGS) < 0; }

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[2] : "";
	if (argc < 3 || chdir(argv[1]))
		return 2;
	if (!strcmp(way, "link"))
		return by_link();
	if (!strcmp(way, "root"))
		return by_root(argv[1]);
	if (!strcmp(way, "chroot"))
		return by_chroot();
	if (!strcmp(way, "in-root"))
		return in_root();
	if (!strcmp(way, "clone-fs"))
		return by_clone_fs();
	if (!strcmp(way, "rights"))
		return by_rights(0);
	if (!strcmp(way, "fchdir"))
		return by_rights(1);
	if (!strcmp(way, "acts"))
		return by_rights(2);
	return by_tree();
}
