/*
 * Two processes whose ids are equal modulo 1024, the size of the probe's table of paths, and which never change a path.
 *
 *   collide CALL TIMES   open or unlink: one calls it so often with a path of a/a/a…, which is not there, and meanwhile the other
 *                        opens one of b/b/b…, as long
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../stay-on.h"

#define TABLE 1024
static char text[4096];

static void name_of(char letter)
{
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? '/' : letter;
}

/* A child whose id is this one's but for a multiple of the table's size. */
static pid_t collide(void)
{
	for (pid_t id = 2 * TABLE + getpid() % TABLE; id < 31 * TABLE; id += TABLE) {
		struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&id, .set_tid_size = 1 };
		pid_t child = syscall(SYS_clone3, &args, sizeof(args));
		if (child >= 0)
			return child;
	}
	return -1;
}

int main(int argc, char **argv)
{
	pid_t child;
	if (argc < 3)
		return 2;
	child = collide();
	if (child < 0)
		return 1;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stay_on(1);
		name_of('b');
		for (;;)
			open(text, O_RDONLY);
	}
	stay_on(0);
	name_of('a');
	for (int i = 0; i < atoi(argv[2]); i++)
		strcmp(argv[1], "unlink") ? open(text, O_RDONLY) : unlinkat(AT_FDCWD, text, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
