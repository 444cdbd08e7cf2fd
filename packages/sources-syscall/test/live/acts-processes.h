/* Acts of processes, and their memory: a part of acts.c. */
#pragma once

static void trace(void)
{
	int status, traced[2];
	/* The child outlives the call that lets it go on, so that its name is known. */
	if (pipe(traced))
		_exit(1);
	long word = 0, child = call(fork);
	if (!child) {
		close(traced[1]);
		call(ptrace, PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(read(traced[0], &status, 1));
	}
	close(traced[0]);
	waitpid(child, &status, 0);
	call(ptrace, PTRACE_PEEKUSER, child, 0, &word);
	call(ptrace, PTRACE_CONT, child, 0, SIGCONT);
	close(traced[1]);
	waitpid(child, &status, 0);
}

static void identity(void)
{
	struct rlimit limit = { 100, 200 };
	char name[16];
	call(setrlimit, RLIMIT_CORE, &limit);
	call(prlimit64, 0, RLIMIT_CORE, NULL, &limit);
	call(prlimit64, 0, 99, NULL, &limit);
	call(getrlimit, RLIMIT_CORE, NULL);
	call(prctl, PR_SET_NAME, "act-named");
	call(prctl, PR_GET_NAME, name);
	call(prctl, PR_SET_NAME, "acts");
	call(prctl, PR_SET_CHILD_SUBREAPER, 1);
	call(unshare, CLONE_NEWNS);
	call(ptrace, PTRACE_CONT, 999999, 1, 2);
	trace();
	call(kill, getpid(), 0);
	call(tgkill, getpid(), getpid(), 0);
	call(setresgid, 5, 6, 7);
	call(setresuid, 5, 6, 7);
	call(setuid, 5);
	call(getuid);
}

static void memory(void)
{
	char *at = (char *)call(mmap, NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	call(mprotect, at, 4096, PROT_READ | PROT_EXEC);
	call(munmap, at, 8192);
	call(mlockall, MCL_CURRENT);
}

static void processes(void)
{
	char *const argv[] = { "named", "one", "two words", NULL }, *const env[] = { "KEY=value", NULL };
	int status, file;
	if (!call(fork)) {
		call(execve, "/absent/program", argv, env);
		call(execve, "/bin/true", argv, env);
	}
	wait(&status);
	if (!fork()) {
		file = open("/bin/true", O_RDONLY | O_CLOEXEC);
		call(execveat, file, "", argv, env, AT_EMPTY_PATH);
	}
	wait(&status);
	if (!fork())
		_exit(3);
	wait(&status);
	if (!fork())
		raise(SIGKILL);
	wait(&status);
	/* a child that outlives its parent, and one that outlives its parent below a subreaper */
	if (!fork()) {
		if (fork())
			_exit(4);
		usleep(50000);
		_exit(0);
	}
	wait(&status);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!fork()) {
		if (fork())
			_exit(5);
		usleep(50000);
		_exit(0);
	}
	while (wait(&status) > 0)
		;
}

/* What needs rights fails here on purpose: no module is loaded, no filter set. */
static void rights(void)
{
	int ids[3];
	call(init_module, "no module", 9, "a=1");
	call(finit_module, 999, "b=2", 0);
	call(setns, 999, CLONE_NEWNET);
	call(seccomp, 99, 1, NULL);
	call(capset, NULL, NULL);
	call(setpgid, 0, 0);
	if (!fork()) {
		call(setsid);
		_exit(0);
	}
	wait(NULL);
	call(tkill, getpid(), 0);
	call(setregid, 7, 8);
	call(setreuid, 5, 6);
	call(geteuid);
	call(getgid);
	call(getegid);
	call(getresuid, &ids[0], &ids[1], &ids[2]);
	call(getresgid, &ids[0], &ids[1], &ids[2]);
	call(setgid, 8);
}

/* Memory, of this process and of others; what has no event of its own. */
static void more_memory(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iovec from = { "abc", 3 }, to = { page, 3 };
	int word = 1;
	call(brk, 0);
	call(mlock, page, 4096);
	call(mlock2, page, 4096, 1);
	call(munlock, page, 4096);
	call(munlockall);
	call(process_vm_readv, getpid(), &to, 1, &from, 1, 0);
	call(process_vm_writev, getpid(), &from, 1, &to, 1, 0);
	call(getpriority, 0, 0);
	call(futex, &word, 1, 1, NULL, NULL, 0);
}

/* vfork by a library function: after the call itself, the child would run on its parent's stack. */
static void children(void)
{
	unsigned long how[8] = { 0, 0, 0, 0, SIGCHLD };
	char *const argv[] = { "named", NULL };
	int status;
	call(execveat, AT_FDCWD, "absent", argv, NULL, 0);
	if (!call(clone3, how, sizeof(how)))
		_exit(0);
	wait(&status);
	if (!vfork())
		_exit(0);
	wait(&status);
}
