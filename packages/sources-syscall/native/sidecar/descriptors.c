#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "proc.h"
#include "sockets.h"
#include "status.h"

/* SCAP_FD_* */
enum { KIND_DIRECTORY = 2, KIND_FIFO = 7, KIND_EVENT = 9, KIND_UNSUPPORTED = 10, KIND_SIGNALFD = 11, KIND_EVENTPOLL = 12,
       KIND_INOTIFY = 13, KIND_TIMERFD = 14, KIND_FILE_V2 = 16, KIND_BPF = 17, KIND_USERFAULTFD = 18, KIND_IOURING = 19,
       KIND_MEMFD = 20, KIND_PIDFD = 21 };

#define MAX_NAME 1023

/* open(2) flags of the kernel → PPM_O_*, as bpf/flags.bpf.h has them. */
static __u32 open_flags(unsigned long flags)
{
	static const struct { unsigned long from; __u32 to; } BITS[] = {
		{ O_CREAT, 4 }, { O_APPEND, 8 }, { O_DSYNC, 16 }, { O_EXCL, 32 }, { O_NONBLOCK, 64 }, { O_SYNC, 128 }, { O_TRUNC, 256 },
		{ O_DIRECT, 512 }, { O_DIRECTORY, 1024 }, { O_CLOEXEC, 4096 }, { O_TMPFILE, 8192 },
	};
	__u32 r = (flags & O_ACCMODE) == O_WRONLY ? 2 : (flags & O_ACCMODE) == O_RDWR ? 3 : 1;
	for (size_t i = 0; i < sizeof(BITS) / sizeof(*BITS); i++)
		if (flags & BITS[i].from)
			r |= BITS[i].to;
	return r;
}

/* By the text behind "anon_inode:". */
static int anonymous_kind(const char *name)
{
	static const struct { const char *name; int kind; } KINDS[] = {
		{ "[eventfd]", KIND_EVENT }, { "[signalfd]", KIND_SIGNALFD }, { "[eventpoll]", KIND_EVENTPOLL },
		{ "inotify", KIND_INOTIFY }, { "[timerfd]", KIND_TIMERFD }, { "bpf-", KIND_BPF }, { "bpf_", KIND_BPF },
		{ "[userfaultfd]", KIND_USERFAULTFD }, { "[io_uring]", KIND_IOURING }, { "[pidfd]", KIND_PIDFD },
	};
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
		if (!strncmp(name, KINDS[i].name, strlen(KINDS[i].name)))
			return KINDS[i].kind;
	return KIND_UNSUPPORTED;
}

static void add_file(struct block *b, int pid, int fd, const struct statx *st, const char *target, size_t length)
{
	char path[MAX_PROC_PATH], info[512];
	proc_path(path, sizeof(path), "%d/fdinfo/%d", pid, fd);
	read_text(path, info, sizeof(info));
	add_u8(b, KIND_FILE_V2);
	add_u32(b, open_flags(status_number(info, "flags:", 0, 8)));
	add_text(b, target, length, MAX_NAME);
	add_u32(b, (st->stx_dev_major << 8) | (st->stx_dev_minor & 0xff) | ((st->stx_dev_minor & ~0xffu) << 12));
}

/* Names are those of the links; what has no name there has none here. A socket of a family without a table is left out. */
static void add_descriptor(struct block *b, int pid, int fd, const struct socket_table *sockets)
{
	char path[MAX_PROC_PATH], target[4096];
	struct statx st;
	size_t start, length;
	proc_path(path, sizeof(path), "%d/fd/%d", pid, fd);
	length = read_link(path, target, sizeof(target));
	if (!length || known_status(path, &st))
		return;
	start = entry_begin(b);
	add_u64(b, fd);
	add_u64(b, st.stx_ino);
	if (S_ISSOCK(st.stx_mode)) {
		if (!add_socket(b, sockets, st.stx_ino)) {
			b->size = start;
			return;
		}
	} else if (S_ISFIFO(st.stx_mode)) {
		add_u8(b, KIND_FIFO);
		add_text(b, target, length, MAX_NAME);
	} else if (S_ISDIR(st.stx_mode)) {
		add_u8(b, KIND_DIRECTORY);
		add_text(b, target, length, MAX_NAME);
	} else if (!strncmp(target, "anon_inode:", 11)) {
		add_u8(b, anonymous_kind(target + 11));
		add_text(b, "", 0, 0);
	} else if (!strncmp(target, "pidfd:", 6)) {
		add_u8(b, KIND_PIDFD);
		add_text(b, "", 0, 0);
	} else if (!strncmp(target, "/memfd:", 7)) {
		add_u8(b, KIND_MEMFD);
		add_text(b, target, length, MAX_NAME);
	} else {
		add_file(b, pid, fd, &st, target, length);
	}
	entry_end(b, start);
}

int add_descriptors(struct block *b, int pid, int most)
{
	const struct socket_table *sockets = sockets_of(pid);
	char path[MAX_PROC_PATH];
	DIR *dir;
	struct dirent *entry;
	size_t empty;
	proc_path(path, sizeof(path), "%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	block_begin(b, BLOCK_FDS_V2);
	add_u64(b, pid);
	empty = b->size;
	while (most > 0 && (entry = readdir(dir))) {
		int fd = entry_number(entry->d_name);
		if (fd < 0)
			continue;
		add_descriptor(b, pid, fd, sockets);
		most--;
	}
	closedir(dir);
	return b->size > empty;
}
