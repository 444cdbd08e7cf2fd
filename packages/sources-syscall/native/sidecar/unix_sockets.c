#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "socket_table.h"
#include "unix_names.h"

/* Kernel addresses, which events use. Names come from sock_diag if possible: here a name may forge lines. */
void read_unix(struct socket_table *t, int pid)
{
	char path[MAX_PROC_PATH], line[512];
	FILE *f;
	proc_path(path, sizeof(path), "%d/net/unix", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned long long source, ino;
		int at = 0;
		struct socket_entry *e;
		if (sscanf(line, "%llx: %*s %*s %*s %*s %*s %llu %n", &source, &ino, &at) != 2 || !ino)
			continue;
		e = new_entry(t);
		if (!e)
			break;
		e->kind = KIND_UNIX;
		e->ino = ino;
		e->source = source;
		line[strcspn(line, "\n")] = 0;
		e->path = at && line[at] ? strdup(line + at) : NULL;
	}
	fclose(f);
}

int by_inode(const void *a, const void *b)
{
	unsigned long long x = ((const struct socket_entry *)a)->ino, y = ((const struct socket_entry *)b)->ino;
	return x < y ? -1 : x > y;
}

static void drop_entry(struct socket_entry *e)
{
	free(e->path);
	e->path = NULL;
	e->kind = 0;
}

/* Of two entries with one inode, one is forged. Only entries of unix sockets can be; which one is unknown. */
static void drop_forged(struct socket_table *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->count;) {
		size_t end = i + 1, others = 0;
		while (end < t->count && t->entries[end].ino == t->entries[i].ino)
			end++;
		for (size_t j = i; j < end && end - i > 1; j++)
			others += t->entries[j].kind != KIND_UNIX;
		for (size_t j = i; j < end && end - i > 1; j++) {
			if (t->entries[j].kind == KIND_UNIX && (others || j > i))
				drop_entry(&t->entries[j]);
			else if (t->entries[j].kind == KIND_UNIX) {
				free(t->entries[j].path);
				t->entries[j].path = NULL;
				t->entries[j].source = 0;
			}
		}
		for (; i < end; i++)
			if (t->entries[i].kind)
				t->entries[kept++] = t->entries[i];
	}
	t->count = kept;
}

/* The unix sockets that there are, by the kernel's own list. */
struct known_sockets {
	struct socket_table *table;
	struct socket_entry *entries;
	size_t count, room;
};

static void know_socket(void *context, unsigned long long ino, const char *name, size_t length)
{
	struct known_sockets *known = context;
	struct socket_entry key = { .ino = ino };
	const struct socket_entry *there = bsearch(&key, known->table->entries, known->table->count, sizeof(key), by_inode);
	if (known->count == known->room) {
		size_t room = known->room * 2 + 64;
		struct socket_entry *entries = realloc(known->entries, room * sizeof(*entries));
		if (!entries)
			return;
		known->entries = entries;
		known->room = room;
	}
	known->entries[known->count++] = (struct socket_entry){
		.kind = KIND_UNIX, .ino = ino, .source = there ? there->source : 0, .path = length ? strndup(name, length) : NULL,
	};
}

/* Replaces the entries from /proc by those of sock_diag, if that is available. */
void check_unix(struct socket_table *t, int pid)
{
	struct known_sockets known = { .table = t };
	size_t kept = 0;
	drop_forged(t);
	if (unix_names(pid, know_socket, &known)) {
		for (size_t i = 0; i < known.count; i++)
			free(known.entries[i].path);
		free(known.entries);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i].kind == KIND_UNIX)
			drop_entry(&t->entries[i]);
		else
			t->entries[kept++] = t->entries[i];
	t->count = kept;
	for (size_t i = 0; i < known.count; i++) {
		struct socket_entry *e = new_entry(t);
		if (e)
			*e = known.entries[i];
		else
			free(known.entries[i].path);
	}
	free(known.entries);
	qsort(t->entries, t->count, sizeof(*t->entries), by_inode);
}
