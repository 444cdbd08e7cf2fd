#include "relay.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>


/* Nobody's group: a user's socket is opened as its owner. */
#define NOGROUP 65534

static int become(uid_t uid)
{
	if (geteuid() == uid)
		return 0;
	if (setgroups(0, NULL) || setresgid(NOGROUP, NOGROUP, NOGROUP) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int write_all(int fd, const char *bytes, ssize_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= written;
	}
	return 0;
}

/* 0 = the end of `from`, 1 = more may come, or a negative error. */
static int copy(int from, int to)
{
	static char buffer[64 << 10];
	ssize_t length = read(from, buffer, sizeof(buffer));
	int err;

	if (length <= 0)
		return length == 0 ? 0 : errno == EINTR ? 1 : -errno;
	err = write_all(to, buffer, length);
	return err ? err : 1;
}

int relay(const char *path, uid_t uid, int channel)
{
	struct pollfd ends[2] = { { .fd = channel, .events = POLLIN }, { .events = POLLIN } };
	int fds[2] = { channel, -1 };
	unsigned char status;
	int err = become(uid);

	/* Not before: a change of credentials forgets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fds[1] = err ? err : open_socket(path);
	status = fds[1] < 0 ? -fds[1] : 0;
	err = write_all(channel, (const char *)&status, 1);
	if (err || status)
		return err;
	ends[1].fd = fds[1];
	for (;;) {
		if (poll(ends, 2, -1) < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < 2; i++) {
			if (!ends[i].revents)
				continue;
			err = copy(fds[i], fds[1 - i]);
			if (err < 0)
				return err;
			if (err == 0 && i == 1)
				return 0;
			if (err == 0) {
				/* The asker has nothing more to say; the answer may still be on its way. */
				shutdown(fds[1], SHUT_WR);
				ends[0].fd = -1;
			}
		}
	}
}
