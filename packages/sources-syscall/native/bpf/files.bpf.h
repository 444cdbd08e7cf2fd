/* Level 3: asking about files, and where a process is among them. */
#pragma once
#include "flags.bpf.h"
#include "paths.bpf.h"
#include "texts.bpf.h"

#define PATH_EVENT(name, code) EXIT_EVENT(name, code) { PARAM(res, put_int(e, ret)); PARAM(path, put_user_text(e, argument(regs, 0))); }
PATH_EVENT(stat, SYSCALL_STAT_X)
PATH_EVENT(lstat, SYSCALL_LSTAT_X)

#define FD_EVENT(name, code) EXIT_EVENT(name, code) { PARAM(res, put_int(e, ret)); PARAM(fd, put_int(e, argument(regs, 0))); }
FD_EVENT(fstat, SYSCALL_FSTAT_X)
FD_EVENT(getdents, SYSCALL_GETDENTS_X)
FD_EVENT(getdents64, SYSCALL_GETDENTS64_X)

EXIT_EVENT(newfstatat, SYSCALL_NEWFSTATAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(path, put_user_text(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, newfstatat_flags(argument(regs, 3))));
}

EXIT_EVENT_SHARED(getcwd, SYSCALL_GETCWD_X)
{
	PARAM(res, put_int(e, ret));
	if (ret >= 0)
		PARAM(path, put_user_text(e, argument(regs, 0)));
	else
		PARAM(path, put_empty(e));
}

EXIT_EVENT(access, SYSCALL_ACCESS_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(name, put_user_text(e, argument(regs, 0)));
	PARAM(mode, put_u32(e, access_mode(argument(regs, 1))));
}

/* Where the task is now: the kernel knows it, whatever was asked. */
static __always_inline void add_cwd(struct event *e, long ret)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	if (ret == 0 && fs && walk_path(READ_ADDRESS(fs, pwd.dentry), READ_ADDRESS(fs, pwd.mnt)))
		add_walked(e);
}

EXIT_EVENT_SHARED(chdir, SYSCALL_CHDIR_X)
{
	__u32 text_begins, text_ends;
	PARAM(res, put_int(e, ret));
	text_begins = e->to->at;
	PARAM(path, put_user_text(e, argument(regs, 0)));
	text_ends = e->to->at;
	add_cwd(e, ret);
	if (ret == 0)
		note_directory(text_begins, text_ends, text_ends);
}

EXIT_EVENT_SHARED(fchdir, SYSCALL_FCHDIR_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	add_cwd(e, ret);
}

EXIT_EVENT_SHARED(chroot, SYSCALL_CHROOT_X)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	PARAM(res, put_int(e, ret));
	PARAM(path, put_user_text(e, argument(regs, 0)));
	if (ret == 0 && fs && walk_path(READ_ADDRESS(fs, root.dentry), READ_ADDRESS(fs, root.mnt)))
		add_walked(e);
}

SHARED_PROGRAM(directories, DIRECTORIES, WANT_EVENT, true)
