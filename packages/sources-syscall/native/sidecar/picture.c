#include "picture.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "blocks.h"
#include "descriptors.h"
#include "pids.h"
#include "proc.h"
#include "processes.h"
#include "sockets.h"
#include "status.h"

#define BLOCK_LIMIT (256 * 1024) /* a list is cut into blocks of about this size */
#define MAX_REREAD 4096          /* descriptors of a process that are read again; libsinsp keeps no more */

static int send_machine(int socket, struct block *b, const struct boot_time *boot)
{
	char hostname[128] = {}, text[32], path[MAX_PROC_PATH];
	struct sysinfo info;
	sysinfo(&info);
	gethostname(hostname, sizeof(hostname) - 1);
	proc_path(path, sizeof(path), "sys/kernel/pid_max");
	read_text(path, text, sizeof(text));
	block_begin(b, BLOCK_MACHINE);
	add_u32(b, sysconf(_SC_NPROCESSORS_ONLN));
	add_u64(b, (__u64)info.totalram * info.mem_unit);
	add_u64(b, strtoull(text, NULL, 10));
	add_bytes(b, hostname, sizeof(hostname));
	add_u64(b, boot->stat);
	add_u64(b, 0);
	add_u64(b, 0);
	add_u64(b, 0);
	return block_send(b, socket);
}

static int send_interfaces(int socket, struct block *b)
{
	struct ifaddrs *all, *i;
	if (getifaddrs(&all))
		return 0;
	block_begin(b, BLOCK_INTERFACES_V2);
	for (i = all; i; i = i->ifa_next) {
		size_t name = strlen(i->ifa_name), start;
		int v6, width;
		if (!i->ifa_addr || !i->ifa_netmask || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		v6 = i->ifa_addr->sa_family == AF_INET6;
		width = v6 ? 16 : 4;
		start = b->size;
		add_u32(b, 0);
		add_u16(b, v6 ? 2 : 1);
		add_u16(b, name);
		for (int part = 0; part < 3; part++) {
			struct sockaddr *a = part == 0 ? i->ifa_addr : part == 1 ? i->ifa_netmask : i->ifa_broadaddr;
			static const char none[16];
			const void *from = none;
			if (a && v6)
				from = &((struct sockaddr_in6 *)a)->sin6_addr;
			else if (a)
				from = &((struct sockaddr_in *)a)->sin_addr;
			add_bytes(b, part == 2 && v6 ? none : from, width);
		}
		add_u64(b, 0);
		add_bytes(b, i->ifa_name, name);
		if (!b->failed) {
			__u32 length = b->size - start - 4; /* this length does not count itself */
			memcpy(b->bytes + start, &length, sizeof(length));
		}
	}
	freeifaddrs(all);
	return block_send(b, socket);
}

static FILE *open_on_host(const char *name)
{
	char path[MAX_PROC_PATH];
	snprintf(path, sizeof(path), "%s%s", host_root, name);
	return fopen(path, "re");
}

static int send_users(int socket, struct block *b)
{
	/* Not by getpwent: that loads NSS modules of the machine's libc, which a static program cannot. */
	FILE *passwd = open_on_host("/etc/passwd"), *groups = open_on_host("/etc/group");
	struct passwd *user;
	struct group *group;
	block_begin(b, BLOCK_USERS_V2);
	while (passwd && (user = fgetpwent(passwd))) {
		size_t start = entry_begin(b);
		add_u8(b, 0);
		add_u32(b, user->pw_uid);
		add_u32(b, user->pw_gid);
		add_text(b, user->pw_name, strlen(user->pw_name), 255);
		add_text(b, user->pw_dir, strlen(user->pw_dir), 255);
		add_text(b, user->pw_shell, strlen(user->pw_shell), 255);
		entry_end(b, start);
	}
	while (groups && (group = fgetgrent(groups))) {
		size_t start = entry_begin(b);
		add_u8(b, 1);
		add_u32(b, group->gr_gid);
		add_text(b, group->gr_name, strlen(group->gr_name), 255);
		entry_end(b, start);
	}
	if (passwd)
		fclose(passwd);
	if (groups)
		fclose(groups);
	return block_send(b, socket);
}

/* Processes first, then the descriptors of each: an FDL block may only name a thread that is known. */
static int send_processes(int socket, struct block *b, const struct boot_time *boot, bool environments)
{
	char path[MAX_PROC_PATH];
	DIR *proc;
	struct dirent *entry;
	int err = 0, self = own_pid();
	proc_path(path, sizeof(path), ".");
	proc = opendir(path);
	if (!proc)
		return -errno;
	block_begin(b, BLOCK_PROCESSES_V9);
	while (!err && (entry = readdir(proc))) {
		int pid = entry_number(entry->d_name);
		if (pid <= 0 || pid == self)
			continue;
		add_threads(b, pid, boot, environments);
		if (b->size > BLOCK_LIMIT) {
			err = block_send(b, socket);
			block_begin(b, BLOCK_PROCESSES_V9);
		}
	}
	if (!err && b->size > 8)
		err = block_send(b, socket);
	rewinddir(proc);
	while (!err && (entry = readdir(proc))) {
		int pid = entry_number(entry->d_name);
		if (pid > 0 && pid != self && add_descriptors(b, pid, INT_MAX))
			err = block_send(b, socket);
	}
	closedir(proc);
	sockets_free();
	forget_mounts();
	forget_namespaces();
	return err;
}

/* Of /proc/stat, whose lines may be longer than the buffer: none but this one begins so. */
static __u64 boot_seconds(void)
{
	char line[256], path[MAX_PROC_PATH];
	unsigned long long seconds = 0;
	FILE *f;
	proc_path(path, sizeof(path), "stat");
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "btime %llu", &seconds) != 1)
		;
	if (f)
		fclose(f);
	return seconds;
}

int send_picture(int socket, __u64 boot_time_ns, bool environments)
{
	struct block b = {};
	struct boot_time boot = { .clock = boot_time_ns, .stat = boot_seconds() * 1000000000ull };
	int err = send_machine(socket, &b, &boot);
	if (!err)
		err = send_interfaces(socket, &b);
	if (!err)
		err = send_users(socket, &b);
	if (!err && proc_is_initial())
		err = send_processes(socket, &b, &boot, environments);
	else if (!err)
		fprintf(stderr, "falc-probe: %s/proc is that of a pid namespace: processes that run already are not known. Share the host's pid "
				"namespace, or mount its file system and set HOST_ROOT\n", host_root);
	block_free(&b);
	return err;
}

int send_descriptors(int socket, const __u32 *pids, __u32 count)
{
	struct block b = {};
	int err = 0, self = own_pid();
	if (!proc_is_initial())
		return 0;
	for (__u32 i = 0; !err && i < count; i++)
		if (pids[i] != (__u32)self && add_descriptors(&b, pids[i], MAX_REREAD))
			err = block_send(&b, socket);
	sockets_free();
	forget_mounts();
	block_free(&b);
	return err;
}
