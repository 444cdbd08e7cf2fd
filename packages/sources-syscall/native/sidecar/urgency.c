#include "urgency.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"

/* Sixteenths of a ring: from the upper one on the engine is urgent, and until all rings have stayed below the lower one for a while. */
#define URGENT_FROM 6
#define CALM_BELOW 2
#define CALM_NS (5 * 1000000000ull)
/* An engine that runs reads far more often. */
#define STARVED_NS 200000000ull

/* include/uapi/linux/sched/types.h */
struct scheduling {
	__u32 size, policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 unused[3];
};

/* What the thread starts does not inherit it. */
static int set_level(pid_t tid, enum urgency_level level, int usual)
{
	struct scheduling scheduling = {
		.size = sizeof(scheduling),
		.policy = level == URGENCY_REALTIME ? SCHED_RR : SCHED_OTHER,
		.flags = level == URGENCY_USUAL ? 0 : 1 /* SCHED_FLAG_RESET_ON_FORK */,
		.nice = level == URGENCY_NICE ? -20 : usual,
		.priority = level == URGENCY_REALTIME ? 1 : 0,
	};
	return syscall(SYS_sched_setattr, tid, &scheduling, 0) ? -errno : 0;
}

/* All threads: V8's collector waits for its helpers. */
static int set_level_of_all(pid_t pid, enum urgency_level level, int usual)
{
	char path[64], self[32];
	struct dirent *entry;
	DIR *tasks;
	int tid, err = set_level(pid, level, usual);
	/* a /proc of another pid namespace numbers threads differently */
	if (err || !read_link("/proc/self", self, sizeof(self)) || entry_number(self) != getpid())
		return err;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks)))
		if ((tid = entry_number(entry->d_name)) > 0)
			set_level(tid, level, usual);
	if (tasks)
		closedir(tasks);
	return 0;
}

void urgency_of_sidecar(enum urgency_level level)
{
	set_level(0, level, 0);
}

static void change(struct urgency *urgency, enum urgency_level level)
{
	if (set_level_of_all(urgency->engine, level, urgency->usual))
		urgency->engine = 0; /* not permitted, or it has ended */
	urgency->level = level;
}

void urgency_turn(struct urgency *urgency, struct drain_state drain, __u64 now_ns)
{
	enum urgency_level level = drain.filled < URGENT_FROM ? URGENCY_USUAL : drain.unread_ns < STARVED_NS ? URGENCY_NICE : URGENCY_REALTIME;
	if (drain.filled >= CALM_BELOW)
		urgency->pressed_ns = now_ns;
	if (urgency->engine <= 0)
		return;
	if (level > urgency->level) {
		if (urgency->level == URGENCY_USUAL)
			urgency->usual = getpriority(PRIO_PROCESS, urgency->engine);
		change(urgency, level);
	} else if (urgency->level != URGENCY_USUAL && now_ns - urgency->pressed_ns > CALM_NS) {
		change(urgency, URGENCY_USUAL);
	}
}

void urgency_end(struct urgency *urgency)
{
	if (urgency->engine > 0 && urgency->level != URGENCY_USUAL)
		change(urgency, URGENCY_USUAL);
}
