/*
 * `flood [wait] CALL SECONDS [PROCESSES [THREADS [UID]]]`: makes a call as often as it can, once it may read a byte. `flood victim N NAME`: waits for a
 * byte, opens N different files below /etc that begin with this name, a millisecond apart, and runs `true` under it after every tenth.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY_DESCRIPTORS 19000
#define MANY_THREADS 20000

static const char *kind;
static pthread_attr_t small;
static volatile int over;

/* A child that ends at once, or runs something first. */
static void child(char *const *run)
{
	pid_t pid = vfork();
	if (!pid) {
		if (run)
			execve(run[0], run, run);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* A process with many threads whose parent ends before it: each thread gets another parent. */
static void *idle(void *unused) { return pause(), unused; }

static void orphan(int threads)
{
	pthread_t thread;
	int status;
	pid_t pid = fork();
	if (!pid) {
		alarm(5);
		if (!fork()) {
			alarm(5);
			for (int i = 0; i < threads && !pthread_create(&thread, &small, idle, NULL); i++)
				;
			kill(getppid(), SIGKILL);
			_exit(0);
		}
		pause();
	}
	waitpid(pid, &status, 0);
}

static void *nothing(void *unused) { return unused; }

/* Threads that begin and end; or a process that ends with all of its threads at once. */
static void threads(int n, void *(*run)(void *))
{
	pthread_t thread[500];
	int made = 0;
	while (made < n && !pthread_create(&thread[made], &small, run, NULL))
		made++;
	if (run == idle)
		_exit(0);
	while (made > 0)
		pthread_join(thread[--made], NULL);
}

static void crowd_ends(void)
{
	pid_t pid = fork();
	if (!pid)
		threads(500, idle);
	waitpid(pid, NULL, 0);
}


static void *flood(void *unused)
{
	static char text[4001];
	char name[256], *const argv[] = { "x", NULL }, *const large[] = { "/bin/true", text, NULL };
	unsigned odd = 0;
	struct stat st;
	int sink = open("/dev/null", O_WRONLY);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	memset(text, 'n', sizeof(text) - 1);
	while (!over) {
		if (!strcmp(kind, "openat"))
			syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
		else if (!strcmp(kind, "long"))
			syscall(SYS_openat, AT_FDCWD, text, O_RDONLY);
		else if (!strcmp(kind, "close"))
			syscall(SYS_close, -1);
		else if (!strcmp(kind, "close_range"))
			syscall(SYS_close_range, 3, ~0u, 0);
		else if (!strcmp(kind, "cloexec"))
			syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
		else if (!strcmp(kind, "write"))
			syscall(SYS_write, sink, "x", 1);
		else if (!strcmp(kind, "stat"))
			syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &st, 0);
		else if (!strcmp(kind, "rename"))
			syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, text, 0);
		else if (!strcmp(kind, "connect"))
			syscall(SYS_connect, -1, NULL, 0);
		else if (!strcmp(kind, "orphans"))
			orphan(800);
		else if (!strcmp(kind, "prctl"))
			syscall(SYS_prctl, PR_SET_NAME, "flood");
		else if (!strcmp(kind, "setuid"))
			syscall(SYS_setuid, getuid());
		else if (!strcmp(kind, "chdir") || !strcmp(kind, "crowd"))
			syscall(SYS_chdir, odd++ % 2 ? "/" : "/tmp");
		else if (!strcmp(kind, "dup"))
			syscall(SYS_dup2, 0, 1000);
		else if (!strcmp(kind, "execve"))
			syscall(SYS_execve, "/absent", argv, NULL);
		else if (!strcmp(kind, "fork"))
			child(NULL);
		else if (!strcmp(kind, "exec"))
			child(large);
		else if (!strcmp(kind, "threads"))
			threads(200, nothing);
		else if (!strcmp(kind, "ends"))
			crowd_ends();
		else if (!strcmp(kind, "socket"))
			close(socket(AF_UNIX, SOCK_STREAM, 0));
		else
			syscall(SYS_unlinkat, -1, name, 0);
	}
	return unused;
}

static int victim(int n, const char *as)
{
	char name[64];
	int status;
	pid_t pid;
	getchar();
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/etc/%s-%d", as, i);
		syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
		usleep(1000);
		if (i % 10)
			continue;
		/* where floods have taken all process ids, there is none for a moment */
		while ((pid = fork()) < 0)
			usleep(1000);
		if (!pid) {
			execl("/bin/true", as, (char *)NULL);
			_exit(1);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int processes, threads;
	if (argc < 3)
		return 2;
	if (argc > 3 && !strcmp(argv[1], "victim"))
		return victim(atoi(argv[2]), argv[3]);
	if (!strcmp(argv[1], "wait"))
		argc--, argv++, getchar();
	kind = argv[1];
	processes = argc > 3 ? atoi(argv[3]) : 1;
	threads = argc > 4 ? atoi(argv[4]) : 4;
	if (argc > 5 && setresuid(atoi(argv[5]), atoi(argv[5]), atoi(argv[5])))
		return 1;
	for (int i = 1; i < processes && fork(); i++)
		;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(kind, "cloexec")) {
		struct rlimit most = { MANY_DESCRIPTORS + 10, MANY_DESCRIPTORS + 10 };
		setrlimit(RLIMIT_NOFILE, &most);
		for (int i = 0; i < MANY_DESCRIPTORS; i++)
			dup(0);
	}
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; !strcmp(kind, "crowd") && i < MANY_THREADS && !pthread_create(&thread, &small, idle, NULL); i++)
		;
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread, &small, flood, NULL))
			break;
	sleep(atoi(argv[2]));
	over = 1;
	return 0;
}
