/* Level 3: reading, writing, closing, copying descriptors, waiting. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"

/* res fd */
EXIT_EVENT(close, 3, SYSCALL_CLOSE_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
}

/* res first last flags */
EXIT_EVENT(close_range, 436, SYSCALL_CLOSE_RANGE_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
	put_u32(e, close_range_flags(argument(regs, 2)));
}

/* res data fd size */
EXIT_EVENT(read, 0, SYSCALL_READ_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
}

/* What a failed write tried to write is recorded too. */
static __always_inline long written(long ret, unsigned long size)
{
	return ret > 0 ? ret : (long)size;
}

EXIT_EVENT(write, 1, SYSCALL_WRITE_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), written(ret, argument(regs, 2)));
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
}

/* res data fd size pos */
EXIT_EVENT(pread64, 17, SYSCALL_PREAD_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
	put_u64(e, argument(regs, 3));
}

EXIT_EVENT(pwrite64, 18, SYSCALL_PWRITE_X)
{
	put_u64(e, ret);
	put_data(e, argument(regs, 1), written(ret, argument(regs, 2)));
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 2));
	put_u64(e, argument(regs, 3));
}

#define MAX_IOVECS 32

static __always_inline bool read_iovec(struct iovec *to, const struct registers *regs, __u64 vector, __u32 i)
{
	__u32 narrow[2];
	if (!is_narrow(regs, NARROW_LONG))
		return bpf_probe_read_user(to, sizeof(*to), (void *)(vector + i * sizeof(*to))) == 0;
	if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)(vector + i * sizeof(narrow))))
		return false;
	to->iov_base = (void *)(__u64)narrow[0];
	to->iov_len = narrow[1];
	return true;
}

/*
 * Copies what the vector's i-th entry describes behind what this CPU's event holds, as long as that is less than `most`, and adds
 * its length to `total`; 0 = the vector cannot be read. A global function, as what calls it: see task.bpf.h.
 */
__noinline int copy_iovec(__u64 vector, __u32 i, __u32 most)
{
	__u32 cpu = bpf_get_smp_processor_id(), size, left;
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct iovec iov = {};
	if (!to || !read_iovec(&iov, &to->registers, vector, i))
		return 0;
	to->total += iov.iov_len;
	left = to->cursor < most ? most - to->cursor : 0;
	size = iov.iov_len < left ? iov.iov_len : left;
	size &= 2 * MAX_CHUNK - 1;
	if (!size || to->faulty)
		return 1;
	if (bpf_probe_read_user(&to->bytes[(to->at + to->cursor) & (MAX_EVENT - 1)], size, iov.iov_base)) {
		count(COUNT_FAULT);
		to->faulty = 1; /* what follows would stand in its place */
		return 1;
	}
	to->cursor += size;
	return 1;
}

/* The same of the vector's first MAX_IOVECS entries, at most `most` bytes; the length of the copy. */
__noinline int copy_iovecs(__u64 vector, __u64 n, __u32 most)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	if (!to)
		return 0;
	to->cursor = 0;
	to->total = 0;
	to->faulty = 0;
	for (__u32 i = 0; i < MAX_IOVECS && i < n && copy_iovec(vector, i, most); i++)
		;
	return to->cursor;
}

/* At most `size` bytes of what the vector describes, of these at most snaplen. What it describes in all is then in `total`. */
static __always_inline void put_iovec_data(struct event *e, __u64 vector, __u64 n, long size)
{
	__u32 keep = snaplen < MAX_CHUNK ? snaplen : MAX_CHUNK;
	end_param(e, copy_iovecs(vector, n, size < 0 ? 0 : size < keep ? size : keep) & (2 * MAX_CHUNK - 1));
}

/* The size before the data: it is known only when the vector has been read. */
static __always_inline void put_size_and_iovec_data(struct event *e, __u64 vector, __u64 n, long size)
{
	__u32 at = e->to->at;
	put_u32(e, 0);
	put_iovec_data(e, vector, n, size);
	STORE(__u32, &e->to->bytes[at & (MAX_EVENT - 1)], e->to->total);
}

/* What a failed write tried to write is recorded too: all that there is. */
static __always_inline long written_of_all(long ret)
{
	return ret > 0 ? ret : MAX_CHUNK;
}

/* res size data fd; the size is what was read */
EXIT_EVENT(readv, 19, SYSCALL_READV_X)
{
	put_u64(e, ret);
	put_u32(e, ret > 0 ? ret : 0);
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret);
	put_int(e, argument(regs, 0));
}

/* res data fd size */
EXIT_EVENT(writev, 20, SYSCALL_WRITEV_X)
{
	put_u64(e, ret);
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), written_of_all(ret));
	put_int(e, argument(regs, 0));
	put_u32(e, e->to->total);
}

/* res size data fd pos */
EXIT_EVENT(preadv, 295, SYSCALL_PREADV_X)
{
	put_u64(e, ret);
	put_u32(e, ret > 0 ? ret : 0);
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret);
	put_int(e, argument(regs, 0));
	put_u64(e, argument(regs, 3));
}

/* res data fd size pos */
EXIT_EVENT(pwritev, 296, SYSCALL_PWRITEV_X)
{
	put_u64(e, ret);
	put_iovec_data(e, argument(regs, 1), argument(regs, 2), written_of_all(ret));
	put_int(e, argument(regs, 0));
	put_u32(e, e->to->total);
	put_u64(e, argument(regs, 3));
}

/* res fd request argument */
EXIT_EVENT(ioctl, 16, SYSCALL_IOCTL_3_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u64(e, argument(regs, 2));
}

/* res fd offset whence */
EXIT_EVENT(lseek, 8, SYSCALL_LSEEK_X)
{
	put_u64(e, ret);
	put_int(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u8(e, lseek_whence(argument(regs, 2)));
}

/* res fd operation */
EXIT_EVENT(flock, 73, SYSCALL_FLOCK_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, flock_flags(argument(regs, 1)));
}

/* Two descriptors that the kernel wrote to the user's int[2]. */
static __always_inline struct file *put_pair(struct event *e, unsigned long at, long ret)
{
	int pair[2] = { -1, -1 };
	/* of a failed call: what stands there */
	if (bpf_probe_read_user(pair, sizeof(pair), (void *)at)) {
		pair[0] = pair[1] = -1;
		if (ret == 0)
			count(COUNT_FAULT);
	}
	put_int(e, pair[0]);
	put_int(e, pair[1]);
	return ret == 0 ? file_of(current_task(), pair[0]) : NULL;
}

/* res fd1 fd2 ino [flags] */
EXIT_EVENT(pipe, 22, SYSCALL_PIPE_X)
{
	struct file *file;
	put_int(e, ret);
	file = put_pair(e, argument(regs, 0), ret);
	put_u64(e, file ? file_ino(file) : 0);
}

EXIT_EVENT(pipe2, 293, SYSCALL_PIPE2_X)
{
	struct file *file;
	put_int(e, ret);
	file = put_pair(e, argument(regs, 0), ret);
	put_u64(e, file ? file_ino(file) : 0);
	put_u32(e, pipe2_flags(argument(regs, 1)));
}

/* res offset out_fd in_fd size */
EXIT_EVENT(sendfile, 40, SYSCALL_SENDFILE_X)
{
	__u64 offset = 0;
	if (argument(regs, 2) && is_narrow(regs, NARROW_OFFSET))
		bpf_probe_read_user(&offset, sizeof(__u32), (void *)argument(regs, 2));
	else if (argument(regs, 2))
		bpf_probe_read_user(&offset, sizeof(offset), (void *)argument(regs, 2));
	put_u64(e, ret);
	put_u64(e, offset);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
	put_u64(e, argument(regs, 3));
}

/* res fd_in fd_out size flags */
EXIT_EVENT(splice, 275, SYSCALL_SPLICE_X)
{
	put_u64(e, ret);
	put_int(e, argument(regs, 0));
	put_int(e, argument(regs, 2));
	put_u64(e, argument(regs, 4));
	put_u32(e, argument(regs, 5) & 15);
}

/* res fdout offout fdin offin len; the offsets are the pointers to them, as in Falco */
EXIT_EVENT(copy_file_range, 326, SYSCALL_COPY_FILE_RANGE_X)
{
	put_u64(e, ret);
	put_int(e, argument(regs, 2));
	put_u64(e, argument(regs, 3));
	put_int(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u64(e, argument(regs, 4));
}

#define MAX_POLLED 16

/* u16 count, then count × (i64 fd, i16 events); after the call the events are those that came */
static __always_inline void put_fdlist(struct event *e, unsigned long fds, unsigned long n, bool returned)
{
	__u32 at = e->to->at & (MAX_EVENT - 1);
	__u16 kept = 0;
	for (int i = 0; i < MAX_POLLED; i++) {
		struct pollfd fd = {};
		if (i >= n || bpf_probe_read_user(&fd, sizeof(fd), (void *)(fds + i * sizeof(fd))))
			break;
		__u8 *entry = &e->to->bytes[(at + 2 + kept * 10) & (MAX_EVENT - 1)];
		STORE(__s64, entry, fd.fd);
		STORE(__u16, entry + 8, poll_events(returned ? fd.revents : fd.events));
		kept++;
	}
	STORE(__u16, &e->to->bytes[at], kept);
	end_param(e, 2 + kept * 10);
}

/* res fds timeout: an int without its sign */
EXIT_EVENT(poll, 7, SYSCALL_POLL_X)
{
	put_int(e, ret);
	put_fdlist(e, argument(regs, 0), argument(regs, 1), true);
	put_u64(e, (__u32)argument(regs, 2));
}

/* res fds timeout sigmask */
EXIT_EVENT(ppoll, 271, SYSCALL_PPOLL_X)
{
	__u64 mask = 0, ns = 0;
	if (argument(regs, 2))
		read_time(&ns, regs, argument(regs, 2));
	if (argument(regs, 3))
		bpf_probe_read_user(&mask, sizeof(mask), (void *)argument(regs, 3));
	put_int(e, ret);
	put_fdlist(e, argument(regs, 0), argument(regs, 1), true);
	put_u64(e, ns);
	put_u32(e, mask);
}

/* res maxevents */
EXIT_EVENT(epoll_wait, 232, SYSCALL_EPOLLWAIT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 2));
}

EXIT_EVENT(select, 23, SYSCALL_SELECT_X) { put_int(e, ret); }
