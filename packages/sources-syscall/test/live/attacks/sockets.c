/*
 * Sockets whose making no event of this process tells: another process has made them.
 *
 *   sockets HOW   connect: an unconnected one, which this process connects; dup: one that is connected, which becomes its standard
 *                 input; fcntl: the same, which is duplicated by fcntl
 *
 * Prints the port of this end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in server;

static int tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		exit(1);
	return fd;
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

int main(int argc, char **argv)
{
	int pair[2], listener, fd, connects;
	socklen_t size = sizeof(server);
	if (argc < 2)
		return 2;
	connects = !strcmp(argv[1], "connect");
	listener = tcp();
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (void *)&server, sizeof(server)) || listen(listener, 1) || getsockname(listener, (void *)&server, &size))
		return 1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	if (!fork()) {
		fd = tcp();
		if (!connects && connect(fd, (void *)&server, sizeof(server)))
			_exit(1);
		send_descriptor(pair[1], fd);
		_exit(0);
	}
	fd = receive_descriptor(pair[0]);
	if (connects ? connect(fd, (void *)&server, sizeof(server)) : strcmp(argv[1], "fcntl") ? dup2(fd, 0) : fcntl(fd, F_DUPFD, 10) != 10)
		return 1;
	if (getsockname(fd, (void *)&server, &size))
		return 1;
	printf("%d\n", ntohs(server.sin_port));
	return 0;
}
