/* The service's socket in the file system. */
#pragma once

/*
 * Listens at `path`; owner and group may connect: the service's group decides who runs an engine. A socket that nobody
 * listens at any more is replaced; anything else that lies there stays. The descriptor, or -errno after saying why on stderr.
 */
int listen_at(const char *path);

/* Closes it, and takes the file away if it is still this socket's. */
void unlisten(int listening, const char *path);
