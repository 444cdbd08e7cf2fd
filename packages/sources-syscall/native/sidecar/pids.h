/* Process ids outside of the sidecar's pid namespace. Events carry those of the initial namespace. */
#pragma once
#include <linux/types.h>

/* Whether this process runs in the initial pid namespace. */
int in_initial_pidns(void);

/* Whether the host's /proc numbers processes as the initial namespace does. */
int proc_is_initial(void);

/* Replaces ids of this pid namespace by those of the initial one; 0 where there is no such process. 0, or -errno. */
int globalize(__u32 *one, __u32 *other);
