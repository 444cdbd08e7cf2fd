/* Names of unix sockets by NETLINK_SOCK_DIAG. In /proc/net/unix a name may hold a newline, and so forge lines. */
#pragma once
#include <stddef.h>

/*
 * Calls `take` for every unix socket of the network namespace that `pid` lives in; its name is "" when it has none, and each NUL
 * of an abstract one is shown as '@', as in /proc. 0, or -errno: a namespace other than this process's own needs
 * CAP_SYS_ADMIN.
 */
int unix_names(int pid, void (*take)(void *context, unsigned long long ino, const char *name, size_t length), void *context);
