#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int worker_start(struct worker *worker, int (*work)(void *context), void *context)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int err;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1); /* it ended before the line above */
		err = work(context);
		if (err)
			fprintf(stderr, "falc-probe: %s\n", strerror(-err));
		_exit(err ? 1 : 0);
	}
	worker->pid = pid;
	worker->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (worker->pidfd < 0) {
		int err = -errno;
		worker_kill(worker);
		return err;
	}
	return 0;
}

int worker_reap(struct worker *worker, char *how, size_t size)
{
	int status = 0;
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (worker->pidfd >= 0)
		close(worker->pidfd);
	worker->pid = 0;
	worker->pidfd = -1;
	if (WIFSIGNALED(status))
		snprintf(how, size, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, size, "ended with exit code %d", WEXITSTATUS(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void worker_kill(struct worker *worker)
{
	char how[64];
	if (worker->pid <= 0)
		return;
	kill(worker->pid, SIGKILL);
	worker_reap(worker, how, sizeof(how));
}
