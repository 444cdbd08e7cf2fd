/* Sockets by inode, from /proc/PID/net: one table per network namespace. */
#pragma once
#include "blocks.h"

struct socket_table;

/* The table of the network namespace that `pid` lives in; cached by namespace. NULL when it can't be read. */
const struct socket_table *sockets_of(int pid);

/* Appends the body of an FDL entry (from the type byte on) for a socket; 0 when the inode is not in the table. */
int add_socket(struct block *b, const struct socket_table *table, unsigned long long ino);

void sockets_free(void);
