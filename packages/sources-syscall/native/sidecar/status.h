/* What the kernel knows of a file by itself. Its file system's server (FUSE, NFS) is not asked: it may be a user's, and never answer. */
#pragma once
#include <sys/stat.h>

/* Inode, mode, device, owner, times and mount of what a link of /proc leads to, as they were known last. 0, or -1. */
int known_status(const char *link, struct statx *to);

/* Whether a path, whose parts the kernel has in memory, leads to a file. */
int is_known_file(const char *path);

/* A mount of a process, as its mountinfo describes it. */
struct mount {
	unsigned long long id;
	int read_only;
	int overlay;
	char mountpoint[512];
	char upper[4096];       /* of an overlay: the path of what corresponds to the mountpoint in the upper layer; "" = it has none */
};

/* The mount with this id, which the process sees. The result lives until others have been asked for. */
const struct mount *mount_of(int pid, unsigned long long id);
/* Numbers of mounts are used again. */
void forget_mounts(void);
