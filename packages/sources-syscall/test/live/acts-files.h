/* Acts on files and descriptors: a part of acts.c. */
#pragma once

static void files(void)
{
	char buffer[200];
	struct stat st;
	long fd = call(open, "made", O_RDWR | O_CREAT | O_TRUNC, 0640);
	struct { unsigned long flags, mode, resolve; } how = { O_RDONLY, 0, 0x08 };
	call(openat, AT_FDCWD, "made", O_RDONLY | O_CLOEXEC);
	call(openat, AT_FDCWD, "absent", O_WRONLY);
	close(call(openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	close(call(openat, AT_FDCWD, "made", O_WRONLY | O_DSYNC));
	call(openat2, AT_FDCWD, "made", &how, sizeof(how));
	call(creat, "created", 0600);
	call(write, fd, "hello world", 11);
	call(lseek, fd, 0, SEEK_SET);
	call(lseek, fd, 0, SEEK_DATA);
	call(read, fd, buffer, 5);
	call(pread64, fd, buffer, 100, 6);
	call(pwrite64, fd, "xy", 2, 1);
	call(newfstatat, AT_FDCWD, "made", &st, AT_SYMLINK_NOFOLLOW);
	call(chmod, "made", 0711);
	call(fchmod, fd, 0700);
	call(fchmodat, AT_FDCWD, "made", 0777);
	syscall(452 /* fchmodat2, since Linux 6.6 */, AT_FDCWD, "made", 04755, 0);
	call(chown, "made", 1, 2);
	call(fchownat, AT_FDCWD, "made", 3, 4, AT_SYMLINK_NOFOLLOW);
	call(fchownat, AT_FDCWD, "made", 3, 4, AT_SYMLINK_FOLLOW);
	call(fchownat, fd, "", 3, 4, AT_EMPTY_PATH);
	call(flock, fd, 2 | 4);
	call(close, fd);
	call(close, 999);
}

static void names(void)
{
	close(open("a", O_CREAT | O_WRONLY, 0600));
	call(link, "a", "b");
	call(linkat, AT_FDCWD, "a", AT_FDCWD, "c", 0);
	call(symlink, "a", "s");
	call(symlinkat, "a", AT_FDCWD, "t");
	call(rename, "b", "b2");
	call(renameat, AT_FDCWD, "b2", AT_FDCWD, "b3");
	call(renameat2, AT_FDCWD, "c", AT_FDCWD, "c2", 1);
	call(mkdir, "d", 0755);
	call(mkdirat, AT_FDCWD, "e", 0700);
	call(chdir, "d");
	call(chdir, "..");
	call(rmdir, "d");
	call(unlink, "b3");
	call(unlinkat, AT_FDCWD, "e", AT_REMOVEDIR);
	call(mknod, "fifo", S_IFIFO | 0644, 0);
	call(mknodat, AT_FDCWD, "plain", 0600, 0);
	call(access, "a", R_OK | W_OK);
	call(mount, "none", "/absent", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
	call(umount2, "/absent", 2);
	call(chroot, "/absent");
}

static void descriptors(void)
{
	int pair[2];
	long fd = open("/dev/null", O_RDONLY);
	call(dup, fd);
	call(dup2, fd, 40);
	call(dup3, fd, 41, O_CLOEXEC);
	call(fcntl, fd, F_DUPFD, 50);
	call(close_range, 40, 41, 0);
	call(pipe, pair);
	call(pipe2, pair, O_NONBLOCK);
	call(eventfd2, 5, O_CLOEXEC);
	call(epoll_create1, O_CLOEXEC);
	call(inotify_init1, O_CLOEXEC);
	call(memfd_create, "mem", 1);
	call(pidfd_open, getpid(), 0);
	call(bpf, 999, NULL, 0);
}

/* By path, by descriptor, and of directories. */
static void folders(void)
{
	char buffer[512];
	struct stat st;
	long folder = open(".", O_RDONLY | O_DIRECTORY), file = open("file", O_CREAT | O_RDWR, 0600);
	mkdir("below", 0700);
	call(stat, "file", &st);
	call(lstat, "absent", &st);
	call(fstat, file, &st);
	call(chdir, "below");
	call(getcwd, buffer, sizeof(buffer));
	call(getcwd, buffer, 1);
	call(fchdir, folder);
	call(getdents, folder, buffer, sizeof(buffer));
	call(getdents64, file, buffer, sizeof(buffer));
	call(lchown, "file", 1, 2);
	call(fchown, file, 3, 4);
	call(open_by_handle_at, 999, NULL, O_RDONLY);
	call(fsconfig, 999, 2, "key", "value", 5);
	call(quotactl, 0x80000200, "/absent", 0, NULL);
}

/* Between descriptors, and waiting for them. */
static void transfers(void)
{
	struct iovec two[2] = { { "ab", 2 }, { "cd", 2 } };
	char buffer[16];
	struct iovec into = { buffer, sizeof(buffer) };
	struct timeval none = { 0, 0 };
	int pair[2], other[2];
	long file = open("file", O_CREAT | O_RDWR, 0600);
	call(pwritev, file, two, 2, 1, 0);
	call(preadv, file, &into, 1, 2, 0);
	if (pipe(pair) || pipe(other))
		exit(1);
	lseek(file, 0, SEEK_SET);
	call(sendfile, pair[1], file, NULL, 3);
	call(splice, pair[0], NULL, other[1], NULL, 2, 0);
	call(ioctl, file, 0x5401, buffer);
	long poll = call(epoll_create, 7);
	call(epoll_wait, poll, buffer, 1, 0);
	call(select, 0, NULL, NULL, NULL, &none);
}

/* An executable of its own, of another's, and of another's that its group may write. */
static void writable(void)
{
	static const struct { int uid, gid, mode; } FILES[] = { { 5, 5, 0555 }, { 6, 6, 0755 }, { 6, 5, 0775 }, { 6, 7, 0775 }, { 6, 6, 0757 } };
	char *const argv[] = { "copy", NULL };
	gid_t groups[] = { 4, 7 };
	char bytes[4096];
	int status;
	chmod(".", 0755);
	for (size_t i = 0; i < sizeof(FILES) / sizeof(*FILES); i++) {
		int from = open("/bin/true", O_RDONLY), to = open("copy", O_CREAT | O_TRUNC | O_WRONLY, 0700);
		for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;)
			if (write(to, bytes, n) != n)
				exit(1);
		close(to);
		if (chown("copy", FILES[i].uid, FILES[i].gid) || chmod("copy", FILES[i].mode))
			exit(1);
		if (!fork()) {
			if (setgroups(2, groups) || setgid(5) || setuid(5))
				exit(1);
			call(execve, "copy", argv, NULL);
		}
		wait(&status);
		unlink("copy");
	}
}
