/*
 * What JavaScript cannot do by itself: map a BPF ring buffer, and unix sockets that carry descriptors. No logic here: the
 * layout of the ring is src/live/ring.ts's business, frames are src/live/control.ts's.
 *
 *   map(fd, ringBytes)   → { consumer, producer, data }: ArrayBuffers over the ring's pages, unmapped when collected.
 *                          Only `consumer` may be written to: the kernel maps the others read-only.
 *   socketpair()         → [fd, fd], close-on-exec
 *   connect(path)        → fd of a stream socket
 *   receive(fd, bytes)   → { length, fds }: without waiting; length -1 = nothing there yet, 0 = the peer has closed
 *   send(fd, bytes)      → bytes taken, -1 = no room now
 *   close(fd)
 *
 * Errors of the system are thrown as Error with `code` (EPERM …). Only descriptors returned by these functions are
 * accepted: others, and closed ones, fail with EBADF, since the number may belong to the runtime by now.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <node_api.h>

#define MAX_FDS 253 /* SCM_MAX_FD, include/net/scm.h */

/* What these calls give; strerrorname_np would say all, but needs glibc 2.32. */
static const char *name_of(int error)
{
	static const struct { int number; const char *name; } NAMES[] = {
		{ EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { EINTR, "EINTR" }, { EBADF, "EBADF" }, { EAGAIN, "EAGAIN" },
		{ ENOMEM, "ENOMEM" }, { EACCES, "EACCES" }, { ENODEV, "ENODEV" }, { EINVAL, "EINVAL" }, { ENFILE, "ENFILE" },
		{ EMFILE, "EMFILE" }, { EPIPE, "EPIPE" }, { ENOTSOCK, "ENOTSOCK" }, { ENOTCONN, "ENOTCONN" },
		{ ECONNREFUSED, "ECONNREFUSED" }, { ECONNRESET, "ECONNRESET" }, { ENOBUFS, "ENOBUFS" }, { EOVERFLOW, "EOVERFLOW" },
		{ ENOTSUP, "ENOTSUP" }, { ENOTDIR, "ENOTDIR" }, { ELOOP, "ELOOP" }, { ETIMEDOUT, "ETIMEDOUT" }, { EPROTOTYPE, "EPROTOTYPE" },
	};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
		if (NAMES[i].number == error)
			return NAMES[i].name;
	return NULL;
}

static napi_value fail(napi_env env, const char *what)
{
	int error = errno;
	char text[256];
	snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	napi_throw_error(env, name_of(error), text);
	return NULL;
}

/* Descriptors that these functions gave and that are not closed, of all threads. */
#define MAX_FD (1 << 20)
static atomic_bool given[MAX_FD];

/* Gives a descriptor to JavaScript: -1 and an error is pending, when it can't be remembered. */
static int give(napi_env env, int fd)
{
	if (fd < MAX_FD) {
		atomic_store(&given[fd], 1);
		return fd;
	}
	close(fd);
	napi_throw_error(env, "EMFILE", "too many descriptors are open");
	return -1;
}

/* The call's arguments; 0 = there are too few, and an error is pending. */
static int arguments(napi_env env, napi_callback_info info, size_t count, napi_value *to)
{
	size_t given = count;
	if (napi_get_cb_info(env, info, &given, to, NULL, NULL) != napi_ok || given < count) {
		napi_throw_type_error(env, NULL, "too few arguments");
		return 0;
	}
	return 1;
}

static int int_of(napi_env env, napi_value from, int *to)
{
	if (napi_get_value_int32(env, from, to) == napi_ok)
		return 1;
	napi_throw_type_error(env, NULL, "expected an integer");
	return 0;
}

static int descriptor_of(napi_env env, napi_value from, int *to)
{
	char text[96];
	if (!int_of(env, from, to))
		return 0;
	if (*to >= 0 && *to < MAX_FD && atomic_load(&given[*to]))
		return 1;
	snprintf(text, sizeof(text), "descriptor %d is closed, or did not come from here", *to);
	napi_throw_error(env, "EBADF", text);
	return 0;
}

/* Not empty: no bytes received would look like the peer's end. */
static int bytes_of(napi_env env, napi_value from, void **data, size_t *length)
{
	napi_typedarray_type type;
	if (napi_get_typedarray_info(env, from, &type, length, data, NULL, NULL) == napi_ok && type == napi_uint8_array && *length && *data)
		return 1;
	napi_throw_type_error(env, NULL, "expected a Uint8Array of at least one byte");
	return 0;
}

static napi_value number(napi_env env, long n)
{
	napi_value value;
	return napi_create_int64(env, n, &value) == napi_ok ? value : NULL;
}

static void unmap(napi_env env, void *data, void *hint)
{
	(void)env;
	munmap(data, (size_t)hint);
}

/* Maps a part of the ring and puts it into `object`; 0 = an error is pending. */
static int map_part(napi_env env, napi_value object, const char *name, int fd, int protection, off_t offset, size_t length)
{
	napi_value buffer;
	void *data = mmap(NULL, length, protection, MAP_SHARED, fd, offset);
	if (data == MAP_FAILED) {
		fail(env, "mmap of the ring");
		return 0;
	}
	if (napi_create_external_arraybuffer(env, data, length, unmap, (void *)length, &buffer) != napi_ok) {
		munmap(data, length);
		napi_throw_error(env, "ENOTSUP", "this runtime takes no memory from outside");
		return 0;
	}
	return napi_set_named_property(env, object, name, buffer) == napi_ok;
}

/* Of a file that is shorter than its mapping, the missing pages would kill the process. */
static int is_bpf_map(int fd)
{
	char path[64], target[64];
	ssize_t n;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	return !strcmp(target, "anon_inode:bpf-map");
}

static napi_value map(napi_env env, napi_callback_info info)
{
	napi_value args[2], object;
	long page = sysconf(_SC_PAGESIZE);
	int fd, ring;
	if (!arguments(env, info, 2, args) || !descriptor_of(env, args[0], &fd) || !int_of(env, args[1], &ring))
		return NULL;
	if (!is_bpf_map(fd)) {
		napi_throw_type_error(env, NULL, "the descriptor is not a BPF map");
		return NULL;
	}
	if (ring < page || (ring & (ring - 1))) {
		napi_throw_range_error(env, NULL, "a ring is a power of two of at least one page");
		return NULL;
	}
	if (napi_create_object(env, &object) != napi_ok)
		return NULL;
	/* kernel/bpf/ringbuf.c: the consumer's page, the producer's page, the data twice in a row */
	if (!map_part(env, object, "consumer", fd, PROT_READ | PROT_WRITE, 0, page) ||
	    !map_part(env, object, "producer", fd, PROT_READ, page, page) ||
	    !map_part(env, object, "data", fd, PROT_READ, 2 * page, 2 * (size_t)ring))
		return NULL;
	return object;
}

static napi_value socket_pair(napi_env env, napi_callback_info info)
{
	napi_value array;
	int fds[2];
	(void)info;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return fail(env, "socketpair");
	if (napi_create_array_with_length(env, 2, &array) != napi_ok)
		return NULL;
	for (int i = 0; i < 2; i++)
		napi_set_element(env, array, i, number(env, give(env, fds[i])));
	return array;
}

static napi_value connect_to(napi_env env, napi_callback_info info)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	napi_value args[1];
	size_t length;
	int fd;
	if (!arguments(env, info, 1, args))
		return NULL;
	if (napi_get_value_string_utf8(env, args[0], NULL, 0, &length) != napi_ok || length == 0 || length >= sizeof(address.sun_path)) {
		napi_throw_type_error(env, NULL, "expected the path of a socket, of at most 107 bytes");
		return NULL;
	}
	napi_get_value_string_utf8(env, args[0], address.sun_path, sizeof(address.sun_path), &length);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(env, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		fail(env, "connect");
		close(fd);
		return NULL;
	}
	return number(env, give(env, fd));
}

static napi_value receive(napi_env env, napi_callback_info info)
{
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	struct iovec iov;
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	napi_value args[2], object, fds;
	int fd, count = 0;
	ssize_t n;
	if (!arguments(env, info, 2, args) || !descriptor_of(env, args[0], &fd) || !bytes_of(env, args[1], &iov.iov_base, &iov.iov_len))
		return NULL;
	do {
		n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return fail(env, "recvmsg");
	if (napi_create_object(env, &object) != napi_ok || napi_create_array(env, &fds) != napi_ok)
		return NULL;
	for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			int passed;
			memcpy(&passed, CMSG_DATA(c) + at, sizeof(passed));
			napi_set_element(env, fds, count++, number(env, give(env, passed)));
		}
	}
	napi_set_named_property(env, object, "length", number(env, n));
	napi_set_named_property(env, object, "fds", fds);
	return object;
}

static napi_value send_bytes(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	void *data;
	size_t length;
	ssize_t n;
	int fd;
	if (!arguments(env, info, 2, args) || !descriptor_of(env, args[0], &fd) || !bytes_of(env, args[1], &data, &length))
		return NULL;
	do {
		n = send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return fail(env, "send");
	return number(env, n);
}

static napi_value close_fd(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	int fd;
	if (!arguments(env, info, 1, args) || !descriptor_of(env, args[0], &fd))
		return NULL;
	atomic_store(&given[fd], 0); /* before: afterwards the number may be another thread's */
	if (close(fd))
		return fail(env, "close");
	return NULL;
}

NAPI_MODULE_INIT()
{
	static const struct { const char *name; napi_callback call; } FUNCTIONS[] = {
		{ "map", map }, { "socketpair", socket_pair }, { "connect", connect_to },
		{ "receive", receive }, { "send", send_bytes }, { "close", close_fd },
	};
	for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(*FUNCTIONS); i++) {
		napi_value function;
		if (napi_create_function(env, FUNCTIONS[i].name, NAPI_AUTO_LENGTH, FUNCTIONS[i].call, NULL, &function) != napi_ok ||
		    napi_set_named_property(env, exports, FUNCTIONS[i].name, function) != napi_ok)
			return NULL;
	}
	return exports;
}
