#include "executable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "proc.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
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
static int is_writable(const char *link, const struct stat *st, const char *status)
{
	unsigned fsuid = status_number(status, "Uid:", 3, 10), fsgid = status_number(status, "Gid:", 3, 10);
	unsigned long long caps = status_number(status, "CapEff:", 0, 16);
	unsigned mode = st->st_mode;
	struct statvfs fs;
	if (!statvfs(link, &fs) && (fs.f_flag & ST_RDONLY))
		return 0;
	if (fsuid == st->st_uid)
		return 1;
	if (fsgid == st->st_gid || in_groups(status, st->st_gid))
		mode >>= 3;
	return (mode & 2) || (caps & (1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER));
}

/* The overlay that was asked for last: processes of one container come one after the other. */
static struct {
	dev_t dev;
	char mountpoint[512], upper[4096];
} overlay;

/* Fills `overlay` from the process's mounts: `upper` stays '' when the overlay has no upper layer, or is not found. */
static void find_overlay(int pid, dev_t dev)
{
	char path[MAX_PROC_PATH], line[16 * 1024], wanted[32];
	FILE *f;
	overlay.dev = dev;
	overlay.mountpoint[0] = overlay.upper[0] = 0;
	proc_path(path, sizeof(path), "%d/mountinfo", pid);
	snprintf(wanted, sizeof(wanted), "%u:%u", major(dev), minor(dev));
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		char device[32], root[512], mountpoint[512], *options = strstr(line, " - overlay "), *upper, *end;
		if (!options || sscanf(line, "%*d %*d %31s %511s %511s", device, root, mountpoint) != 3 || strcmp(device, wanted))
			continue;
		upper = strstr(options, "upperdir=");
		if (!upper)
			break;
		upper += strlen("upperdir=");
		end = upper + strcspn(upper, ",\n");
		if (end - upper + strlen(root) < sizeof(overlay.upper))
			snprintf(overlay.upper, sizeof(overlay.upper), "%.*s%s", (int)(end - upper), upper, strcmp(root, "/") ? root : "");
		snprintf(overlay.mountpoint, sizeof(overlay.mountpoint), "%s", mountpoint);
		break;
	}
	fclose(f);
}

/* Whether the file lies in the upper layer: a copy of it is there. */
static int in_upper_layer(int pid, dev_t dev, const char *target)
{
	char copy[sizeof(overlay.upper) + 4096];
	size_t below = 0;
	struct stat st;
	if (overlay.dev != dev)
		find_overlay(pid, dev);
	if (!overlay.upper[0])
		return 0;
	if (strcmp(overlay.mountpoint, "/") && !strncmp(target, overlay.mountpoint, strlen(overlay.mountpoint)))
		below = strlen(overlay.mountpoint);
	snprintf(copy, sizeof(copy), "%s%s", overlay.upper, target + below);
	return lstat(copy, &st) == 0;
}

void look_at_executable(struct executable *to, int pid, const char *status)
{
	char link[MAX_PROC_PATH];
	struct stat st;
	struct statfs fs;
	memset(to, 0, sizeof(*to));
	proc_path(link, sizeof(link), "%d/exe", pid);
	to->path_size = read_link(link, to->path, sizeof(to->path));
	if (!to->path_size || stat(link, &st))
		return;
	to->from_memfd = !strncmp(to->path, "/memfd:", 7);
	to->writable = is_writable(link, &st, status);
	if (!statfs(link, &fs) && fs.f_type == OVERLAYFS_SUPER_MAGIC) {
		to->upper_layer = in_upper_layer(pid, st.st_dev, to->path);
		to->lower_layer = !to->upper_layer;
	}
	to->ino = st.st_ino;
	to->ctime_ns = st.st_ctim.tv_sec * 1000000000ull + st.st_ctim.tv_nsec;
	to->mtime_ns = st.st_mtim.tv_sec * 1000000000ull + st.st_mtim.tv_nsec;
}
