/*
 * A process whose root is a folder of its own: `jail FOLDER KIND`. KIND says what its files of users are: `plain`; `link`: below a
 * link to an absolute path that only the host has; `fifo`; `device`; `huge`; `hang`: on a FUSE file system that never answers.
 * Prints its process id when it is ready, and lives until it is killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(1);
	}
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);
	check(fd < 0 || write(fd, text, strlen(text)) < 0, path);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	char options[96];
	int fuse;
	check(argc != 3 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || chdir(argv[1]), "jail");
	if (!strcmp(kind, "link")) {
		check(symlink("/etc", "etc"), "symlink");
	} else {
		check(mkdir("etc", 0755), "mkdir");
		if (!strcmp(kind, "plain")) {
			put("etc/passwd", "jailed:x:4242:4242::/home:/bin/sh\n");
			put("etc/group", "jailed:x:4242:\n");
		} else if (!strcmp(kind, "fifo")) {
			check(mkfifo("etc/passwd", 0644), "mkfifo");
		} else if (!strcmp(kind, "device")) {
			check(mknod("etc/passwd", S_IFCHR | 0644, makedev(1, 5)), "mknod");
		} else if (!strcmp(kind, "huge")) {
			put("etc/passwd", "a");
			check(truncate("etc/passwd", 1 << 30), "truncate");
		} else {
			fuse = open("/dev/fuse", O_RDWR);
			check(fuse < 0, "/dev/fuse");
			snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
			check(mount("fuse", "etc", "fuse", 0, options), "mount of fuse");
		}
	}
	check(chroot("."), "chroot");
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}
