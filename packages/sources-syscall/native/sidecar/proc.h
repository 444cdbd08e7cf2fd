/* Reading the host's /proc. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Where the host's root file system is seen, from the environment's HOST_ROOT; "" = at /. At most MAX_HOST_ROOT bytes. */
extern const char *host_root;
#define MAX_HOST_ROOT 256
#define MAX_PROC_PATH (MAX_HOST_ROOT + 96)

/* The path of a file of the host's /proc. */
void proc_path(char *to, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* This process's id in the host's /proc; 0 = it is not in there. */
int own_pid(void);

/* A whole small file; its length, or -1. Nothing is put behind it. */
ssize_t read_file(const char *path, char *to, size_t room);
/* The same as text, with a NUL behind it; '' when it can't be read. `room` includes the NUL. */
size_t read_text(const char *path, char *to, size_t room);
/* Where a link leads, with a NUL behind it; 0 when it can't be read. */
size_t read_link(const char *path, char *to, size_t room);

/* The value behind `key` at the start of a line, or NULL. */
const char *status_value(const char *status, const char *key);
/* The n-th of the numbers behind `key`, from 0; 0 when there is none. */
unsigned long long status_number(const char *status, const char *key, int n, int base);
/* The last of the numbers behind `key`: an id as the innermost namespace sees it. -1 when there is none. */
long long status_last(const char *status, const char *key);

/* The number that a directory entry's name is, or -1. */
int entry_number(const char *name);
