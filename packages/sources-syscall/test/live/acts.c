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

#include "acts-files.h"
#include "acts-processes.h"

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
