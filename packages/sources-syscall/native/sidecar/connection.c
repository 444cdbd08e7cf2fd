#include "connection.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FDS 253 /* SCM_MAX_FD, include/net/scm.h */

static int write_all(int socket, const char *from, size_t size)
{
	while (size) {
		ssize_t n = send(socket, from, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= n;
	}
	return 0;
}

int send_frame(int socket, __u32 kind, const void *payload, __u32 length, const int *fds, int fd_count)
{
	struct frame_header header = { .kind = kind, .length = length };
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)] = {};
	struct iovec iov = { .iov_base = &header, .iov_len = sizeof(header) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count > MAX_FDS)
		return -E2BIG;
	if (fd_count > 0) {
		struct cmsghdr *c;
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
	}
	do {
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(header)) {
		int err = write_all(socket, (char *)&header + n, sizeof(header) - n);
		if (err)
			return err;
	}
	return write_all(socket, payload, length);
}

static int read_all(int socket, char *to, size_t size)
{
	while (size) {
		ssize_t n = recv(socket, to, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		to += n;
		size -= n;
	}
	return 0;
}

int receive_frame(int socket, __u32 *kind, void *payload, __u32 size, __u32 *length)
{
	struct frame_header header;
	int err = read_all(socket, (char *)&header, sizeof(header));
	if (err)
		return err;
	if (header.length > size)
		return -EMSGSIZE;
	*kind = header.kind;
	*length = header.length;
	return read_all(socket, payload, header.length);
}

void send_problem(int socket, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	fprintf(stderr, "falc-probe: %s\n", text);
	if (socket >= 0)
		send_frame(socket, FRAME_PROBLEM, text, n, NULL, 0);
}
