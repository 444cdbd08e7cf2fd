#include "service.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "listening.h"
#include "notify.h"
#include "serve.h"
#include "signals.h"
#include "worker.h"

/* Engines that are connected but not served yet. */
#define MAX_CLIENTS 16
/* Nanoseconds that a client has for its CONFIGURE. Meanwhile others are served. */
#define PATIENCE (10 * 1000000000ull)

/* Milliseconds between looks at the clock. */
#define TURN 1000

struct client {
	int fd;
	struct peer peer;
	__u64 since;
	__u64 boot_time_ns;   /* as sent in HELLO */
	size_t filled;
	struct {
		struct frame_header header;
		struct configure settings;
	} received;
};

struct service {
	int listening;
	struct client clients[MAX_CLIENTS];   /* in the order of connecting */
	int count;
	struct worker worker;
	struct peer served;
};

static int is_configured(const struct client *client)
{
	return client->filled == sizeof(client->received);
}

static void drop(struct service *service, int which)
{
	struct client *client = &service->clients[which];
	close(client->fd);
	service->count--;
	memmove(client, client + 1, (service->count - which) * sizeof(*client));
}

static void send_wait(const struct service *service, const struct client *client)
{
	struct wait wait = { .pid = service->served.pid, .uid = service->served.uid };
	fprintf(stderr, "falc-probe: process %d of user %d waits for process %d\n", client->peer.pid, client->peer.uid, service->served.pid);
	send_frame(client->fd, FRAME_WAIT, &wait, sizeof(wait), NULL, 0);
}

/* When all places are taken, the oldest client that has not sent its CONFIGURE makes room. 0 = there is none. */
static int make_room(struct service *service)
{
	if (service->count < MAX_CLIENTS)
		return 1;
	for (int i = 0; i < service->count; i++) {
		if (!is_configured(&service->clients[i])) {
			drop(service, i);
			return 1;
		}
	}
	return 0;
}

static void accept_client(struct service *service)
{
	struct hello hello = hello_now();
	struct client *client;
	int fd = accept4(service->listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (!make_room(service)) {
		send_problem(fd, "%d engines are waiting already", MAX_CLIENTS);
		close(fd);
		return;
	}
	client = &service->clients[service->count++];
	*client = (struct client){ .fd = fd, .peer = peer_of(fd), .since = clock_ns(CLOCK_MONOTONIC), .boot_time_ns = hello.boot_time_ns };
	send_frame(fd, FRAME_HELLO, &hello, sizeof(hello), NULL, 0);
}

/* Reads what a client sends before it is served. 0 = it may stay. */
static int read_client(struct service *service, struct client *client)
{
	const struct frame_header *header = &client->received.header;
	const char *why;
	ssize_t n = recv(client->fd, (char *)&client->received + client->filled, sizeof(client->received) - client->filled, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -EPIPE;
	client->filled += n;
	if (client->filled >= sizeof(*header) && (header->kind != FRAME_CONFIGURE || header->length != sizeof(client->received.settings))) {
		send_problem(client->fd, "expected a CONFIGURE frame of %zu bytes", sizeof(client->received.settings));
		return -EPROTO;
	}
	if (!is_configured(client))
		return 0;
	why = refuse(&client->received.settings);
	if (why) {
		send_problem(client->fd, "%s", why);
		return -EINVAL;
	}
	if (service->worker.pid)
		send_wait(service, client);
	return 0;
}

/* Drops clients that have hung up or have been silent for too long. */
static void drop_lost(struct service *service, const struct pollfd *polled, int count)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	for (int i = count - 1; i >= 0; i--) {
		struct client *client = &service->clients[i];
		int over = is_configured(client) ? polled[i].revents != 0 : polled[i].revents != 0 && read_client(service, client);
		if (over || (!is_configured(client) && now - client->since > PATIENCE))
			drop(service, i);
	}
}

struct work {
	struct service *service;
	struct client client;
};

static int work(void *context)
{
	struct work *work = context;
	struct client *client = &work->client;
	for (int i = 0; i < work->service->count; i++)
		close(work->service->clients[i].fd);
	close(work->service->listening);
	return record(client->fd, &client->received.settings, client->boot_time_ns, client->peer.pid);
}

/* Serves the next client that is ready, if there is one. */
static void serve_next(struct service *service)
{
	for (int i = 0; i < service->count; i++) {
		struct work job = { .service = service, .client = service->clients[i] };
		int err;
		if (!is_configured(&job.client))
			continue;
		job.client.fd = dup(job.client.fd);
		drop(service, i);
		service->served = job.client.peer;
		err = worker_start(&service->worker, work, &job);
		if (err)
			send_problem(job.client.fd, "no worker can be started: %s", strerror(-err));
		else
			fprintf(stderr, "falc-probe: serves process %d of user %d\n", service->served.pid, service->served.uid);
		close(job.client.fd);
		return;
	}
}

static void reap(struct service *service)
{
	char how[96];
	int in_order = worker_reap(&service->worker, how, sizeof(how));
	fprintf(stderr, "falc-probe: process %d is no longer served%s%s\n", service->served.pid, in_order ? "" : ": its worker was ", in_order ? "" : how);
}

int serve_all(const char *path)
{
	struct service service = { .worker = { .pidfd = -1 } };
	service.listening = listen_at(path);
	if (service.listening < 0)
		return service.listening;
	notify("READY=1");
	while (!stopping) {
		/* the clients, in their order, then the worker, then new ones */
		struct pollfd polled[MAX_CLIENTS + 2];
		int count = service.count, n;
		for (int i = 0; i < count; i++) {
			/* what a configured client sends is left for its worker */
			short events = is_configured(&service.clients[i]) ? POLLRDHUP : POLLIN | POLLRDHUP;
			polled[i] = (struct pollfd){ .fd = service.clients[i].fd, .events = events };
		}
		polled[count] = (struct pollfd){ .fd = service.worker.pidfd, .events = POLLIN };
		polled[count + 1] = (struct pollfd){ .fd = service.listening, .events = POLLIN };
		notify("WATCHDOG=1");
		n = poll(polled, count + 2, TURN);
		if (n < 0)
			continue; /* a signal */
		drop_lost(&service, polled, count);
		if (polled[count].revents)
			reap(&service);
		if (!service.worker.pid)
			serve_next(&service);
		if (polled[count + 1].revents)
			accept_client(&service);
	}
	worker_kill(&service.worker);
	unlisten(service.listening, path);
	return 0;
}
