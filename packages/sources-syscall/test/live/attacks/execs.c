/*
 * Ways to run a program that are not a plain exec: `execs WAY`, in a folder with a copy of itself called `tool`. As `tool` it does one
 * thing that rules ask about: it opens `loot`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const ARGUMENTS[] = { "innocent", "act", NULL };
static char *const NONE[] = { NULL };

static int plain(void) { return execv("tool", ARGUMENTS); }

static int by_descriptor(void) { return syscall(SYS_execveat, open("tool", O_PATH), "", ARGUMENTS, NONE, AT_EMPTY_PATH); }

static int by_directory(void) { return syscall(SYS_execveat, open(".", O_PATH), "tool", ARGUMENTS, NONE, 0); }

static int by_proc(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", open("tool", O_PATH));
	return execv(path, ARGUMENTS);
}

static int by_memfd(void)
{
	int from = open("tool", O_RDONLY), to = memfd_create("sshd", 0);
	struct stat st;
	if (fstat(from, &st) || sendfile(to, from, NULL, st.st_size) != st.st_size)
		return 1;
	return syscall(SYS_execveat, to, "", ARGUMENTS, NONE, AT_EMPTY_PATH);
}

static int by_link(void) { return symlink("tool", "sshd") || execv("./sshd", ARGUMENTS); }

static int by_script(void)
{
	char text[512], folder[400];
	int fd = open("script", O_CREAT | O_WRONLY, 0700);
	snprintf(text, sizeof(text), "#!%s/tool act\n", getcwd(folder, sizeof(folder)));
	if (write(fd, text, strlen(text)) < 0 || close(fd))
		return 1;
	return execv("./script", ARGUMENTS);
}

/* Not the first thread: it takes over the number of the first. */
static void *in_thread(void *unused)
{
	execv("tool", ARGUMENTS);
	return unused;
}

static int by_thread(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, in_thread, NULL) || pthread_join(thread, NULL);
}

static int by_vfork(void)
{
	int status;
	pid_t pid = vfork();
	if (!pid) {
		execv("tool", ARGUMENTS);
		_exit(1);
	}
	return waitpid(pid, &status, 0) < 0 || status;
}

static int by_sibling(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_PARENT | CLONE_VFORK, 0, NULL, NULL, 0);
	if (!pid) {
		execv("tool", ARGUMENTS);
		_exit(1);
	}
	return pid < 0;
}

/* No exec at all: a child of the parent's, which has never run this program. */
static int unexecuted(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_PARENT | CLONE_VFORK, 0, NULL, NULL, 0);
	if (!pid)
		_exit(open("loot", O_RDONLY) < 0);
	return pid < 0;
}

static int without_arguments(void) { return syscall(SYS_execve, "tool", NONE, NONE); }

/* After its exec it takes another name, and writes over its command line. */
static int renamed(void)
{
	char *const hide[] = { "innocent", "hide", NULL };
	return execv("tool", hide);
}

static int act(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "hide")) {
		prctl(PR_SET_NAME, "sshd");
		memset(argv[0], 'x', strlen(argv[0]));
		memset(argv[1], 'x', strlen(argv[1]));
	}
	return open("loot", O_RDONLY) < 0;
}

int main(int argc, char **argv)
{
	const struct { const char *name; int (*go)(void); } ways[] = {
		{ "plain", plain }, { "descriptor", by_descriptor }, { "directory", by_directory }, { "proc", by_proc },
		{ "memfd", by_memfd }, { "link", by_link }, { "script", by_script }, { "thread", by_thread }, { "vfork", by_vfork },
		{ "sibling", by_sibling }, { "unexecuted", unexecuted }, { "no-arguments", without_arguments }, { "renamed", renamed },
	};
	const char *way = argc > 1 ? argv[1] : "act";
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argv[0] && !strcmp(argv[0], "execs") && !strcmp(way, ways[i].name))
			return ways[i].go();
	return act(argc, argv);
}
