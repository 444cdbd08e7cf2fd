/*
 * Users and groups as the files below a process's root name them. Whoever made that root decides what happens when its files
 * are read: a FUSE or a dead network file system never answers. So each reading is done by a child that is killed when its
 * time is over, and nothing here waits for one.
 */
#pragma once
#include <poll.h>
#include "../wire.h"

/* Readings at a time; further ones are refused. */
#define MAX_READINGS 4

struct names_readings;

struct names_readings *names_open(void);

/* Starts to read the names of a process. 0, or -errno of the socket, to which a refusal goes. */
int names_ask(struct names_readings *readings, int socket, __u32 pid);

/* Fills what is to be polled; returns how many of MAX_READINGS. */
int names_polled(const struct names_readings *readings, struct pollfd *to);

/* Sends what is complete, and ends what is over. 0, or -errno of the socket. */
int names_turn(struct names_readings *readings, int socket);

/* How often nothing could be read. */
__u64 names_refused(const struct names_readings *readings);

void names_close(struct names_readings *readings);
