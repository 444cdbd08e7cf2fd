/*
 * For filter.test.ts: `opens SEED N` opens files at random N times and says how many of the opens are of the class `failedOpens`: failed, without
 * O_CREAT, without O_DIRECTORY and a mode to run it (for which rules see O_TMPFILE, too), without two dots in a row, and absolute if the call is open. It writes to
 * nothing outside of its working directory and the one above.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "random.h"

int main(int argc, char **argv)
{
	static const char *const STARTS[] = { "", "", "./", "../", "/", "/etc/", "/nowhere/", "sub/../", "sub/", "/etc/../etc/", "a..b/", ".../" };
	static const char *const NAMES[] = { "file", "absent", "gone", "none", "passwd", "shadow", "sub", ".", "..", "x..", "..y", "loop", "" };
	static const int FLAGS[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR, O_CREAT | O_EXCL | O_WRONLY, O_DIRECTORY, O_NOFOLLOW, O_RDONLY | O_CLOEXEC };
	char path[2000], filler[600], here[1000];
	int n, sub, left = 0;
	if (argc < 3)
		return 2;
	state = strtoul(argv[1], NULL, 10);
	n = atoi(argv[2]);
	if (!getcwd(here, sizeof(here) - 1))
		return 1;
	strcat(here, "/");
	for (n = 0; n < (int)sizeof(filler) - 2; n += 2)
		memcpy(filler + n, "./", 3);
	mkdir("sub", 0700);
	close(creat("file", 0600));
	symlink("loop", "loop");
	sub = open("sub", O_DIRECTORY);
	for (int i = 0; i < n; i++) {
		int flags = PICK(FLAGS), mode = below(2) ? 0600 : 0700, call = below(4), fd;
		int is_long = !below(20);
		const char *start = PICK(STARTS);
		if (start[0] == '/' && flags & O_CREAT)
			start = here;
		if (start[0] == '/' && start != here)
			flags = (flags & ~O_ACCMODE) | O_RDONLY;
		snprintf(path, sizeof(path), "%s%s%s", start, is_long ? filler : "", PICK(NAMES));
		if (call == 0) {
			fd = syscall(SYS_openat, below(2) ? AT_FDCWD : sub, path, flags, mode);
		} else if (call == 1) {
			struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0, .resolve = below(4) ? 0 : RESOLVE_BENEATH };
			fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
#ifdef SYS_open
		} else if (call == 2) {
			fd = syscall(SYS_open, path, flags, mode);
#endif
		} else {
			fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
		}
		if (fd < 0 && path[0] && !(flags & O_CREAT) && !(flags & O_DIRECTORY && call != 1 && mode & 0111) && !is_long && !strstr(path, "..") && (call != 2 || path[0] == '/'))
			left++;
		if (fd >= 0)
			close(fd);
	}
	printf("%d\n", left);
	return 0;
}
