/* Serves engines that connect to a unix socket, one after another. */
#pragma once

/* Listens at `path` until a signal comes. 0, or -errno after saying why on stderr. */
int serve_all(const char *path);
