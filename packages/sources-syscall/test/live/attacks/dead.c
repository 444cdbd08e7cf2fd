/*
 * A process with a file system that never answers: `dead FOLDER KIND`. `held`: it holds a descriptor of it;
 * `proc`: it is at /proc of a pid namespace of its own. Prints its process id when it is ready, and lives until it is killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	char options[96];
	int fuse;
	pid_t pid;
	if (argc != 3 || unshare(CLONE_NEWNS | (strcmp(kind, "proc") ? 0 : CLONE_NEWPID)) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    chdir(argv[1]) || mkdir("proc", 0755))
		return 1;
	fuse = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	if (fuse < 0 || mount("fuse", "proc", "fuse", 0, options))
		return 3;
	if (!strcmp(kind, "proc")) {
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (chroot("."))
				return 1;
			pause();
		}
		printf("%d\n", pid);
	} else {
		if (open("proc", O_PATH) < 0)
			return 1;
		printf("%d\n", getpid());
	}
	fflush(stdout);
	pause();
	return 0;
}
