/*
 * Calls that are never made and seem to succeed, since a seccomp filter, its supervisor or a tracer answers in the kernel's place:
 * `forged WAY`, as user 65534. What opens `loot` afterwards is what it was before. 3 = this machine does not do that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lets a filter decide about one call; the descriptor of a supervisor, if it is to have one. */
static int answer(int call, unsigned action, unsigned flags)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int act(void) { return open("loot", O_RDONLY) < 0; }

static int by_filter(int call)
{
	return answer(call, SECCOMP_RET_ERRNO, 0) ? 3 : syscall(call, 0, 0, 0) != 0;
}

/* To have made a process that another one made before. */
static int adopted(void)
{
	int go[2], status;
	volatile int *listener = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child, supervisor;
	char byte = 0;
	if (pipe(go))
		return 1;
	child = fork();
	if (!child)
		_exit(read(go[0], &byte, 1) != 1 || act());
	*listener = -1;
	supervisor = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!supervisor) {
		struct seccomp_notif asked = {};
		struct seccomp_notif_resp said = { .val = child };
		while (*listener < 0)
			usleep(1000);
		ioctl(*listener, SECCOMP_IOCTL_NOTIF_RECV, &asked);
		said.id = asked.id;
		_exit(ioctl(*listener, SECCOMP_IOCTL_NOTIF_SEND, &said) != 0);
	}
	*listener = answer(SYS_clone, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (*listener < 0 || syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) != child || write(go[1], &byte, 1) != 1)
		return 1;
	return waitpid(child, &status, 0) != child || status;
}

/* To have been made just now, by the parent that has taken it: under a name of its choice. */
static int reborn(void)
{
	pid_t old = getpid();
	if (fork())
		return 0;
	while (getppid() == old)
		usleep(1000);
	prctl(PR_SET_NAME, "sshd");
	usleep(2200000); /* so long the engine takes it for the event that it has */
	return by_filter(SYS_fork) || act();
}

#if defined(__x86_64__)
static int traced(void)
{
	struct user_regs_struct registers;
	int status;
	pid_t child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(syscall(SYS_setuid, 0) != 0 || act());
	}
	waitpid(child, &status, 0);
	do {
		if (ptrace(PTRACE_SYSEMU, child, NULL, NULL) || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
			return 3;
		ptrace(PTRACE_GETREGS, child, NULL, &registers);
	} while (registers.orig_rax != SYS_setuid);
	registers.rax = 0;
	ptrace(PTRACE_SETREGS, child, NULL, &registers);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	return waitpid(child, &status, 0) != child || status;
}
#else
static int traced(void) { return 3; }
#endif

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	/* Without capabilities from the exec on. */
	if (!getuid())
		return setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) || execv(argv[0], argv);
	if (!strcmp(way, "setuid"))
		return by_filter(SYS_setuid) ?: act();
	if (!strcmp(way, "setsid"))
		return by_filter(SYS_setsid) ?: act();
	if (!strcmp(way, "unshare")) /* answered for a new user namespace: all capabilities */
		return answer(SYS_unshare, SECCOMP_RET_ERRNO, 0) ? 3 : unshare(CLONE_NEWUSER) ?: act();
	if (!strcmp(way, "adopted"))
		return adopted();
	if (!strcmp(way, "reborn"))
		return reborn();
	return strcmp(way, "traced") ? act() : traced();
}
