/* For reuse.test.ts: a process opens a descriptor and ends; another gets its process id, and uses the descriptor's number. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t first = fork(), second;
	if (!first) {
		dup2(open("falc-first", O_CREAT | O_RDWR, 0600), 77);
		_exit(fchmod(77, 0640));
	}
	if (first < 0 || waitpid(first, NULL, 0) != first)
		return 1;
	args.set_tid = (__u64)&first;
	args.set_tid_size = 1;
	/* somebody else may have got it meanwhile */
	second = syscall(SYS_clone3, &args, sizeof(args));
	if (second < 0)
		return 2;
	if (!second) {
		fchmod(77, 0600);
		_exit(0);
	}
	waitpid(second, NULL, 0);
	printf("%d\n", first == second ? first : 0);
	return 0;
}
