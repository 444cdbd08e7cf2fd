/*
 * `flood CALL SECONDS`: one process that makes a call as often as it can, on each CPU. `flood victim N`: opens N different names
 * below /etc, a millisecond apart, and runs `true` after every tenth.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *kind;
static volatile int over;

static void *flood(void *unused)
{
	char name[256];
	char *const argv[] = { "x", NULL };
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	while (!over) {
		if (!strcmp(kind, "openat"))
			syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
		else if (!strcmp(kind, "close"))
			syscall(SYS_close, -1);
		else if (!strcmp(kind, "prctl"))
			syscall(SYS_prctl, PR_SET_NAME, "flood");
		else if (!strcmp(kind, "setuid"))
			syscall(SYS_setuid, getuid());
		else if (!strcmp(kind, "execve"))
			syscall(SYS_execve, "/absent", argv, NULL);
		else
			syscall(SYS_unlinkat, -1, name, 0);
	}
	return unused;
}

static int victim(int n)
{
	char name[64];
	int status;
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/etc/falc-victim-%d", i);
		syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
		usleep(1000);
		if (i % 10)
			continue;
		if (!fork()) {
			execl("/bin/true", "falc-victim", (char *)NULL);
			_exit(1);
		}
		wait(&status);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "victim"))
		return victim(atoi(argv[2]));
	kind = argv[1];
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, flood, NULL))
			return 1;
	puts("ready");
	fflush(stdout);
	sleep(atoi(argv[2]));
	over = 1;
	return 0;
}
