#include "proc.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *host_root = "";

void proc_path(char *to, size_t room, const char *format, ...)
{
	int n = snprintf(to, room, "%s/proc/", host_root);
	va_list args;
	va_start(args, format);
	if (n > 0 && (size_t)n < room)
		vsnprintf(to + n, room - n, format, args);
	va_end(args);
}

int own_pid(void)
{
	char path[MAX_PROC_PATH], target[32];
	proc_path(path, sizeof(path), "self");
	return read_link(path, target, sizeof(target)) ? entry_number(target) : 0;
}

ssize_t read_file(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	if (fd < 0)
		return -1;
	while (size < room) {
		ssize_t n = read(fd, to + size, room - size);
		if (n <= 0)
			break;
		size += n;
	}
	close(fd);
	return size;
}

size_t read_text(const char *path, char *to, size_t room)
{
	ssize_t n = read_file(path, to, room - 1);
	if (n < 0)
		n = 0;
	to[n] = 0;
	return n;
}

size_t read_link(const char *path, char *to, size_t room)
{
	ssize_t n = readlink(path, to, room - 1);
	if (n < 0)
		n = 0;
	to[n] = 0;
	return n;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

const char *status_value(const char *status, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = status; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (!strncmp(line, key, length))
			return skip_blanks(line + length);
	return NULL;
}

unsigned long long status_number(const char *status, const char *key, int n, int base)
{
	const char *at = status_value(status, key);
	for (; at && n > 0; n--) {
		while (*at && !isspace((unsigned char)*at))
			at++;
		at = skip_blanks(at);
	}
	return at && isxdigit((unsigned char)*at) ? strtoull(at, NULL, base) : 0;
}

long long status_last(const char *status, const char *key)
{
	const char *at = status_value(status, key);
	long long last = -1;
	while (at && isdigit((unsigned char)*at)) {
		char *end;
		last = strtoll(at, &end, 10);
		at = skip_blanks(end);
	}
	return last;
}

int entry_number(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);
	return *end || end == name || n < 0 ? -1 : (int)n;
}
