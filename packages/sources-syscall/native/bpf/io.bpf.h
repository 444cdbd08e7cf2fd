/* Level 3: reading, writing, closing, copying descriptors. */
#pragma once
#include "logs.bpf.h"
#include "flags.bpf.h"

EXIT_EVENT(close, SYSCALL_CLOSE_X)
{
	if (is_close_noted() || (ret < 0 && is_unasked(NR_CLOSE))) {
		leave_out(e);
		count(COUNT_FILE_CLOSES);
		return;
	}
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
}

EXIT_EVENT_SHARED(close_range, SYSCALL_CLOSE_RANGE_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(first, put_u32(e, argument(regs, 0)));
	PARAM(last, put_u32(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, close_range_flags(argument(regs, 2))));
}

EXIT_EVENT(read, SYSCALL_READ_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_data(e, argument(regs, 1), ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
}

/* What a failed write tried to write is recorded too. */
static __always_inline long written(long ret, unsigned long size)
{
	return ret > 0 ? ret : (long)size;
}

EXIT_EVENT(write, SYSCALL_WRITE_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written(e, argument(regs, 1), written(ret, argument(regs, 2)), 0, 0));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT(pread64, SYSCALL_PREAD_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_data(e, argument(regs, 1), ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
	PARAM(pos, put_u64(e, argument(regs, 3)));
}

EXIT_EVENT(pwrite64, SYSCALL_PWRITE_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written(e, argument(regs, 1), written(ret, argument(regs, 2)), 0, 0));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, argument(regs, 2)));
	PARAM(pos, put_u64(e, argument(regs, 3)));
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
		to->faulty = 1; /* what follows would take its place */
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

/* At most `size` bytes of what the vector describes, of these at most `keep`. What it describes in all is then in `total`. */
static __always_inline void put_kept_iovecs(struct event *e, __u64 vector, __u64 n, long size, __u32 keep)
{
	if (keep > MAX_CHUNK)
		keep = MAX_CHUNK;
	end_param(e, copy_iovecs(vector, n, size < 0 ? 0 : size < keep ? size : keep) & (2 * MAX_CHUNK - 1));
}

static __always_inline void put_iovec_data(struct event *e, __u64 vector, __u64 n, long size)
{
	put_kept_iovecs(e, vector, n, size, snaplen);
}

/* The size before the data: it is known only when the vector has been read. */
static __always_inline void put_size_and_iovec_data(struct event *e, __u64 vector, __u64 n, long size, __u32 keep)
{
	__u32 at = e->to->at;
	PARAM(size, put_u32(e, 0));
	PARAM(data, put_kept_iovecs(e, vector, n, size, keep));
	STORE(__u32, &e->to->bytes[at & (MAX_EVENT - 1)], e->to->total);
}

/* What a failed write tried to write is recorded too: all that there is. */
static __always_inline long written_of_all(long ret)
{
	return ret > 0 ? ret : MAX_CHUNK;
}

/* The same of a vector as of put_written. */
static __always_inline void put_written_vector(struct event *e, __u64 vector, __u64 n, long ret, __u64 address, __u32 length)
{
	long size = written_of_all(ret);
	put_kept_iovecs(e, vector, n, size, kept(e, size, address, length));
}

/* The size is what was read. */
EXIT_EVENT(readv, SYSCALL_READV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(size, put_u32(e, ret > 0 ? ret : 0));
	PARAM(data, put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
}

EXIT_EVENT(writev, SYSCALL_WRITEV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written_vector(e, argument(regs, 1), argument(regs, 2), ret, 0, 0));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, e->to->total));
}

EXIT_EVENT(preadv, SYSCALL_PREADV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(size, put_u32(e, ret > 0 ? ret : 0));
	PARAM(data, put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(pos, put_u64(e, argument(regs, 3)));
}

EXIT_EVENT(pwritev, SYSCALL_PWRITEV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(data, put_written_vector(e, argument(regs, 1), argument(regs, 2), ret, 0, 0));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(size, put_u32(e, e->to->total));
	PARAM(pos, put_u64(e, argument(regs, 3)));
}

EXIT_EVENT(ioctl, SYSCALL_IOCTL_3_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(request, put_u64(e, argument(regs, 1)));
	PARAM(argument, put_u64(e, argument(regs, 2)));
}

EXIT_EVENT(lseek, SYSCALL_LSEEK_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(offset, put_u64(e, argument(regs, 1)));
	PARAM(whence, put_u8(e, lseek_whence(argument(regs, 2))));
}

EXIT_EVENT(flock, SYSCALL_FLOCK_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(operation, put_u32(e, flock_flags(argument(regs, 1))));
}

/* Two descriptors that the kernel wrote to the user's int[2]. */
static __always_inline struct file *put_pair(struct event *e, unsigned long at, long ret)
{
	int pair[2] = { -1, -1 };
	/* of a failed call: what memory holds */
	if (bpf_probe_read_user(pair, sizeof(pair), (void *)at)) {
		pair[0] = pair[1] = -1;
		if (ret == 0)
			count(COUNT_FAULT);
	}
	PARAM(fd1, put_int(e, pair[0]));
	PARAM(fd2, put_int(e, pair[1]));
	return ret == 0 ? file_of(current_task(), pair[0]) : NULL;
}

EXIT_EVENT_SHARED(pipe, SYSCALL_PIPE_X)
{
	struct file *file;
	PARAM(res, put_int(e, ret));
	file = put_pair(e, argument(regs, 0), ret);
	PARAM(ino, put_u64(e, file ? file_ino(file) : 0));
}

EXIT_EVENT_SHARED(pipe2, SYSCALL_PIPE2_X)
{
	struct file *file;
	PARAM(res, put_int(e, ret));
	file = put_pair(e, argument(regs, 0), ret);
	PARAM(ino, put_u64(e, file ? file_ino(file) : 0));
	PARAM(flags, put_u32(e, pipe2_flags(argument(regs, 1))));
}

EXIT_EVENT(sendfile, SYSCALL_SENDFILE_X)
{
	__u64 offset = 0;
	if (argument(regs, 2) && is_narrow(regs, NARROW_OFFSET))
		bpf_probe_read_user(&offset, sizeof(__u32), (void *)argument(regs, 2));
	else if (argument(regs, 2))
		bpf_probe_read_user(&offset, sizeof(offset), (void *)argument(regs, 2));
	PARAM(res, put_u64(e, ret));
	PARAM(offset, put_u64(e, offset));
	PARAM(out_fd, put_int(e, argument(regs, 0)));
	PARAM(in_fd, put_int(e, argument(regs, 1)));
	PARAM(size, put_u64(e, argument(regs, 3)));
}

EXIT_EVENT(splice, SYSCALL_SPLICE_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(fd_in, put_int(e, argument(regs, 0)));
	PARAM(fd_out, put_int(e, argument(regs, 2)));
	PARAM(size, put_u64(e, argument(regs, 4)));
	PARAM(flags, put_u32(e, argument(regs, 5) & 15));
}

/* The offsets are the pointers to them, as in Falco. */
EXIT_EVENT(copy_file_range, SYSCALL_COPY_FILE_RANGE_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(fdout, put_int(e, argument(regs, 2)));
	PARAM(offout, put_u64(e, argument(regs, 3)));
	PARAM(fdin, put_int(e, argument(regs, 0)));
	PARAM(offin, put_u64(e, argument(regs, 1)));
	PARAM(len, put_u64(e, argument(regs, 4)));
}
