/*
 * For filter.test.ts: `execs SEED N` starts N children, each of which fails to start a few programs before it starts `true`, or ends. It says
 * how many could not be started.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"

int main(int argc, char **argv)
{
	static char *const PATHS[] = { "absent", "/nowhere/true", "plain", "sub", "loop", "", "/", "sub/../absent" };
	static char *const ENVIRONMENT[] = { "A=1", NULL };
	char *const arguments[] = { "tried", "--with", "arguments", NULL };
	int failed = 0;
	if (argc < 3)
		return 2;
	state = strtoul(argv[1], NULL, 10);
	mkdir("sub", 0700);
	close(creat("plain", 0600));
	symlink("loop", "loop");
	for (int i = atoi(argv[2]); i > 0; i--) {
		int tries = below(5), ends = below(3) == 0, status;
		char *paths[5];
		for (int t = 0; t < tries; t++)
			paths[t] = PICK(PATHS);
		failed += tries;
		if (!(below(2) ? fork() : vfork())) {
			for (int t = 0; t < tries; t++) {
				if (t & 1)
					syscall(SYS_execveat, AT_FDCWD, paths[t], arguments, ENVIRONMENT, 0);
				else
					execve(paths[t], t == 2 ? NULL : arguments, ENVIRONMENT);
			}
			if (!ends)
				execl("/bin/true", "true", "now", NULL);
			_exit(0);
		}
		wait(&status);
	}
	printf("%d", failed);
	return 0;
}
