/* Entries of a table of sockets, while it is made: sockets.c, unix_sockets.c. */
#pragma once
#include <stddef.h>

enum { KIND_IPV4 = 3, KIND_IPV6 = 4, KIND_IPV4_SERVER = 5, KIND_IPV6_SERVER = 6, KIND_UNIX = 8, KIND_NETLINK = 15 };
enum { L4_TCP = 2, L4_UDP = 3, L4_RAW = 5 };

struct socket_entry {
	unsigned long long ino;
	unsigned char kind;
	unsigned char l4proto;
	unsigned char local[16], remote[16];
	unsigned short local_port, remote_port;
	unsigned long long source;
	char *path;
};

struct socket_table {
	unsigned long long namespace;
	struct socket_entry *entries;
	size_t count, room;
	struct socket_table *next;
};

/* Room for one more, all zero; NULL when there is no memory. */
struct socket_entry *new_entry(struct socket_table *t);
/* Orders entries, for qsort and bsearch. */
int by_inode(const void *a, const void *b);

/*
 * Unix sockets of the network namespace that `pid` lives in. read_unix adds what /proc says, in which a name may forge lines;
 * once the table is ordered by inode, check_unix takes forged entries out and replaces names by those of sock_diag.
 */
void read_unix(struct socket_table *t, int pid);
void check_unix(struct socket_table *t, int pid);
