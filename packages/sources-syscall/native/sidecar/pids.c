#include "pids.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "programs.h"
#include "../wire.h"

#define PROC_PID_INIT_INO 0xEFFFFFFC /* include/linux/proc_ns.h */
#define PF_KTHREAD 0x00200000        /* include/linux/sched.h */

int in_initial_pidns(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) || st.st_ino == PROC_PID_INIT_INO;
}

int proc_is_initial(void)
{
	char path[MAX_PROC_PATH], stat[512], *flags;
	unsigned bits = 0;
	/* Process 2 is a thread of the kernel there, and nowhere else. Other processes' namespaces may not be looked at. */
	proc_path(path, sizeof(path), "2/stat");
	read_text(path, stat, sizeof(stat));
	flags = strrchr(stat, ')');
	return flags && sscanf(flags + 1, " %*c %*d %*d %*d %*d %*d %u", &bits) == 1 && (bits & PF_KTHREAD);
}

/* Reads the iterator's pairs. */
static int translate(int iterator, __u32 *one, __u32 *other)
{
	struct pid_pair pairs[256];
	__u32 found[2] = {};
	ssize_t n;
	int fd = bpf_iter_create(iterator);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, pairs, sizeof(pairs))) > 0 || (n < 0 && errno == EAGAIN))
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(pairs[0]); i++) {
			if (pairs[i].here == *one)
				found[0] = pairs[i].global;
			if (pairs[i].here == *other)
				found[1] = pairs[i].global;
		}
	close(fd);
	if (n < 0)
		return -errno;
	*one = found[0];
	*other = found[1];
	return 0;
}

int globalize(__u32 *one, __u32 *other)
{
	struct probe *skeleton = open_skeleton();
	struct bpf_program *program;
	struct bpf_link *link;
	int err;
	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, program == skeleton->progs.list_pids);
	err = probe__load(skeleton);
	if (!err) {
		link = bpf_program__attach_iter(skeleton->progs.list_pids, NULL);
		err = link ? translate(bpf_link__fd(link), one, other) : -errno;
		bpf_link__destroy(link);
	}
	probe__destroy(skeleton);
	return err;
}
