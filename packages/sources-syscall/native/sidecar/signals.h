/* SIGTERM and SIGINT ask a process to end in order. */
#pragma once
#include <signal.h>

extern volatile sig_atomic_t stopping;
