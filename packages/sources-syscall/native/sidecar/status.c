#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"

#define STATX_MNT_ID_BIT 0x1000 /* STATX_MNT_ID, since Linux 5.8 */

int known_status(const char *link, struct statx *to)
{
	return statx(AT_FDCWD, link, AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID_BIT, to);
}

int is_known_file(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_CACHED | RESOLVE_NO_MAGICLINKS };
	int fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	struct stat st;
	if (fd >= 0)
		close(fd);
	else if (errno == EINVAL)
		return lstat(path, &st) == 0; /* before Linux 5.12 */
	return fd >= 0;
}

/* Whether a word stands in a list with commas. */
static int has_option(const char *list, size_t length, const char *word)
{
	for (size_t at = 0; at < length; at += strcspn(list + at, ",") + 1)
		if (!strncmp(list + at, word, strlen(word)) && (list[at + strlen(word)] == ',' || at + strlen(word) == length))
			return 1;
	return 0;
}

/* The last of the fields behind " - ": the options of the file system. */
static const char *options_of(const char *rest)
{
	for (int i = 0; i < 2 && rest; i++)
		rest = strchr(rest, ' ') ? strchr(rest, ' ') + 1 : NULL;
	return rest;
}

/* A line of mountinfo: `ID parent device root mountpoint options … - type source options`. */
static int read_mount(struct mount *to, const char *line)
{
	char root[512], options[512];
	const char *rest = strstr(line, " - "), *own, *upper;
	size_t length;
	if (!rest || sscanf(line, "%*u %*u %*s %511s %511s %511s", root, to->mountpoint, options) != 3)
		return 0;
	rest += strlen(" - ");
	own = options_of(rest);
	length = own ? strcspn(own, "\n") : 0;
	to->read_only = has_option(options, strlen(options), "ro") || (own && has_option(own, length, "ro"));
	to->overlay = !strncmp(rest, "overlay ", strlen("overlay "));
	to->upper[0] = 0;
	upper = to->overlay && own ? strstr(own, "upperdir=") : NULL;
	if (upper) {
		upper += strlen("upperdir=");
		length = strcspn(upper, ",\n");
		if (length + strlen(root) < sizeof(to->upper))
			snprintf(to->upper, sizeof(to->upper), "%.*s%s", (int)length, upper, strcmp(root, "/") ? root : "");
	}
	return 1;
}

#define KEPT 16

static struct mount kept[KEPT];
static unsigned next;

void forget_mounts(void)
{
	memset(kept, 0, sizeof(kept));
}

const struct mount *mount_of(int pid, unsigned long long id)
{
	char path[MAX_PROC_PATH], line[16 * 1024];
	struct mount *mount;
	FILE *f;
	for (unsigned i = 0; i < KEPT; i++)
		if (kept[i].id == id)
			return &kept[i];
	mount = &kept[next++ % KEPT];
	memset(mount, 0, sizeof(*mount));
	mount->id = id;
	proc_path(path, sizeof(path), "%d/mountinfo", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long found;
		if (sscanf(line, "%llu", &found) == 1 && found == id && read_mount(mount, line))
			break;
	}
	if (f)
		fclose(f);
	return mount;
}
