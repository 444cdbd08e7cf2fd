/* What stands for the kernel's side of the sidecar: a part of fuzz.c. */
#pragma once

int ring_count(__u32 cpus_per_ring) { return cpus_per_ring > 1 ? 1 : 2; }
int libbpf_num_possible_cpus(void) { return 2; }
int probe_open(struct probe_session **session, const struct configure *settings, __u64 boot_time_ns, __u32 engine_pid, int socket)
{
	(void)settings, (void)boot_time_ns, (void)engine_pid, (void)socket;
	*session = (struct probe_session *)rings;
	return 0;
}
const int *probe_rings(const struct probe_session *session, int *count)
{
	(void)session;
	*count = 2;
	return ring_fds;
}
int probe_set_wants(struct probe_session *session, const struct wanted *wanted)
{
	(void)session;
	return wanted->wants[0] > 250 ? -EINVAL : 0;
}
void urgency_of_sidecar(enum urgency_level level) { (void)level; }
void urgency_turn(struct urgency *urgency, struct drain_state drain, __u64 now_ns) { (void)urgency, (void)drain, (void)now_ns; }
void urgency_end(struct urgency *urgency) { (void)urgency; }

int probe_alarm(const struct probe_session *session)
{
	(void)session;
	return -1;
}
int probe_read_stats(struct probe_session *session, struct stats *to)
{
	(void)session;
	memset(to, 0, sizeof(*to));
	return 0;
}
void probe_close(struct probe_session *session) { (void)session; }
struct names_readings *names_open(void) { return calloc(1, 1); }
int names_ask(struct names_readings *readings, int socket, __u32 pid)
{
	struct names none = { .pid = pid, .outcome = NAMES_GONE };
	(void)readings;
	return send_frame(socket, FRAME_NAMES, &none, sizeof(none), NULL, 0);
}
int names_polled(const struct names_readings *readings, struct pollfd *to)
{
	(void)readings, (void)to;
	return 0;
}
int names_turn(struct names_readings *readings, int socket)
{
	(void)readings, (void)socket;
	return 0;
}
__u64 names_refused(const struct names_readings *readings)
{
	(void)readings;
	return 0;
}
void names_close(struct names_readings *readings) { free(readings); }
int send_picture(int socket, __u64 boot_time_ns, bool environments)
{
	(void)socket, (void)boot_time_ns, (void)environments;
	return 0;
}
int send_descriptors(int socket, const __u32 *pids, __u32 count)
{
	static volatile __u32 seen;
	(void)socket;
	if (!count || count > MAX_PICTURED)
		fail("a picture of no process, or of too many, was asked for");
	for (__u32 i = 0; i < count; i++)
		seen = pids[i];
	return (void)seen, 0;
}
