/* For picture.test.ts: holds descriptors of each kind, and a second thread, until it is killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void *other(void *unused)
{
	pthread_setname_np(pthread_self(), "other");
	puts("ready");
	fflush(stdout);
	pause();
	return unused;
}

static void hold_sockets(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "named" };
	struct sockaddr_nl route = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(in);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	bind(server, (void *)&in, sizeof(in));
	listen(server, 1);
	getsockname(server, (void *)&in, &length);
	connect(client, (void *)&in, sizeof(in));
	accept(server, NULL, NULL);
	bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&un, sizeof(un));
	bind(socket(AF_NETLINK, SOCK_RAW, 0), (void *)&route, sizeof(route));
}

int main(void)
{
	struct rlimit limit = { 100, 100 };
	pthread_t thread;
	sigset_t none;
	int pair[2];
	setrlimit(RLIMIT_NOFILE, &limit);
	sigemptyset(&none);
	open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	open("/etc", O_RDONLY | O_DIRECTORY);
	open("written", O_CREAT | O_RDWR | O_APPEND, 0600);
	mkfifo("fifo", 0600);
	open("fifo", O_RDWR);
	if (pipe(pair))
		return 1;
	eventfd(0, 0);
	epoll_create1(0);
	signalfd(-1, &none, 0);
	timerfd_create(CLOCK_MONOTONIC, 0);
	inotify_init1(0);
	memfd_create("inside", 0);
	syscall(SYS_pidfd_open, getpid(), 0);
	hold_sockets();
	return pthread_create(&thread, NULL, other, NULL) || pause();
}
