/*
 * A connection to a socket that a user controls, made with that user's rights in a process that can be killed: whoever owns the
 * path may have put a file system there that never answers.
 */
#pragma once
#include <sys/types.h>

/* Connects to `path` as `uid`, writes one byte to `channel` (0, or the errno), then carries bytes both ways until an end closes. */
int relay(const char *path, uid_t uid, int channel);
