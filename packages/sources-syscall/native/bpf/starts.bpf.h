/* Level 2: where the paths of a call that returns no file start from. */
#pragma once
#include "walk.bpf.h"

#define AT_FDCWD -100

/*
 * Walks to where a path that begins so is looked for from; false where that is the root of the caller's mounts, and all is plain. Of a call
 * that failed only a descriptor's directory counts, which the engine may not know.
 */
static __always_inline bool walk_start(int dirfd, const char *text, bool failed)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct backwards *b = cpu_buffer();
	bool absolute = text[0] == '/';
	__u64 dentry, vfsmount;
	if (failed && (absolute || dirfd < 0))
		return false;
	if (absolute) {
		dentry = READ_ADDRESS(fs, root.dentry);
		vfsmount = READ_ADDRESS(fs, root.mnt);
	} else if (dirfd == AT_FDCWD) {
		dentry = READ_ADDRESS(fs, pwd.dentry);
		vfsmount = READ_ADDRESS(fs, pwd.mnt);
	} else {
		struct file *file = file_of(current_task(), dirfd);
		if (!file)
			return false;
		dentry = READ_ADDRESS(file, f_path.dentry);
		vfsmount = READ_ADDRESS(file, f_path.mnt);
	}
	if (!b || !walk_known_at(bpf_get_smp_processor_id(), dentry, vfsmount))
		return false;
	/* below /proc and /dev/fd are ways to elsewhere, which the engine knows: it is told to look */
	return !absolute || b->at < BACKWARDS - 2 || text[1] == 'p' || text[1] == 'd' || text[1] == '/' || text[1] == '.';
}

/*
 * After all parameters of a call: the directory that its path starts from, or the file of an empty path (AT_EMPTY_PATH),
 * since its descriptor may have come from anywhere, and others may have changed the working directory and the root. Where there are two,
 * the second stands behind the first, or behind an empty one (`alone`), and ends with a 1. A global function: see task.bpf.h.
 */
__noinline int add_directory(__u32 which, __u32 alone, __u32 failed)
{
	struct event event, *e = &event;
	char text[2] = {};
	which &= 1;
	if (!resume(e, 0) || bpf_probe_read_user(text, sizeof(text), (void *)e->to->start[which].path) ||
	    !walk_start(e->to->start[which].dirfd, text, failed))
		return 0;
	if (which && alone) {
		*slot(e) = 0;
		e->to->at += 1;
	}
	add_walked(e);
	if (which)
		e->to->bytes[(e->to->at - 1) & (MAX_EVENT - 1)] = 1;
	return 0;
}

/* In the program of a call: a path of it starts there. One call of add_directory serves all, since verifiers follow each anew. */
static __always_inline void starts_at(struct event *e, __u64 dirfd, __u64 path)
{
	__u32 which = e->to->starts++ & 1;
	e->to->start[which].dirfd = dirfd;
	e->to->start[which].path = path;
}

static __always_inline void add_directories(struct event *e, bool failed)
{
	__u32 before = e->to->at;
	if (e->to->replaced)
		return;
	for (__u32 which = 0; which < 2 && which < e->to->starts; which++)
		add_directory(which, e->to->at == before, failed);
}
