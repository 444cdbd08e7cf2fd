#include "hooks.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#define HOOK_PREFIX "h_"

static bool is_hook(const char *name)
{
	return !strncmp(name, HOOK_PREFIX, strlen(HOOK_PREFIX));
}

#define AT_FUNCTION "fentry/"

/* Whether the kernel has the function and would take a program at it: a try. Before 6.1 it takes none where a structure is passed. */
static bool can_hook(const struct btf *kernel, const struct bpf_program *hook)
{
	const char *name = bpf_program__section_name(hook) + strlen(AT_FUNCTION);
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY);
	int function = kernel ? btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) : -1, program;
	if (function < 0)
		return false;
	options.attach_btf_id = function;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	close(program);
	return true;
}

void choose_hooks(struct probe *skeleton, const struct btf *kernel, int cpus)
{
	struct bpf_program *program;
	bool any = can_hook(kernel, skeleton->progs.h_unlink);
	skeleton->rodata->first_object = any ? cpus : 0;
	bpf_map__set_max_entries(skeleton->maps.backwards_buffers, cpus + (any ? 2 * OBJECT_THREADS : 0));
	bpf_object__for_each_program(program, skeleton->obj)
		if (is_hook(bpf_program__name(program))) {
			bpf_program__set_autoload(program, any && can_hook(kernel, program));
			bpf_program__set_autoattach(program, false);
		}
}

bool attach_hooks(struct probe *skeleton)
{
	const struct bpf_object_skeleton *all = skeleton->skeleton;
	bool whole = true;
	for (int i = 0; i < all->prog_cnt; i++) {
		const struct bpf_prog_skeleton *program = &all->progs[i];
		if (!is_hook(program->name) || !bpf_program__autoload(*program->prog))
			continue;
		if (!*program->link)
			*program->link = bpf_program__attach(*program->prog);
		whole = whole && *program->link;
	}
	return whole && skeleton->rodata->first_object;
}
