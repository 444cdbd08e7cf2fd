#include "executable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "status.h"

#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER 3

static int in_groups(const char *status, unsigned gid)
{
	const char *at = status_value(status, "Groups:");
	while (at && *at && *at != '\n') {
		char *end;
		unsigned long group = strtoul(at, &end, 10);
		if (end == at)
			return 0;
		if (group == gid)
			return 1;
		at = end + (*end == ' ');
	}
	return 0;
}

/* The owner can change the mode, so it may write; else the mode decides, and capabilities. */
static int is_writable(const struct statx *st, const char *status)
{
	unsigned fsuid = status_number(status, "Uid:", 3, 10), fsgid = status_number(status, "Gid:", 3, 10);
	unsigned long long caps = status_number(status, "CapEff:", 0, 16);
	unsigned mode = st->stx_mode;
	if (fsuid == st->stx_uid)
		return 1;
	if (fsgid == st->stx_gid || in_groups(status, st->stx_gid))
		mode >>= 3;
	return (mode & 2) || (caps & (1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER));
}

/* Whether the file lies in the upper layer of its overlay: a copy of it is there. */
static int in_upper_layer(const struct mount *mount, const char *target)
{
	char copy[sizeof(mount->upper) + 4096];
	size_t below = 0;
	if (!mount->upper[0])
		return 0;
	if (strcmp(mount->mountpoint, "/") && !strncmp(target, mount->mountpoint, strlen(mount->mountpoint)))
		below = strlen(mount->mountpoint);
	snprintf(copy, sizeof(copy), "%s%s", mount->upper, target + below);
	return is_known_file(copy);
}

void look_at_executable(struct executable *to, int pid, const char *status)
{
	char link[MAX_PROC_PATH];
	const struct mount *mount;
	struct statx st;
	memset(to, 0, sizeof(*to));
	proc_path(link, sizeof(link), "%d/exe", pid);
	to->path_size = read_link(link, to->path, sizeof(to->path));
	if (!to->path_size || known_status(link, &st))
		return;
	mount = mount_of(pid, st.stx_mnt_id);
	to->from_memfd = !strncmp(to->path, "/memfd:", 7);
	to->writable = !mount->read_only && is_writable(&st, status);
	to->upper_layer = mount->overlay && in_upper_layer(mount, to->path);
	to->lower_layer = mount->overlay && !to->upper_layer;
	to->ino = st.stx_ino;
	to->ctime_ns = st.stx_ctime.tv_sec * 1000000000ull + st.stx_ctime.tv_nsec;
	to->mtime_ns = st.stx_mtime.tv_sec * 1000000000ull + st.stx_mtime.tv_nsec;
}
