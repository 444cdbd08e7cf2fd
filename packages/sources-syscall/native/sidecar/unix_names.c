#include "unix_names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "proc.h"

#define MAX_NAME 108 /* UNIX_PATH_MAX, include/uapi/linux/un.h */

/* A socket that belongs to the namespace: it stays there when this process returns to its own. */
static int open_in(int pid)
{
	char path[MAX_PROC_PATH];
	struct stat here, there;
	int own, other, fd = -1, err = 0;
	proc_path(path, sizeof(path), "%d/ns/net", pid);
	if (stat("/proc/self/ns/net", &here) || stat(path, &there))
		return -errno;
	if (here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		return fd < 0 ? -errno : fd;
	}
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	other = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || other < 0 || setns(other, CLONE_NEWNET)) {
		err = -errno;
	} else {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		err = fd < 0 ? -errno : 0;
		if (setns(own, CLONE_NEWNET))
			_exit(1); /* in the wrong namespace nothing else can be right */
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return err ? err : fd;
}

int unix_names(int pid, void (*take)(void *context, unsigned long long ino, const char *name, size_t length), void *context)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = AF_UNIX, .udiag_states = -1, .udiag_show = UDIAG_SHOW_NAME },
	};
	struct timeval patience = { .tv_sec = 5 };
	_Alignas(struct nlmsghdr) static char buffer[32 << 10];
	int fd = open_in(pid), err = 1;
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		err = -errno;
	while (err > 0) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
		if (n <= 0) {
			err = n < 0 && errno == EINTR ? 1 : n < 0 ? -errno : -EPIPE;
			continue;
		}
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, n) && err > 0; h = NLMSG_NEXT(h, n)) {
			const struct unix_diag_msg *socket = NLMSG_DATA(h);
			char name[MAX_NAME + 1];
			size_t length = 0;
			int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*socket));
			if (h->nlmsg_type == NLMSG_DONE)
				err = 0;
			else if (h->nlmsg_type == NLMSG_ERROR)
				err = h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ? -EPROTO : ((struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (err <= 0 || left < 0)
				break;
			for (struct rtattr *a = (void *)(socket + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
				if (a->rta_type != UNIX_DIAG_NAME)
					continue;
				length = RTA_PAYLOAD(a) < MAX_NAME ? RTA_PAYLOAD(a) : MAX_NAME;
				memcpy(name, RTA_DATA(a), length);
				if (length && name[0])
					length = strnlen(name, length);
				for (size_t i = 0; i < length; i++)
					if (!name[i])
						name[i] = '@';
			}
			take(context, socket->udiag_ino, name, length);
		}
	}
	close(fd);
	return err;
}
