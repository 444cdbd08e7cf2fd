#include "ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_map(struct ring_view *view, int fd, __u32 bytes)
{
	/* kernel/bpf/ringbuf.c: a page with the reader's position, one with the writer's, then the data twice in a row */
	long page = sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *rest;
	if (consumer == MAP_FAILED)
		return -errno;
	rest = mmap(NULL, page + 2 * (size_t)bytes, PROT_READ, MAP_SHARED, fd, page);
	if (rest == MAP_FAILED) {
		int err = -errno;
		munmap(consumer, page);
		return err;
	}
	/* For names, short-lived children are forked that read no ring: to copy its page table was a third of the sidecar's time. */
	madvise(rest, page + 2 * (size_t)bytes, MADV_DONTFORK);
	*view = (struct ring_view){ .consumer = consumer, .producer = (void *)rest, .data = rest + page, .bytes = bytes, .page = page };
	return 0;
}

void ring_unmap(struct ring_view *view)
{
	if (!view->consumer)
		return;
	munmap((void *)view->consumer, view->page);
	munmap((void *)view->producer, view->page + 2 * (size_t)view->bytes);
	view->consumer = NULL;
}

long ring_copy(const struct ring_view *view, __u64 *at, char *to, size_t room)
{
	__u64 end = __atomic_load_n(view->producer, __ATOMIC_ACQUIRE);
	size_t size = 0;
	if (end - *at > view->bytes)
		return -EPROTO; /* the kernel wrote over what was not read: somebody else moved the reader's position */
	while (*at < end) {
		const char *record = view->data + (*at & (view->bytes - 1));
		__u32 head = __atomic_load_n((const __u32 *)record, __ATOMIC_ACQUIRE);
		__u64 length = (((__u64)(head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))) + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		if (length > end - *at)
			return -EPROTO;
		if (length > room - size) {
			if (size)
				break;
			return -EPROTO; /* longer than any event: a frame is larger than MAX_EVENT */
		}
		memcpy(to + size, record, length);
		/* what was copied is what was checked */
		memcpy(to + size, &head, sizeof(head));
		size += length;
		*at += length;
	}
	return size;
}
