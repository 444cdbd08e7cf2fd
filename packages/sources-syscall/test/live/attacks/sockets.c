/*
 * Sockets whose making no event of this process tells: another process has made them.
 *
 *   sockets HOW   connect: an unconnected one, which this process connects; dup: one that is connected, which becomes its standard
 *                 input; fcntl: the same, which is duplicated by fcntl
 *
 *   unix-HOW      the same with a unix socket; prints the path that it is connected to
 *
 * And those whose connection no connect makes: sendto, sendmsg, sendmmsg (TCP fast open). mptcp: a connection of several paths.
 *
 * Prints the port of this end; 3 = this machine does not do that.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in server;
static struct sockaddr_un named = { AF_UNIX, "listener" };
static int is_unix;

static int connect_there(int fd)
{
	return is_unix ? connect(fd, (void *)&named, sizeof(named)) : connect(fd, (void *)&server, sizeof(server));
}

static int tcp_of(int protocol)
{
	int fd = socket(AF_INET, SOCK_STREAM, protocol);
	if (fd < 0)
		exit(protocol ? 3 : 1);
	return fd;
}

static int tcp(void) { return tcp_of(0); }

static int stream(void) { return is_unix ? socket(AF_UNIX, SOCK_STREAM, 0) : tcp(); }

static int open_by_sending(const char *how, int fd)
{
	struct iovec vector = { "x", 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &server, .msg_namelen = sizeof(server), .msg_iov = &vector, .msg_iovlen = 1 } };
	if (!strcmp(how, "sendto"))
		return sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&server, sizeof(server));
	if (!strcmp(how, "sendmsg"))
		return sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN);
	return sendmmsg(fd, &message, 1, MSG_FASTOPEN);
}

/* To the other end of a pair of sockets. */
static void send_descriptor(int over, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(over, &message, 0) != 1)
		exit(1);
}

static int receive_descriptor(int over)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd;
	if (recvmsg(over, &message, 0) != 1)
		exit(1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* A socket that another process has made, and maybe connected, as this one has used it. */
static int passed(const char *how)
{
	int pair[2], fd, connects = !strcmp(how, "connect");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -1;
	if (!fork()) {
		fd = stream();
		if (!connects && connect_there(fd))
			_exit(1);
		send_descriptor(pair[1], fd);
		_exit(0);
	}
	fd = receive_descriptor(pair[0]);
	if (connects ? connect_there(fd) : strcmp(how, "fcntl") ? dup2(fd, 0) : fcntl(fd, F_DUPFD, 10) != 10)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	int listener, fd, pending = 1;
	socklen_t size = sizeof(server);
	if (argc < 2)
		return 2;
	is_unix = !strncmp(argv[1], "unix-", 5);
	if (is_unix) {
		listener = stream();
		if (bind(listener, (void *)&named, sizeof(named)) || listen(listener, 1) || passed(argv[1] + 5) < 0)
			return 1;
		puts(named.sun_path);
		return 0;
	}
	listener = tcp();
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &pending, sizeof(pending));
	if (bind(listener, (void *)&server, sizeof(server)) || listen(listener, 1) || getsockname(listener, (void *)&server, &size))
		return 1;
	if (!strncmp(argv[1], "send", 4)) {
		fd = tcp();
		if (open_by_sending(argv[1], fd) != 1)
			return errno == EOPNOTSUPP ? 3 : 1;
	} else if (!strcmp(argv[1], "mptcp")) {
		fd = tcp_of(IPPROTO_MPTCP);
		if (connect(fd, (void *)&server, sizeof(server)))
			return 1;
	} else {
		fd = passed(argv[1]);
	}
	if (fd < 0 || getsockname(fd, (void *)&server, &size))
		return 1;
	printf("%d\n", ntohs(server.sin_port));
	return 0;
}
