/*
 * A path that another thread overwrites while the kernel works with it, in the current folder. Every attack uses `secret` and has
 * `harmless` stand in memory when the call returns.
 *
 *   paths wait HOW      opens the fifo `secret`; the path changes while the kernel waits for its other end
 *   paths CALL HOW      unlink, rmdir, rename, link, symlink, mkdir, chmod: it changes while the kernel follows 35 links, each to
 *                       2,000 times `./`. Prints whether it was `secret` that the kernel used
 *
 * HOW: `short`; `long`: more than 512 bytes; `absent`: the page is not resident when the call begins. Of `wait` also `remote`:
 * another process writes (process_vm_writev). `fault`: the page comes from a userfaultfd when the kernel asks for it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "../stay-on.h"
#include "../waiting.h"

#define NAME 9 /* both names have as many bytes, with the NUL */
static const char SECRET[NAME] = "secret\0\0", HARMLESS[NAME] = "harmless";

static char *path;       /* a page of its own */
static char *name;       /* the last component */
static volatile int go;

#define LINKS 35 /* the kernel follows 40 */

/* Puts the secret's path into the page, behind `dots` times "./" and, where it is to take long, links to longer ones. */
static void put_path(int dots, int slow)
{
	char text[4096] = {};
	int fd = open("page", O_CREAT | O_TRUNC | O_RDWR, 0600);
	for (int i = 0; i < 2000; i++)
		memcpy(text + 2 * i, "./", 2);
	if (slow && symlink(text, "l"))
		exit(1);
	memset(text, 0, sizeof(text));
	for (int i = 0; i < dots; i++)
		memcpy(text + 2 * i, slow && i < LINKS ? "l/" : "./", 2);
	memcpy(text + 2 * dots, SECRET, NAME);
	if (write(fd, text, sizeof(text)) != sizeof(text))
		exit(1);
	path = mmap(NULL, sizeof(text), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	name = path + 2 * dots;
	unlink("page");
}

static void *overwrite_later(void *unused)
{
	until_waiting(getpid());
	memcpy(name, HARMLESS, NAME);
	close(open("secret", O_WRONLY));
	return unused;
}

/* The page as a child sees it is a copy: what it writes must go into its parent's. */
static void overwrite_from_outside(void)
{
	struct iovec from = { (void *)HARMLESS, NAME }, to = { name, NAME };
	until_waiting(getppid());
	if (process_vm_writev(getppid(), &from, 1, &to, 1, 0) != NAME)
		_exit(1);
	close(open("secret", O_WRONLY));
	_exit(0);
}

static char page[4096] __attribute__((aligned(4096)));
static int faults;

static void *overwrite(void *unused)
{
	stay_on(1);
	while (!go)
		;
	for (volatile int i = 0; i < 5000; i++)
		;
	memcpy(name, HARMLESS, NAME);
	return unused;
}

/* Gives the page when it is asked for: not by the probe, which waits for nothing, but by the kernel. */
static void *answer_fault(void *waits)
{
	struct uffd_msg message;
	struct uffdio_copy copy = { .dst = (unsigned long)path, .src = (unsigned long)page, .len = sizeof(page) };
	if (read(faults, &message, sizeof(message)) == sizeof(message) && !ioctl(faults, UFFDIO_COPY, &copy))
		(waits ? overwrite_later : overwrite)(NULL);
	return NULL;
}

static int take_away_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { .len = sizeof(page) }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t at = name - path;
	memcpy(page, path, sizeof(page));
	path = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	name = path + at;
	range.range.start = (unsigned long)path;
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	return faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range);
}

/* Whether the call acted on the secret. */
static int act(const char *call)
{
	struct stat st;
	if (!strcmp(call, "unlink"))
		return !syscall(SYS_unlinkat, AT_FDCWD, path, 0) && access("secret", F_OK);
	if (!strcmp(call, "rmdir"))
		return !syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR) && access("secret", F_OK);
	if (!strcmp(call, "rename"))
		return !syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "moved", 0) && access("secret", F_OK);
	if (!strcmp(call, "link"))
		return !syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "linked", 0) && !stat("secret", &st) && st.st_nlink == 2;
	if (!strcmp(call, "symlink"))
		return !syscall(SYS_symlinkat, "target", AT_FDCWD, path) && !lstat("secret", &st);
	if (!strcmp(call, "mkdir"))
		return !syscall(SYS_mkdirat, AT_FDCWD, path, 0700) && !access("secret", F_OK);
	return !syscall(SYS_fchmodat, AT_FDCWD, path, 0640) && !stat("secret", &st) && (st.st_mode & 0777) == 0640;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	const char *call = argc > 2 ? argv[1] : "", *how = argc > 2 ? argv[2] : "";
	int waits = !strcmp(call, "wait"), makes = !strcmp(call, "symlink") || !strcmp(call, "mkdir");
	if (argc < 3)
		return 2;
	stay_on(0);
	for (int i = 0; i < 2; i++) {
		const char *file = i ? "secret" : "harmless";
		if (waits && i ? mkfifo(file, 0600) : makes ? 0 : !strcmp(call, "rmdir") ? mkdir(file, 0700) : close(open(file, O_CREAT | O_RDWR, 0600)))
			return 1;
	}
	put_path(strcmp(how, "long") ? LINKS : 400, !waits);
	if (!strcmp(how, "fault") && take_away_page())
		return 1;
	if (!strcmp(how, "remote")) {
		*(volatile char *)path = path[0];
		if (!fork())
			overwrite_from_outside();
		close(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY));
		return 0;
	}
	if (pthread_create(&thread, NULL, faults ? answer_fault : waits ? overwrite_later : overwrite, waits ? path : NULL))
		return 1;
	usleep(10000);
	if (!strcmp(how, "absent"))
		madvise(path, 4096, MADV_DONTNEED);
	else if (!faults)
		*(volatile char *)path = path[0];
	if (waits) {
		close(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY));
	} else {
		go = 1;
		printf("%s\n", act(call) ? "secret" : "harmless");
	}
	pthread_join(thread, NULL);
	return 0;
}
