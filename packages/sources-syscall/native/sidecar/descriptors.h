/* A process's descriptors of /proc as entries of a descriptor list (FDL, version 2). */
#pragma once
#include "blocks.h"

/* Begins the block and adds the first descriptors, at most `most`; 0 = there are none. Those that are closed meanwhile are left out. */
int add_descriptors(struct block *b, int pid, int most);
