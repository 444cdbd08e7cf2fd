/*
 * Acts through the 32-bit interface for acts.test.ts: `compat NAME`. No library: it is built as a 32-bit program (-m32), and
 * as a 64-bit one that uses `int $0x80` all the same, with all that it points to below 4 GiB.
 */
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
#define PTR(p) ((u32)(unsigned long)(p))

/* numbers of asm/unistd_32.h */
enum {
	EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, WAITPID = 7, CREAT = 8, UNLINK = 10, EXECVE = 11, CHMOD = 15,
	LSEEK = 19, UMOUNT = 22, SETUID = 23, GETUID = 24, RENAME = 38, MKDIR = 39, RMDIR = 40, DUP = 41, PIPE = 42, SETREUID = 70,
	SETRLIMIT = 75, MMAP = 90, MUNMAP = 91, SOCKETCALL = 102, IPC = 117, SYMLINK = 83, LLSEEK = 140, READV = 145, WRITEV = 146,
	NANOSLEEP = 162, GETRESUID = 165, PREAD64 = 180, PWRITE64 = 181, CHOWN = 182, SENDFILE = 187, UGETRLIMIT = 191, MMAP2 = 192,
	STAT64 = 195, LCHOWN32 = 198, SETRESUID32 = 208, CHOWN32 = 212, FCNTL64 = 221, SENDFILE64 = 239, OPENAT = 295,
	UNLINKAT = 301, PPOLL = 309, PRLIMIT64 = 340, SENDMMSG = 345, SOCKET = 359, CONNECT = 362, EXECVEAT = 358, OPENAT2 = 437,
};
/* socketcall(2), ipc(2) */
enum { SYS_SOCKET = 1, SYS_BIND, SYS_CONNECT, SYS_LISTEN, SYS_ACCEPT, SYS_SOCKETPAIR = 8, SYS_SEND, SYS_RECV, SYS_SENDTO,
       SYS_SHUTDOWN = 13, SYS_SETSOCKOPT, SYS_SENDMSG = 16, SYS_RECVMSG };
enum { SEMOP = 1, SEMGET, SEMCTL };

static int call6(int nr, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
	static struct { u32 nr, a, b, c, d, e, f; } in;
	int result;
	in.nr = nr, in.a = a, in.b = b, in.c = c, in.d = d, in.e = e, in.f = f;
#ifdef __i386__
	__asm__ volatile("pushal; mov 4(%1), %%ebx; mov 8(%1), %%ecx; mov 12(%1), %%edx; mov 16(%1), %%esi; mov 20(%1), %%edi;"
	                 "mov 24(%1), %%ebp; mov (%1), %%eax; int $0x80; mov %%eax, 28(%%esp); popal"
	                 : "=a"(result) : "a"(&in) : "memory");
#else
	__asm__ volatile("push %%rbp; push %%rbx; mov 4(%1), %%ebx; mov 8(%1), %%ecx; mov 12(%1), %%edx; mov 16(%1), %%esi;"
	                 "mov 20(%1), %%edi; mov 24(%1), %%ebp; mov (%1), %%eax; int $0x80; pop %%rbx; pop %%rbp"
	                 : "=a"(result) : "a"(&in) : "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
#endif
	return result;
}
#define ARGS(nr, a, b, c, d, e, f, ...) call6(nr, a, b, c, d, e, f)
#define call(nr, ...) ARGS(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static int in_memory(int nr, u32 which, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
	static u32 arguments[6];
	arguments[0] = a, arguments[1] = b, arguments[2] = c, arguments[3] = d, arguments[4] = e, arguments[5] = f;
	return call(nr, which, PTR(arguments));
}
#define IN_MEMORY(nr, which, a, b, c, d, e, f, ...) in_memory(nr, which, a, b, c, d, e, f)
#define socketcall(which, ...) IN_MEMORY(SOCKETCALL, which, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define TEXT(name, text) static char name[] = text

static char buffer[200];
TEXT(made, "made");

static void files(void)
{
	TEXT(absent, "absent");
	TEXT(other, "other");
	TEXT(link, "link");
	TEXT(folder, "folder");
	TEXT(hello, "hello world");
	static struct { u32 at, size; } vector[2];
	static struct { u32 low, high; } result, offset64;
	static struct { unsigned long long flags, mode, resolve; } how = { 0, 0, 0x08 };
	static u32 offset32;
	int fd = call(OPEN, PTR(made), 2 | 0100 | 01000, 0640), into = call(CREAT, PTR(other), 0600);
	call(OPENAT, -100, PTR(absent), 1, 0);
	call(OPENAT2, -100, PTR(made), PTR(&how), sizeof(how));
	call(WRITE, fd, PTR(hello), 11);
	call(LSEEK, fd, -5, 2);
	call(READ, fd, PTR(buffer), 5);
	call(LLSEEK, fd, 0, 6, PTR(&result), 0);
	call(PREAD64, fd, PTR(buffer), 100, 6, 0);
	call(PREAD64, fd, PTR(buffer), 100, 6, 1);
	call(PWRITE64, fd, PTR(hello), 2, 1, 0);
	vector[0].at = PTR("ab"), vector[0].size = 2, vector[1].at = PTR("cde"), vector[1].size = 3;
	call(WRITEV, into, PTR(vector), 2);
	vector[0].at = vector[1].at = PTR(buffer);
	call(LSEEK, fd, 0, 0);
	call(READV, fd, PTR(vector), 2);
	offset32 = 3;
	call(SENDFILE, into, fd, PTR(&offset32), 4);
	offset64.low = 2;
	call(SENDFILE64, into, fd, PTR(&offset64), 4);
	call(STAT64, PTR(made), PTR(buffer));
	call(CHMOD, PTR(made), 0711);
	call(CHOWN, PTR(made), 1, 0xffff);
	call(CHOWN32, PTR(made), 70000, -1);
	call(DUP, fd);
	call(FCNTL64, fd, 0, 50);
	call(SYMLINK, PTR(made), PTR(link));
	call(RENAME, PTR(other), PTR(link));
	call(MKDIR, PTR(folder), 0755);
	call(RMDIR, PTR(folder));
	call(UNLINK, PTR(made));
	call(UNLINKAT, -100, PTR(link), 0);
	call(UMOUNT, PTR("/absent"));
	call(PIPE, PTR(buffer));
	call(CLOSE, fd);
	call(OPEN, PTR("/etc/shadow"), 0);
}

static void memory(void)
{
	static u32 old[6] = { 0, 8192, 3, 0x22, -1, 0 };
	u32 at = call(MMAP, PTR(old));
	call(MUNMAP, at, 8192);
	call(MMAP2, 0, 4096, 1, 0x22, -1, 2);
}

struct in { u16 family; u8 port[2], address[4], zero[8]; };

static void sockets(void)
{
	static struct in loopback = { 2, { 0, 1 }, { 127, 0, 0, 1 }, {} };
	static struct { u16 family; char path[108]; } server = { 1, "server" };
	static struct { u32 at, size; } vector[2];
	static struct { u32 name, name_size, vector, vectors, control, control_size, flags, length; } message[3];
	static int pair[2], seconds[2] = { 1, 500000 };
	int udp = socketcall(SYS_SOCKET, 2, 2, 0), tcp = call(SOCKET, 2, 1, 6), named = socketcall(SYS_SOCKET, 1, 1, 0);
	socketcall(SYS_SETSOCKOPT, tcp, 1, 20, PTR(seconds), 8);
	socketcall(SYS_CONNECT, tcp, PTR(&loopback), 16);
	call(CONNECT, udp, PTR(&loopback), 16);
	socketcall(SYS_SENDTO, udp, PTR("datagram"), 8, 0, PTR(&loopback), 16);
	socketcall(SYS_BIND, named, PTR(&server), 9);
	socketcall(SYS_LISTEN, named, 3);
	socketcall(SYS_SOCKETPAIR, 1, 1, 0, PTR(pair));
	socketcall(SYS_SEND, pair[0], PTR("sent"), 4, 0);
	socketcall(SYS_RECV, pair[1], PTR(buffer), 100, 0);
	vector[0].at = PTR("ab"), vector[0].size = 2, vector[1].at = PTR("cde"), vector[1].size = 3;
	message[0].vector = PTR(vector), message[0].vectors = 2;
	message[1].vector = PTR(vector + 1), message[1].vectors = 1;
	socketcall(SYS_SENDMSG, pair[0], PTR(message), 0);
	call(SENDMMSG, pair[0], PTR(message), 2, 0);
	vector[0].at = PTR(buffer), vector[0].size = 100;
	message[0].vectors = 1;
	socketcall(SYS_RECVMSG, pair[1], PTR(message), 0);
	socketcall(SYS_SHUTDOWN, pair[1], 1);
}

static void identity(void)
{
	static u32 limit[2] = { 100, 0xffffffff };
	static u16 ids[3];
	static int time[2] = { 0, 1000000 };
	static struct { int fd; u16 events, returned; } polled = { -1, 1, 0 };
	int id = call(IPC, SEMGET, 0, 1, 01000 | 0600);
	static u16 operation[3] = { 0, 1, 04000 };
	static u32 none;
	call(IPC, SEMOP, id, 1, 0, PTR(operation));
	call(IPC, SEMCTL, id, 0, 0, PTR(&none));
	call(SETRLIMIT, 4, PTR(limit));
	call(UGETRLIMIT, 4, PTR(limit));
	call(NANOSLEEP, PTR(time), 0);
	call(PPOLL, PTR(&polled), 1, PTR(time), 0, 8);
	call(SETRESUID32, 5, 6, 7);
	call(GETRESUID, PTR(ids), PTR(ids + 1), PTR(ids + 2));
	call(SETREUID, 0xffff, 5);
	call(SETUID, 5);
	call(GETUID);
}

static void processes(const char *self)
{
	static u32 argv[4], env[2];
	TEXT(done, "done");
	static int status;
	argv[0] = PTR("named"), argv[1] = PTR(done), argv[2] = PTR("two words"), env[0] = PTR("KEY=value");
	if (!call(FORK)) {
		call(EXECVE, PTR("/absent/program"), PTR(argv), PTR(env));
		for (u32 i = 0; i < sizeof(buffer) - 1 && self[i]; i++)
			buffer[i] = self[i];
		call(EXECVE, PTR(buffer), PTR(argv), PTR(env));
	}
	call(WAITPID, -1, PTR(&status), 0);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

__attribute__((used)) static void start(unsigned long *stack)
{
	const char *self = (const char *)stack[1], *name = (const char *)stack[2];
	if (same(name, "files"))
		files();
	else if (same(name, "memory"))
		memory();
	else if (same(name, "sockets"))
		sockets();
	else if (same(name, "identity"))
		identity();
	else if (same(name, "processes"))
		processes(self);
	else if (!same(name, "done"))
		call(EXIT, 2);
	call(EXIT, 0);
}

#ifdef __i386__
__asm__(".globl _start\n_start: mov %esp, %eax; push %eax; call start");
#else
__asm__(".globl _start\n_start: mov %rsp, %rdi; and $-16, %rsp; call start");
#endif
