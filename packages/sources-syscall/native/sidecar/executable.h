/* A process's executable: what bpf/process.bpf.h tells of it at an exec, found in /proc. */
#pragma once

struct executable {
	char path[4096];
	unsigned path_size;     /* 0: it has none that can be read */
	int writable, upper_layer, lower_layer, from_memfd;
	unsigned long long ino, ctime_ns, mtime_ns;
};

/* `status` is the text of /proc/PID/status. */
void look_at_executable(struct executable *to, int pid, const char *status);
