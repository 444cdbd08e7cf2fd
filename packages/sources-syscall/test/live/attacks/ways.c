/*
 * More ways to read a file of /etc by names that do not say so: `ways FILE WAY`, in an empty folder. Each opens it for reading with
 * O_SYNC, once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_SYNC)
#define NAME (strrchr(file, '/') + 1)

static const char *file;

static int is_open(long fd) { return fd < 0; }

/* Mounts of its own, which no other process sees. */
static int own_mounts(void) { return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); }

/* Where /etc is mounted a second time. */
static int bound(void) { return own_mounts() || mkdir("b", 0700) || mount("/etc", "b", NULL, MS_BIND | MS_REC, NULL); }

static int by_bind(void)
{
	char name[256];
	snprintf(name, sizeof(name), "b/%s", NAME);
	return bound() || is_open(open(name, FLAGS));
}

/* The whole root, a second time. */
static int by_bound_root(void)
{
	char name[256];
	snprintf(name, sizeof(name), "b%s", file);
	return own_mounts() || mkdir("b", 0700) || mount("/", "b", NULL, MS_BIND, NULL) || is_open(open(name, FLAGS));
}

static int by_bound_file(void)
{
	close(open("plain", O_CREAT | O_WRONLY, 0600));
	return own_mounts() || mount(file, "plain", NULL, MS_BIND, NULL) || is_open(open("plain", FLAGS));
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	return fd < 0 || write(fd, text, strlen(text)) < 0;
}

/* In a user namespace anybody may mount; 3 = this machine forbids that, or lacks it. */
static int by_user_namespace(void)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	if (unshare(CLONE_NEWUSER) || put("/proc/self/setgroups", "deny") || put("/proc/self/uid_map", "0 65534 1") ||
	    put("/proc/self/gid_map", "0 65534 1"))
		return 3;
	return own_mounts() || mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp") || by_bind();
}

/* A mount that is in no namespace. */
static int by_detached_tree(void)
{
	return is_open(openat(syscall(428 /* open_tree */, AT_FDCWD, "/etc", 1 /* OPEN_TREE_CLONE */), NAME, FLAGS));
}

/* A mount that is gone, but for a descriptor. */
static int by_lazy_umount(void)
{
	int fd;
	if (bound())
		return 1;
	fd = open("b", O_PATH);
	return umount2("b", MNT_DETACH) || is_open(openat(fd, NAME, FLAGS));
}

static int by_descriptor(const char *folder)
{
	char name[64];
	snprintf(name, sizeof(name), "%s/%d", folder, open(file, O_PATH));
	return is_open(open(name, FLAGS));
}

static int by_proc_fd(void) { return by_descriptor("/proc/self/fd"); }

static int by_dev_fd(void) { return by_descriptor("/dev/fd"); }

static int by_parent(void)
{
	char name[256];
	snprintf(name, sizeof(name), "/proc/%d/root%s", getppid(), file);
	return is_open(open(name, FLAGS));
}

static int by_cwd(void)
{
	char name[256];
	snprintf(name, sizeof(name), "/proc/self/cwd/%s", NAME);
	return chdir("/etc") || is_open(open(name, FLAGS));
}

static int by_links(void)
{
	char name[256];
	snprintf(name, sizeof(name), "two/%s", NAME);
	return symlink("/etc", "one") || symlink("one", "two") || is_open(open(name, FLAGS));
}

/* A name that only the kernel resolves: more than fits where paths are put together. */
static int by_dots(void)
{
	static char name[4096];
	for (int i = 0; i < 1900; i++)
		memcpy(name + 2 * i, "/.", 2);
	strcpy(name + 3800, file);
	return is_open(open(name, FLAGS));
}

static int by_handle(void)
{
	union { struct file_handle handle; char space[128]; } to = { .handle.handle_bytes = 100 };
	int mount_id, root = open("/etc", O_RDONLY | O_DIRECTORY), fd;
	if (name_to_handle_at(AT_FDCWD, "/etc", &to.handle, &mount_id, 0))
		return 1;
	fd = open_by_handle_at(root, &to.handle, O_RDONLY | O_DIRECTORY);
	return is_open(openat(fd, NAME, FLAGS));
}

/* A thread whose directory is its own. */
static void *elsewhere(void *failed)
{
	*(int *)failed = unshare(CLONE_FS) || chdir("/etc") || is_open(open(NAME, FLAGS));
	return NULL;
}

static int by_thread(void)
{
	pthread_t thread;
	int failed = 1;
	return pthread_create(&thread, NULL, elsewhere, &failed) || pthread_join(thread, NULL) || failed;
}

static int fd_of_all;

/* A thread whose descriptors are its own: what it closes and opens has the number of another's. */
static void *apart(void *failed)
{
	int fd;
	*(int *)failed = unshare(CLONE_FILES) || close(fd_of_all) || (fd = open("/etc", O_PATH | O_DIRECTORY)) != fd_of_all ||
			 is_open(openat(fd, NAME, FLAGS));
	return NULL;
}

static int by_files(void)
{
	pthread_t thread;
	int failed = 1;
	fd_of_all = open(".", O_PATH | O_DIRECTORY);
	return pthread_create(&thread, NULL, apart, &failed) || pthread_join(thread, NULL) || failed;
}

/* A child of vfork that shares the directory with its parent: CLONE_FS and CLONE_VM. */
static int child(void *unused) { return chdir("/etc") || !unused; }

static int by_shared_directory(void)
{
	static char stack[65536];
	waitpid(clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FS | SIGCHLD, stack), NULL, 0);
	return is_open(open(NAME, FLAGS));
}

static int by_pivot(void)
{
	char name[256];
	if (own_mounts() || mkdir("root", 0700) || mount("tmpfs", "root", "tmpfs", 0, NULL) || chdir("root") || mkdir("old", 0700) ||
	    mkdir("e", 0700) || mount("/etc", "e", NULL, MS_BIND, NULL) || syscall(SYS_pivot_root, ".", "old") || chroot("."))
		return 1;
	snprintf(name, sizeof(name), "/e/%s", NAME);
	return is_open(open(name, FLAGS));
}

/* Into the mounts of another process: the directory changes without a call that says so. */
static int by_setns(void)
{
	char name[256];
	int fd = open("/proc/self/ns/mnt", O_RDONLY);
	if (mkdir("etc", 0700) || own_mounts() || chdir("/tmp") || setns(fd, CLONE_NEWNS))
		return 1;
	snprintf(name, sizeof(name), "etc/%s", NAME);
	return is_open(open(name, FLAGS));
}

/* In a root of its own with such a file, where /etc is mounted a second time. */
static int in_container(void)
{
	char name[256];
	if (chdir("root") || mkdir("etc", 0700) || mkdir("again", 0700) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/") || close(open(file, O_CREAT | O_WRONLY, 0600)) ||
	    mount("etc", "again", NULL, MS_BIND, NULL))
		return 1;
	snprintf(name, sizeof(name), "/again/%s", NAME);
	return is_open(open(name, FLAGS));
}

/* A container as engines make them: processes of its own. */
static int by_container(void)
{
	int status, child;
	if (own_mounts() || mkdir("root", 0700) || mount("tmpfs", "root", "tmpfs", 0, NULL) || unshare(CLONE_NEWPID))
		return 1;
	child = fork();
	if (!child)
		_exit(in_container());
	return waitpid(child, &status, 0) != child || status;
}

/* One that shares the host's processes: its root is an overlay. */
static int by_overlay(void)
{
	if (own_mounts() || mkdir("root", 0700) || mkdir("layers", 0700) || mount("tmpfs", "layers", "tmpfs", 0, NULL) ||
	    mkdir("layers/low", 0700) || mkdir("layers/up", 0700) || mkdir("layers/work", 0700))
		return 1;
	if (mount("overlay", "root", "overlay", 0, "lowerdir=layers/low,upperdir=layers/up,workdir=layers/work"))
		return 3;
	return in_container();
}

static int beneath(void)
{
	unsigned long how[3] = { FLAGS, 0, 0x08 /* RESOLVE_BENEATH */ };
	char name[256];
	snprintf(name, sizeof(name), "apt/../%s", NAME);
	return is_open(syscall(SYS_openat2, open("/etc", O_PATH), name, how, sizeof(how)));
}

static int in_root(void)
{
	unsigned long how[3] = { FLAGS, 0, 0x10 /* RESOLVE_IN_ROOT */ };
	char name[256];
	snprintf(name, sizeof(name), "../../../%s", NAME);
	return is_open(syscall(SYS_openat2, open("/etc", O_PATH), name, how, sizeof(how)));
}

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[2] : "";
	const struct { const char *name; int (*go)(void); } ways[] = {
		{ "bind", by_bind }, { "bound-file", by_bound_file }, { "bound-root", by_bound_root },
		{ "container", by_container }, { "overlay", by_overlay }, { "user-namespace", by_user_namespace },
		{ "detached-tree", by_detached_tree }, { "lazy-umount", by_lazy_umount }, { "parent", by_parent }, { "cwd", by_cwd },
		{ "links", by_links }, { "dots", by_dots }, { "handle", by_handle }, { "thread", by_thread }, { "files", by_files },
		{ "shared-directory", by_shared_directory }, { "pivot", by_pivot }, { "setns", by_setns }, { "beneath", beneath },
		{ "in-root", in_root }, { "proc-fd", by_proc_fd }, { "dev-fd", by_dev_fd },
	};
	if (argc < 3)
		return 2;
	file = argv[1];
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(way, ways[i].name))
			return ways[i].go();
	return 2;
}
