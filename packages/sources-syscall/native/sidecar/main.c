/*
 * falc-probe: the part of falc that needs privilege.
 *
 *   falc-probe --fd N               serves one engine on an inherited socket, ends with it
 *   falc-probe --fd N --respawn     the same by a worker, which is started again when it was killed
 *   falc-probe --listen PATH        serves engines one after another on a unix socket
 *   falc-probe --fd N --connect PATH --uid UID
 *                                   carries bytes between the inherited socket and PATH, with that user's rights
 *
 * The walk: handshake → open, configure, load, attach → rings and picture to the engine → poll → cleanup (serve.c).
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <bpf/libbpf.h>

#include "../wire.h"
#include "proc.h"
#include "relay.h"
#include "serve.h"
#include "service.h"
#include "signals.h"
#include "supervisor.h"

volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level > LIBBPF_WARN || !getenv("FALC_PROBE_DEBUG"))
		return 0;
	return vfprintf(stderr, format, args);
}

static int usage(void)
{
	fprintf(stderr, "usage: falc-probe --fd N [--respawn | --connect PATH --uid UID] | --listen PATH | --version\n"
			"       --drain-timeout SECONDS   end the session of an engine that does not read its events for so long;\n"
			"                                 default 30, 0 = never\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "respawn", no_argument, NULL, 'r' },
		{ "listen", required_argument, NULL, 'l' },
		{ "drain-timeout", required_argument, NULL, 'd' },
		{ "connect", required_argument, NULL, 'c' },
		{ "uid", required_argument, NULL, 'u' },
		{ "version", no_argument, NULL, 'v' },
		{},
	};
	struct sigaction action = { .sa_handler = on_signal };
	char *end;
	const char *path = NULL, *connect_to = NULL;
	long uid = -1;
	int option, fd = -1, respawn = 0, err;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			fd = atoi(optarg);
			break;
		case 'r':
			respawn = 1;
			break;
		case 'l':
			path = optarg;
			break;
		case 'd':
			drain_seconds = strtoul(optarg, &end, 10);
			if (!*optarg || *end)
				return usage();
			break;
		case 'c':
			connect_to = optarg;
			break;
		case 'u':
			uid = atol(optarg);
			break;
		case 'v':
			printf("falc-probe, wire version %d\n", WIRE_VERSION);
			return 0;
		default:
			return usage();
		}
	}
	if ((fd < 0) == !path || optind < argc || (path && respawn) || !connect_to != (uid < 0) ||
	    (connect_to && (path || respawn)))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	if (connect_to)
		return relay(connect_to, uid, fd) ? 1 : 0;
	host_root = getenv("HOST_ROOT") ? getenv("HOST_ROOT") : "";
	if (strlen(host_root) > MAX_HOST_ROOT) {
		fprintf(stderr, "falc-probe: HOST_ROOT is longer than %d bytes\n", MAX_HOST_ROOT);
		return 2;
	}
	libbpf_set_print(quiet);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (fd >= 0)
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* started by the engine: ends with it, however it ends */
	err = path ? serve_all(path) : respawn ? supervise(fd) : serve(fd, peer_of(fd).pid);
	if (err) {
		fprintf(stderr, "falc-probe: %s\n", strerror(-err));
		return 1;
	}
	return 0;
}
