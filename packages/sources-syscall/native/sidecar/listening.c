#include "listening.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket that was bound: another process may replace it. */
static struct stat bound;

static int refused(const char *path, const char *why)
{
	fprintf(stderr, "falc-probe: %s %s\n", path, why);
	return -EADDRINUSE;
}

/* 0 = the path is free now. */
static int make_room(const char *path, const struct sockaddr_un *address)
{
	struct stat there;
	int fd, err;
	if (lstat(path, &there))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(there.st_mode))
		return refused(path, "exists and is not a socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (err != ECONNREFUSED)
		return refused(path, "belongs to another process, which answers");
	return unlink(path) ? -errno : 0;
}

int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, err;
	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "falc-probe: a socket's path has at most %zu bytes\n", sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	err = make_room(path, &address);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	before = umask(0117);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16) || lstat(path, &bound) ? -errno : 0;
	umask(before);
	if (err) {
		fprintf(stderr, "falc-probe: can't listen at %s: %s\n", path, strerror(-err));
		close(fd);
		return err;
	}
	return fd;
}

void unlisten(int listening, const char *path)
{
	struct stat there;
	close(listening);
	if (!lstat(path, &there) && there.st_dev == bound.st_dev && there.st_ino == bound.st_ino)
		unlink(path);
}
