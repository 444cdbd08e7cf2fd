/*
 * Attackers for race.test.ts. Names are at most 7 bytes: the change is one store.
 *   race flip NAME OTHER TIMES   opens, TIMES times, a path that another thread changes all the while from NAME to OTHER and back
 *   race wait NAME OTHER         opens the fifo NAME, and has OTHER stand there while the kernel waits for its other end
 *   race last FIFO LENGTH…       opens the fifo by a path of each length, in bytes, and changes its last byte while the kernel waits
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "stay-on.h"
#include "waiting.h"

static volatile uint64_t path __attribute__((aligned(64)));
static uint64_t names[2];
static volatile int done;
static volatile pid_t opener;

static void *flip(void *unused)
{
	stay_on(1);
	while (!done) {
		path = names[1];
		path = names[0];
	}
	return unused;
}

static void *open_path(void *unused)
{
	opener = syscall(SYS_gettid);
	close(open((const char *)&path, O_RDONLY));
	return unused;
}

static char text[4096];

static void *open_text(void *unused)
{
	opener = syscall(SYS_gettid);
	close(open(text, O_RDONLY));
	return unused;
}

/* `.`, as many slashes as it takes, and the name. */
static int change_last(const char *fifo, size_t length)
{
	pthread_t thread;
	size_t name = strlen(fifo);
	if (length >= sizeof(text) || length < name + 2)
		return 2;
	memset(text, '/', length);
	text[0] = '.';
	memcpy(text + length - name, fifo, name + 1);
	opener = 0;
	if (pthread_create(&thread, NULL, open_text, NULL))
		return 1;
	while (!opener)
		usleep(1000);
	until_waiting(opener);
	text[length - 1] ^= 1;
	close(open(fifo, O_WRONLY));
	pthread_join(thread, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	if (argc > 3 && !strcmp(argv[1], "last")) {
		int failed = 0;
		for (int i = 3; i < argc && !failed; i++)
			failed = change_last(argv[2], atoi(argv[i]));
		return failed;
	}
	if (argc < 4 || strlen(argv[2]) > 7 || strlen(argv[3]) > 7)
		return 2;
	strncpy((char *)&names[0], argv[2], 8);
	strncpy((char *)&names[1], argv[3], 8);
	path = names[0];
	if (pthread_create(&thread, NULL, argc > 4 ? flip : open_path, NULL))
		return 1;
	if (argc > 4) {
		stay_on(0);
		for (int i = 0; i < atoi(argv[4]); i++)
			open_path(NULL);
		done = 1;
	} else {
		while (!opener)
			usleep(1000);
		until_waiting(opener);
		path = names[1];
		close(open(argv[2], O_WRONLY));
	}
	pthread_join(thread, NULL);
	return 0;
}
