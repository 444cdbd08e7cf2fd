/*
 * `starts NAME WAY`, in an empty folder: makes the directory /etc/NAME, renames it to /etc/NAME.2 and removes it, by paths that do not
 * say where they start.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name;
static char before[4096], after[4096];

/* The paths are FRONT and the name, relative to a directory. */
static int act(int directory, const char *front)
{
	snprintf(before, sizeof(before), "%s%s", front, name);
	snprintf(after, sizeof(after), "%s%s.2", front, name);
	if (directory == AT_FDCWD)
		return mkdir(before, 0700) || rename(before, after) || rmdir(after);
	return mkdirat(directory, before, 0700) || syscall(SYS_renameat2, directory, before, directory, after, 0) ||
	       unlinkat(directory, after, AT_REMOVEDIR);
}

static int own_mounts(void) { return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); }

static int bound(void) { return own_mounts() || mkdir("b", 0700) || mount("/etc", "b", NULL, MS_BIND, NULL) || chdir("b"); }

static int by_bind(void) { return bound() || act(AT_FDCWD, ""); }

static int by_lazy_umount(void) { return bound() || umount2("../b", MNT_DETACH) || act(AT_FDCWD, ""); }

static int by_detached_tree(void) { return act(syscall(428 /* open_tree */, AT_FDCWD, "/etc", 1 /* OPEN_TREE_CLONE */), ""); }

static int by_pivot(void)
{
	return own_mounts() || mount("/etc", "/etc", NULL, MS_BIND, NULL) || chdir("/etc") || syscall(SYS_pivot_root, ".", ".") ||
	       act(AT_FDCWD, "");
}

/* Into other mounts: the working directory becomes their root. */
static int by_setns(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);
	return own_mounts() || chdir("/tmp") || setns(fd, CLONE_NEWNS) || act(AT_FDCWD, "etc/");
}

static int by_root(void) { return act(open("/", O_PATH), "etc/"); }

static int by_chroot(void) { return chroot("/etc") || act(AT_FDCWD, "/"); }

static int by_proc_root(void) { return act(AT_FDCWD, "/proc/self/root/etc/"); }

static int by_proc_cwd(void) { return chdir("/etc") || act(AT_FDCWD, "//proc/./thread-self/cwd/"); }

static int by_proc_fd(void)
{
	char front[64];
	snprintf(front, sizeof(front), "/proc/%d/fd/%d/apt/../", getpid(), open("/etc", O_PATH));
	return act(AT_FDCWD, front);
}

static int by_dev_fd(void)
{
	char front[64];
	snprintf(front, sizeof(front), "/dev/fd/%d/", open("/etc", O_PATH));
	return act(AT_FDCWD, front);
}

/* From a directory whose path has more elements than the kernel can be asked for. */
static int by_depth(void)
{
	char front[2048] = "";
	for (int i = 0; i < 400; i++) {
		mkdir("d", 0700);
		if (chdir("d"))
			return 1;
	}
	for (int i = 0; i < 420; i++)
		strcat(front, "../");
	strcat(front, "etc/");
	return act(AT_FDCWD, front);
}

/* What a thread changes that shares neither the directory nor the descriptors. */
static void *decoy(void *failed)
{
	*(int *)failed = unshare(CLONE_FS | CLONE_FILES) || chdir("/tmp") || close(100) ||
			 dup2(open("/tmp", O_PATH | O_DIRECTORY), 100) != 100;
	return NULL;
}

static int beside_a_decoy(int directory)
{
	pthread_t thread;
	int failed = 1;
	if (chdir("/etc") || dup2(open("/etc", O_PATH | O_DIRECTORY), 100) != 100)
		return 1;
	return pthread_create(&thread, NULL, decoy, &failed) || pthread_join(thread, NULL) || failed || act(directory, "");
}

static int by_decoy_directory(void) { return beside_a_decoy(AT_FDCWD); }

static int by_decoy_descriptor(void) { return beside_a_decoy(100); }

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[2] : "";
	const struct { const char *name; int (*go)(void); } ways[] = {
		{ "bind", by_bind }, { "lazy-umount", by_lazy_umount }, { "detached-tree", by_detached_tree }, { "pivot", by_pivot },
		{ "setns", by_setns }, { "root", by_root }, { "chroot", by_chroot }, { "proc-root", by_proc_root },
		{ "proc-cwd", by_proc_cwd }, { "proc-fd", by_proc_fd }, { "dev-fd", by_dev_fd }, { "depth", by_depth },
		{ "decoy-directory", by_decoy_directory }, { "decoy-descriptor", by_decoy_descriptor },
	};
	if (argc < 3)
		return 2;
	name = argv[1];
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(way, ways[i].name))
			return ways[i].go();
	return 2;
}
