/* A process that does the work of one session, so that its end, however it comes, is not that of the one who started it. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct worker {
	pid_t pid;
	int pidfd;   /* readable when it has ended */
};

/* Forks. The child runs `work`, whose 0 or -errno becomes its exit code; it is killed when its parent ends. 0, or -errno. */
int worker_start(struct worker *worker, int (*work)(void *context), void *context);

/* Waits for its end and describes it in `how`. 1 = it ended in order, 0 = not. */
int worker_reap(struct worker *worker, char *how, size_t size);

/* Kills and reaps it. The kernel takes back what it had loaded. */
void worker_kill(struct worker *worker);
