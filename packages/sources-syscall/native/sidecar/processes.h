/* Processes and threads of /proc as entries of a process list (PL, version 9). */
#pragma once
#include <stdbool.h>

#include "blocks.h"

/* When the machine was started, ns since 1970. */
struct boot_time {
	__u64 clock;    /* as exact as the clocks are: what the times of events count from */
	__u64 stat;     /* in full seconds, of /proc/stat: what Falco counts the times of pid namespaces from */
};

/*
 * Adds the threads of a process. Threads that end meanwhile are left out, and so are tasks without a program: a kernel thread,
 * a process that has ended. After the format's last field follows the thread's start: u64, ns since 1970. `environments`: with these; else they are left empty.
 */
void add_threads(struct block *b, int pid, const struct boot_time *boot, bool environments);

/* Numbers of pid namespaces are used again. */
void forget_namespaces(void);
