/*
 * Acts for acts.test.ts: `acts NAME` does the act of that name, in an empty folder; what the probe records of it stands in
 * cases/acts.txt. System calls are made by number, so that no library chooses another one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define call(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static void files(void)
{
	char buffer[200];
	struct stat st;
	long fd = call(open, "made", O_RDWR | O_CREAT | O_TRUNC, 0640);
	struct { unsigned long flags, mode, resolve; } how = { O_RDONLY, 0, 0x08 };
	call(openat, AT_FDCWD, "made", O_RDONLY | O_CLOEXEC);
	call(openat, AT_FDCWD, "absent", O_WRONLY);
	close(call(openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	close(call(openat, AT_FDCWD, "made", O_WRONLY | O_DSYNC));
	call(openat2, AT_FDCWD, "made", &how, sizeof(how));
	call(creat, "created", 0600);
	call(write, fd, "hello world", 11);
	call(lseek, fd, 0, SEEK_SET);
	call(lseek, fd, 0, SEEK_DATA);
	call(read, fd, buffer, 5);
	call(pread64, fd, buffer, 100, 6);
	call(pwrite64, fd, "xy", 2, 1);
	call(newfstatat, AT_FDCWD, "made", &st, AT_SYMLINK_NOFOLLOW);
	call(chmod, "made", 0711);
	call(fchmod, fd, 0700);
	call(fchmodat, AT_FDCWD, "made", 0777);
	call(chown, "made", 1, 2);
	call(fchownat, AT_FDCWD, "made", 3, 4, AT_SYMLINK_NOFOLLOW);
	call(fchownat, AT_FDCWD, "made", 3, 4, AT_SYMLINK_FOLLOW);
	call(flock, fd, 2 | 4);
	call(close, fd);
	call(close, 999);
}

static void names(void)
{
	close(open("a", O_CREAT | O_WRONLY, 0600));
	call(link, "a", "b");
	call(linkat, AT_FDCWD, "a", AT_FDCWD, "c", 0);
	call(symlink, "a", "s");
	call(symlinkat, "a", AT_FDCWD, "t");
	call(rename, "b", "b2");
	call(renameat, AT_FDCWD, "b2", AT_FDCWD, "b3");
	call(renameat2, AT_FDCWD, "c", AT_FDCWD, "c2", 1);
	call(mkdir, "d", 0755);
	call(mkdirat, AT_FDCWD, "e", 0700);
	call(chdir, "d");
	call(chdir, "..");
	call(rmdir, "d");
	call(unlink, "b3");
	call(unlinkat, AT_FDCWD, "e", AT_REMOVEDIR);
	call(mknod, "fifo", S_IFIFO | 0644, 0);
	call(mknodat, AT_FDCWD, "plain", 0600, 0);
	call(access, "a", R_OK | W_OK);
	call(mount, "none", "/absent", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
	call(umount2, "/absent", 2);
	call(chroot, "/absent");
}

static void descriptors(void)
{
	int pair[2];
	long fd = open("/dev/null", O_RDONLY);
	call(dup, fd);
	call(dup2, fd, 40);
	call(dup3, fd, 41, O_CLOEXEC);
	call(fcntl, fd, F_DUPFD, 50);
	call(close_range, 40, 41, 0);
	call(pipe, pair);
	call(pipe2, pair, O_NONBLOCK);
	call(eventfd2, 5, O_CLOEXEC);
	call(epoll_create1, O_CLOEXEC);
	call(inotify_init1, O_CLOEXEC);
	call(memfd_create, "mem", 1);
	call(pidfd_open, getpid(), 0);
	call(bpf, 999, NULL, 0);
}

static void sockets(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "server" };
	struct sockaddr_un hidden = { .sun_family = AF_UNIX, .sun_path = "\0falc" };
	struct timeval timeout = { 1, 500000 };
	int pair[2], one = 1;
	long udp = call(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tcp = call(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	long server = call(socket, AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), other;
	call(setsockopt, tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	call(setsockopt, tcp, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	call(sendto, udp, "datagram", 8, 0, &in, sizeof(in));
	call(connect, tcp, &in, sizeof(in));
	call(bind, server, &un, sizeof(un));
	call(listen, server, 3);
	call(connect, client, &un, sizeof(un));
	other = call(accept4, server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	call(sendto, client, "over unix", 9, 0, NULL, 0);
	call(shutdown, other, SHUT_WR);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	call(bind, server, &hidden, 2 + 5);
	listen(server, 3);
	call(connect, socket(AF_UNIX, SOCK_STREAM, 0), &hidden, 2 + 5);
	call(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
}

static void messages(void)
{
	struct iovec sent[3] = { { "ab", 2 }, { "cde", 3 }, { "fg", 2 } };
	struct mmsghdr out[3] = { { .msg_hdr = { .msg_iov = sent, .msg_iovlen = 2 } }, { .msg_hdr = { .msg_iov = sent + 1, .msg_iovlen = 1 } },
	                          { .msg_hdr = { .msg_iov = sent + 2, .msg_iovlen = 1 } } };
	char buffers[2][100];
	struct iovec received[2] = { { buffers[0], 100 }, { buffers[1], 100 } };
	struct mmsghdr in[2] = { { .msg_hdr = { .msg_iov = received, .msg_iovlen = 1 } }, { .msg_hdr = { .msg_iov = received + 1, .msg_iovlen = 1 } } };
	int pair[2];
	call(socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
	call(sendmmsg, pair[0], out, 3, 0);
	call(recvmmsg, pair[1], in, 2, 0, NULL);
	call(sendmmsg, 999, out, 3, 0);
	call(recvmmsg, pair[0], in, 2, MSG_DONTWAIT, NULL);
}

/* More than one buffer, more than one message. */
static void datagrams(void)
{
	char a[4], b[64];
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct iovec one = { "first", 5 }, two[2] = { { "sec", 3 }, { "ond", 3 } }, into[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct mmsghdr sent[2] = { { .msg_hdr = { &in, sizeof(in), &one, 1, NULL, 0, 0 } }, { .msg_hdr = { &in, sizeof(in), two, 2, NULL, 0, 0 } } };
	struct mmsghdr received[2] = { { .msg_hdr = { NULL, 0, into, 2, NULL, 0, 0 } }, { .msg_hdr = { NULL, 0, into, 2, NULL, 0, 0 } } };
	struct msghdr message = { NULL, 0, into, 2, NULL, 0, 0 };
	socklen_t length = sizeof(in), size = sizeof(int);
	int type;
	long server = call(socket, AF_INET, SOCK_DGRAM, 0), client = call(socket, AF_INET, SOCK_DGRAM, 0);
	call(bind, server, &in, sizeof(in));
	call(getsockname, server, &in, &length);
	call(sendmmsg, client, sent, 2, 0);
	call(recvmmsg, server, received, 2, 0, NULL);
	call(recvmmsg, server, received, 2, MSG_DONTWAIT, NULL);
	call(sendmsg, client, &sent[1].msg_hdr, 0);
	call(recvmsg, server, &message, 0);
	call(recvmsg, server, &message, MSG_DONTWAIT);
	call(getsockopt, server, SOL_SOCKET, SO_TYPE, &type, &size);
	call(getsockopt, server, IPPROTO_IP, IP_TTL, &type, &size);
	call(getsockopt, server, SOL_SOCKET, SO_PROTOCOL, NULL, &size);
}

static void trace(void)
{
	int status;
	long word = 0, child = call(fork);
	if (!child) {
		call(ptrace, PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, 0);
	call(ptrace, PTRACE_PEEKUSER, child, 0, &word);
	call(ptrace, PTRACE_CONT, child, 0, SIGCONT);
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

/* An executable of its own, of another's, and of another's that its group may write. */
static void writable(void)
{
	static const struct { int uid, gid, mode; } FILES[] = { { 5, 5, 0555 }, { 6, 6, 0755 }, { 6, 5, 0775 }, { 6, 7, 0775 }, { 6, 6, 0757 } };
	char *const argv[] = { "copy", NULL };
	gid_t groups[] = { 4, 7 };
	char bytes[4096];
	int status;
	chmod(".", 0755);
	for (size_t i = 0; i < sizeof(FILES) / sizeof(*FILES); i++) {
		int from = open("/bin/true", O_RDONLY), to = open("copy", O_CREAT | O_TRUNC | O_WRONLY, 0700);
		for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;)
			if (write(to, bytes, n) != n)
				exit(1);
		close(to);
		if (chown("copy", FILES[i].uid, FILES[i].gid) || chmod("copy", FILES[i].mode))
			exit(1);
		if (!fork()) {
			if (setgroups(2, groups) || setgid(5) || setuid(5))
				exit(1);
			call(execve, "copy", argv, NULL);
		}
		wait(&status);
		unlink("copy");
	}
}

static void rest(void)
{
	struct sembuf operation = { 0, 1, IPC_NOWAIT };
	struct timespec ms = { 0, 1000000 };
	long id = call(semget, IPC_PRIVATE, 1, IPC_CREAT | 0600);
	struct pollfd fd = { .fd = open("/dev/null", O_WRONLY), .events = POLLOUT };
	struct iovec iov[2] = { { "ab", 2 }, { "cd", 2 } };
	call(semop, id, &operation, 1);
	call(semctl, id, 0, IPC_RMID, 0);
	call(keyctl, KEYCTL_GET_KEYRING_ID, -3, 0, 0, 0);
	struct pollfd ended = { .events = POLLIN };
	int ends[2];
	call(poll, &fd, 1, 0);
	call(pipe, ends);
	call(close, ends[1]);
	ended.fd = ends[0];
	call(poll, &ended, 1, -1);
	call(ppoll, &fd, 1, NULL, NULL, 0);
	call(userfaultfd, O_CLOEXEC);
	call(readv, ends[0], &(struct iovec){ &id, sizeof(id) }, 1);
	call(copy_file_range, 999, NULL, 998, NULL, 7, 0);
	call(pipe, NULL);
	call(writev, fd.fd, iov, 2);
	call(nanosleep, &ms, NULL);
	call(delete_module, "absent", O_NONBLOCK);
	call(umask, 022);
	syscall(0x40000000 | SYS_openat, AT_FDCWD, "by-x32", O_RDONLY);
}

/* By path, by descriptor, and of directories. */
static void folders(void)
{
	char buffer[512];
	struct stat st;
	long folder = open(".", O_RDONLY | O_DIRECTORY), file = open("file", O_CREAT | O_RDWR, 0600);
	mkdir("below", 0700);
	call(stat, "file", &st);
	call(lstat, "absent", &st);
	call(fstat, file, &st);
	call(chdir, "below");
	call(getcwd, buffer, sizeof(buffer));
	call(getcwd, buffer, 1);
	call(fchdir, folder);
	call(getdents, folder, buffer, sizeof(buffer));
	call(getdents64, file, buffer, sizeof(buffer));
	call(lchown, "file", 1, 2);
	call(fchown, file, 3, 4);
	call(open_by_handle_at, 999, NULL, O_RDONLY);
	call(fsconfig, 999, 2, "key", "value", 5);
	call(quotactl, 0x80000200, "/absent", 0, NULL);
}

/* Between descriptors, and waiting for them. */
static void transfers(void)
{
	struct iovec two[2] = { { "ab", 2 }, { "cd", 2 } };
	char buffer[16];
	struct iovec into = { buffer, sizeof(buffer) };
	struct timeval none = { 0, 0 };
	int pair[2], other[2];
	long file = open("file", O_CREAT | O_RDWR, 0600);
	call(pwritev, file, two, 2, 1, 0);
	call(preadv, file, &into, 1, 2, 0);
	if (pipe(pair) || pipe(other))
		exit(1);
	lseek(file, 0, SEEK_SET);
	call(sendfile, pair[1], file, NULL, 3);
	call(splice, pair[0], NULL, other[1], NULL, 2, 0);
	call(ioctl, file, 0x5401, buffer);
	long poll = call(epoll_create, 7);
	call(epoll_wait, poll, buffer, 1, 0);
	call(select, 0, NULL, NULL, NULL, &none);
}

/* Descriptors that are made by older calls, or that lead to other processes. */
static void older(void)
{
	sigset_t mask;
	sigemptyset(&mask);
	call(eventfd, 7);
	call(signalfd, -1, &mask, 8);
	call(signalfd4, -1, &mask, 8, O_CLOEXEC);
	call(timerfd_create, 1, 0);
	call(inotify_init);
	call(pidfd_getfd, 999, 1, 0);
	call(io_uring_setup, 4, NULL);
	call(io_uring_enter, 999, 1, 2, 1, NULL, 0);
	call(io_uring_register, 999, 3, NULL, 5);
	call(accept, 999, NULL, NULL);
	call(getsockname, 999, NULL, NULL);
	call(getpeername, 999, NULL, NULL);
	call(recvfrom, 999, NULL, 0, 0, NULL, NULL);
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

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*act)(void); } ACTS[] = {
		{ "files", files }, { "names", names }, { "descriptors", descriptors }, { "sockets", sockets },
		{ "messages", messages }, { "datagrams", datagrams }, { "writable", writable },
		{ "identity", identity }, { "memory", memory }, { "processes", processes }, { "rest", rest },
		{ "folders", folders }, { "transfers", transfers }, { "older", older }, { "rights", rights },
		{ "more memory", more_memory }, { "children", children },
	};
	for (size_t i = 0; argc > 1 && i < sizeof(ACTS) / sizeof(*ACTS); i++)
		if (!strcmp(argv[1], ACTS[i].name)) {
			ACTS[i].act();
			return 0;
		}
	fprintf(stderr, "no such act\n");
	return 2;
}
