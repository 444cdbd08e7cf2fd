/* Programs at functions of the kernel (../bpf/hooks.bpf.h): it may have none of them, or forbid programs there. */
#pragma once

#include <bpf/btf.h>
#include <stdbool.h>

#include "programs.h"

/* Before loading: whether they are to be, and the places that they write to. */
void choose_hooks(struct probe *skeleton, const struct btf *kernel, int cpus);

/* After loading; false = there are none, or some that the kernel took do not attach. */
bool attach_hooks(struct probe *skeleton);
