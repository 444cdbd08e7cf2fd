#include "ring.h"

#include <errno.h>
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
