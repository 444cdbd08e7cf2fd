/*
 * For syslog.test.ts: writes a long message to the system log by each call that can, with the socket connected and not, to journald in its
 * own form, to the kernel's log, and last one to another socket.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define LONG 3000
#define PIECES 30

static char text[LONG + 1], line[LONG + 100];

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	strcpy(to.sun_path, path);
	return to;
}

static int datagrams(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

/* A message in pieces: what stands before the text, and the text. */
static struct msghdr in_pieces(const char *head, struct iovec *pieces)
{
	pieces[0] = (struct iovec){ (char *)head, strlen(head) };
	for (int i = 1; i < PIECES; i++)
		pieces[i] = (struct iovec){ text, LONG / PIECES };
	return (struct msghdr){ .msg_iov = pieces, .msg_iovlen = PIECES };
}

static void send_to(const char *path, const char *head, int connected)
{
	struct sockaddr_un to = address(path), log = address("/dev/log");
	struct iovec pieces[PIECES];
	struct msghdr message = in_pieces(head, pieces);
	int s = datagrams();
	if (connected)
		connect(s, (struct sockaddr *)&log, sizeof(log));
	message.msg_name = &to;
	message.msg_namelen = sizeof(to);
	sendmsg(s, &message, 0);
	close(s);
}

static void write_connected(void)
{
	struct sockaddr_un to = address("/dev/log");
	struct iovec pieces[2][PIECES];
	struct mmsghdr many[2] = { { .msg_hdr = in_pieces("<13>pieces ", pieces[0]) }, { .msg_hdr = in_pieces("<14>more ", pieces[1]) } };
	int s = datagrams();
	connect(s, (struct sockaddr *)&to, sizeof(to));
	write(s, line, sprintf(line, "<12>%s", text));
	writev(s, pieces[0], PIECES);
	sendmmsg(s, many, 2, 0);
	close(s);
}

int main(void)
{
	struct sockaddr_un to = address("/dev/log"), other = address("other");
	int s = datagrams(), kernel = open("/dev/kmsg", O_WRONLY), listening = datagrams();
	memset(text, 'x', LONG);
	bind(listening, (struct sockaddr *)&other, sizeof(other));
	/* An address of no length is none. */
	sendto(s, "<11>nowhere", 11, 0, (struct sockaddr *)&to, 0);
	sendto(s, line, sprintf(line, "<11>%s", text), 0, (struct sockaddr *)&to, sizeof(to));
	send_to("/dev/log", "<15>apart ", 0);
	send_to("/run/systemd/journal/socket", "PRIORITY=3\nSYSLOG_FACILITY=4\nMESSAGE=native ", 0);
	write_connected();
	write(kernel, line, sprintf(line, "<12>falc: a test %.800s", text));
	/* A message's own address counts, wherever its socket is connected to. */
	send_to("other", "<15>other ", 1);
	return 0;
}
