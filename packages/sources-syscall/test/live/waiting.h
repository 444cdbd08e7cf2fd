/* For programs whose threads open a fifo: when the kernel waits there. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Where an open of a fifo waits (fs/pipe.c). */
#define WAITING "wait_for_partner"

/* Until a thread waits for the fifo's other end: the kernel has read the path by then. */
static void until_waiting(pid_t opener)
{
	char file[64], where[64];
	snprintf(file, sizeof(file), "/proc/%d/wchan", opener);
	for (;;) {
		int fd = open(file, O_RDONLY);
		ssize_t n = read(fd, where, sizeof(where));
		close(fd);
		if (n == (ssize_t)strlen(WAITING) && !memcmp(where, WAITING, n))
			return;
		usleep(1000);
	}
}
