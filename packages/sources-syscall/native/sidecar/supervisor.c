#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "serve.h"
#include "signals.h"
#include "worker.h"

/* Restarts within the window (ns) before it is given up, and the pause (ms) before each. */
static const int PAUSES[] = { 0, 250, 500, 1000, 2000 };
#define MAX_RESTARTS (int)(sizeof(PAUSES) / sizeof(*PAUSES))
#define WINDOW (60 * 1000000000ull)

struct session {
	int channel;
	pid_t engine;
	int ours, theirs;   /* ends of the worker's control connection: the worker's, the engine's */
};

static int work(void *context)
{
	struct session *session = context;
	close(session->channel);
	close(session->theirs);
	return serve(session->ours, session->engine);
}

/* Starts a worker and hands its connection to the engine. */
static int start(struct worker *worker, struct session *session, __u32 restarts)
{
	struct worker_frame frame = { .restarts = restarts };
	int ends[2], err;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	session->ours = ends[0];
	session->theirs = ends[1];
	err = worker_start(worker, work, session);
	frame.pid = worker->pid;
	if (!err)
		err = send_frame(session->channel, FRAME_WORKER, &frame, sizeof(frame), &session->theirs, 1);
	close(ends[0]);
	close(ends[1]);
	return err;
}

/* Waits until the worker ends (1), or the engine does or a signal comes (0), or the time (ms; -1 = none) is over (1). */
static int wait_for(int channel, int pidfd, int ms)
{
	struct pollfd fds[] = { { .fd = channel, .events = POLLIN | POLLRDHUP }, { .fd = pidfd, .events = POLLIN } };
	while (!stopping) {
		int n = poll(fds, 2, ms);
		if (n < 0 && errno == EINTR)
			continue;
		/* The engine has nothing to say here: whatever comes is its end. */
		return n >= 0 && !fds[0].revents;
	}
	return 0;
}

/* Restarts that are still within the window; the times of the others are forgotten. */
static int recent(__u64 *times, int count)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	int old = 0;
	while (old < count && now - times[old] > WINDOW)
		old++;
	memmove(times, times + old, (count - old) * sizeof(*times));
	return count - old;
}

int supervise(int channel)
{
	struct session session = { .channel = channel, .engine = peer_of(channel).pid };
	struct worker worker = { .pidfd = -1 };
	__u64 times[MAX_RESTARTS];
	char how[96], text[256];
	int restarts = 0, err;

	for (;;) {
		err = start(&worker, &session, restarts);
		if (err || !wait_for(channel, worker.pidfd, -1))
			break;
		if (worker_reap(&worker, how, sizeof(how)))
			return 0; /* the engine has sent it away */
		restarts = recent(times, restarts);
		if (restarts == MAX_RESTARTS) {
			send_problem(channel, "the sidecar was started %d times within a minute and ended each time, at last %s", MAX_RESTARTS + 1, how);
			return -ECHILD;
		}
		snprintf(text, sizeof(text), "%s; restart %d of %d within a minute, in %d ms", how, restarts + 1, MAX_RESTARTS, PAUSES[restarts]);
		err = send_frame(channel, FRAME_ENDED, text, strlen(text), NULL, 0);
		if (err || !wait_for(channel, -1, PAUSES[restarts]))
			break;
		times[restarts++] = clock_ns(CLOCK_MONOTONIC);
	}
	worker_kill(&worker);
	if (err == -EPIPE || err == -ECONNRESET)
		return 0;
	if (err)
		send_problem(channel, "no worker can be started: %s", strerror(-err));
	return err;
}
