/*
 * Gives one pid to one process after another, as fast as it can, while falc-signal is told to kill one of them by then: whoever is
 * killed must be the one that was meant.
 *
 *     recycle FALC-SIGNAL GENERATIONS SHORTEST-MS
 *
 * Runs in namespaces of its own, in which the next pid can be chosen. SHORTEST-MS is how long each lives at least: with 0, falc-signal
 * is told only a time at which the one that is meant had the pid, otherwise also when that one started. Prints how many were killed, how
 * many calls found another process or none, and how many killed one that was not meant. Exit code 1 if there was one of those.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PID 300

struct shared {
	volatile int generation; /* of the process that has the pid now; 0: nobody */
	volatile int64_t started;
	volatile bool over;
	volatile int calls, refused;
};

static struct shared *shared;

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void nap(long us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };
	nanosleep(&time, NULL);
}

/* Picks whoever has the pid, waits a little, and has it killed. */
static void attack(const char *helper, bool starts, unsigned seed)
{
	while (!shared->over) {
		int generation = shared->generation;
		int64_t started = shared->started, before = now();
		/* Every second process is not meant by anybody. */
		if (generation % 2 == 0 || generation != shared->generation || !started)
			continue;
		nap(rand_r(&seed) % 15000);
		char text[2][32], pid[16];
		snprintf(pid, sizeof pid, "%d", PID);
		snprintf(text[0], sizeof text[0], "%lld", (long long)before);
		snprintf(text[1], sizeof text[1], "%lld", (long long)started);
		char *args[] = { (char *)helper, "KILL", pid, "--before", text[0], starts ? "--started" : NULL, text[1], NULL };
		pid_t child = vfork();
		if (child == 0) {
			int null = open("/dev/null", O_WRONLY);
			dup2(null, 1);
			execv(helper, args);
			_exit(127);
		}
		int status;
		waitpid(child, &status, 0);
		shared->calls++;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			shared->refused++;
	}
	_exit(0);
}

static int recycle(const char *helper, int generations, int shortest)
{
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount("proc", "/proc", "proc", 0, NULL))
		return 2;
	int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
	if (last < 0)
		return 2;
	pid_t attackers[2];
	for (int i = 0; i < 2; i++)
		if (!(attackers[i] = fork()))
			attack(helper, shortest > 0, i + 1);
	char before[16];
	int length = snprintf(before, sizeof before, "%d", PID - 1);
	unsigned seed = 7;
	int killed = 0, wrong = 0;
	for (int generation = 1; generation <= generations;) {
		if (pwrite(last, before, length, 0) < 0)
			return 2;
		pid_t pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		if (pid != PID) {
			/* A helper had it, or took the one in between. */
			kill(pid, SIGTERM);
			waitpid(pid, NULL, 0);
			continue;
		}
		shared->started = now();
		shared->generation = generation;
		nap(shortest * 1000 + rand_r(&seed) % 40000);
		shared->generation = 0;
		shared->started = 0;
		kill(pid, SIGTERM);
		int status;
		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			killed++;
			wrong += generation % 2 == 0;
		}
		generation++;
	}
	shared->over = true;
	for (int i = 0; i < 2; i++)
		waitpid(attackers[i], NULL, 0);
	printf("killed %d, refused %d of %d, wrong %d\n", killed, shared->refused, shared->calls, wrong);
	return wrong > 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		return 2;
	pid_t init = fork();
	if (init == 0) {
		int code = recycle(argv[1], atoi(argv[2]), atoi(argv[3]));
		fflush(stdout);
		_exit(code);
	}
	int status;
	waitpid(init, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
