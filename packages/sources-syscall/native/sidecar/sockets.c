#include "sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proc.h"
#include "socket_table.h"

static struct socket_table *tables;

struct socket_entry *new_entry(struct socket_table *t)
{
	if (t->count == t->room) {
		size_t room = t->room * 2 + 64;
		struct socket_entry *entries = realloc(t->entries, room * sizeof(*entries));
		if (!entries)
			return NULL;
		t->entries = entries;
		t->room = room;
	}
	memset(&t->entries[t->count], 0, sizeof(*t->entries));
	return &t->entries[t->count++];
}

/* Addresses in /proc/net are words in host order, in hex. */
static void parse_address(const char *hex, unsigned char *to, int words)
{
	for (int i = 0; i < words; i++) {
		unsigned int word = 0;
		sscanf(hex + 8 * i, "%8x", &word);
		memcpy(to + 4 * i, &word, 4);
	}
}

static void read_inet(struct socket_table *t, int pid, const char *name, int l4proto, int v6)
{
	char path[MAX_PROC_PATH], line[512];
	FILE *f;
	proc_path(path, sizeof(path), "%d/net/%s", pid, name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(line, sizeof(line), f)) {
		fclose(f);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		char local[64], remote[64];
		unsigned int local_port, remote_port, state;
		unsigned long long ino;
		static const unsigned char none[16];
		struct socket_entry *e;
		if (sscanf(line, " %*d: %63[0-9A-Fa-f]:%x %63[0-9A-Fa-f]:%x %x %*s %*s %*s %*d %*d %llu", local, &local_port, remote,
			   &remote_port, &state, &ino) != 6 || !ino)
			continue;
		e = new_entry(t);
		if (!e)
			break;
		e->ino = ino;
		e->l4proto = l4proto;
		e->local_port = local_port;
		e->remote_port = remote_port;
		parse_address(local, e->local, v6 ? 4 : 1);
		parse_address(remote, e->remote, v6 ? 4 : 1);
		/* without a peer it is a server's socket: listening, or bound */
		if (!remote_port && !memcmp(e->remote, none, sizeof(none)))
			e->kind = v6 ? KIND_IPV6_SERVER : KIND_IPV4_SERVER;
		else
			e->kind = v6 ? KIND_IPV6 : KIND_IPV4;
	}
	fclose(f);
}

static void read_netlink(struct socket_table *t, int pid)
{
	char path[MAX_PROC_PATH], line[512];
	FILE *f;
	proc_path(path, sizeof(path), "%d/net/netlink", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned long long ino;
		struct socket_entry *e;
		if (sscanf(line, "%*s %*d %*d %*s %*d %*d %*s %*d %*d %llu", &ino) != 1)
			continue;
		e = new_entry(t);
		if (!e)
			break;
		e->kind = KIND_NETLINK;
		e->ino = ino;
	}
	fclose(f);
}

const struct socket_table *sockets_of(int pid)
{
	char path[MAX_PROC_PATH];
	struct stat st;
	struct socket_table *t;
	proc_path(path, sizeof(path), "%d/ns/net", pid);
	if (stat(path, &st))
		return NULL;
	for (t = tables; t; t = t->next)
		if (t->namespace == st.st_ino)
			return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->namespace = st.st_ino;
	read_inet(t, pid, "tcp", L4_TCP, 0);
	read_inet(t, pid, "udp", L4_UDP, 0);
	read_inet(t, pid, "raw", L4_RAW, 0);
	read_inet(t, pid, "tcp6", L4_TCP, 1);
	read_inet(t, pid, "udp6", L4_UDP, 1);
	read_inet(t, pid, "raw6", L4_RAW, 1);
	read_unix(t, pid);
	read_netlink(t, pid);
	if (t->count)
		qsort(t->entries, t->count, sizeof(*t->entries), by_inode);
	check_unix(t, pid);
	t->next = tables;
	tables = t;
	return t;
}

int add_socket(struct block *b, const struct socket_table *table, unsigned long long ino)
{
	struct socket_entry key = { .ino = ino };
	const struct socket_entry *e = table ? bsearch(&key, table->entries, table->count, sizeof(key), by_inode) : NULL;
	if (!e)
		return 0;
	add_u8(b, e->kind);
	switch (e->kind) {
	case KIND_IPV4:
		add_bytes(b, e->local, 4);
		add_bytes(b, e->remote, 4);
		add_u16(b, e->local_port);
		add_u16(b, e->remote_port);
		add_u8(b, e->l4proto);
		break;
	case KIND_IPV6:
		add_bytes(b, e->local, 16);
		add_bytes(b, e->remote, 16);
		add_u16(b, e->local_port);
		add_u16(b, e->remote_port);
		add_u8(b, e->l4proto);
		break;
	case KIND_IPV4_SERVER:
		add_bytes(b, e->local, 4);
		add_u16(b, e->local_port);
		add_u8(b, e->l4proto);
		break;
	case KIND_IPV6_SERVER:
		add_bytes(b, e->local, 16);
		add_u16(b, e->local_port);
		add_u8(b, e->l4proto);
		break;
	case KIND_UNIX:
		add_u64(b, e->source);
		add_u64(b, 0);
		add_text(b, e->path ? e->path : "", e->path ? strlen(e->path) : 0, 1023);
		break;
	default:
		add_text(b, "", 0, 0);
	}
	return 1;
}

void sockets_free(void)
{
	while (tables) {
		struct socket_table *t = tables;
		tables = t->next;
		for (size_t i = 0; i < t->count; i++)
			free(t->entries[i].path);
		free(t->entries);
		free(t);
	}
}
