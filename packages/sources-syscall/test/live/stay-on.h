/* Include it after _GNU_SOURCE is defined. */
#pragma once
#include <sched.h>

/* Keeps the calling thread on the first CPU that it may use, or on the last: two that must run at the same time. */
static void stay_on(int last)
{
	cpu_set_t all, one;
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && (last || !CPU_COUNT(&one)); cpu++)
		if (CPU_ISSET(cpu, &all)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
		}
	sched_setaffinity(0, sizeof(one), &one);
}
