/* Level 3: naming, changing and mounting files. */
#pragma once
#include "flags.bpf.h"
#include "changes.bpf.h"
#include "starts.bpf.h"

#define CHANGED_PATH_EVENT(name, code)                                                                               \
	EXIT_EVENT_SHARED(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(path, put_path(e, argument(regs, 0), 0));                                                      \
		starts_at(e, AT_FDCWD, argument(regs, 0));                                                           \
	}
CHANGED_PATH_EVENT(rmdir, SYSCALL_RMDIR_2_X)
CHANGED_PATH_EVENT(unlink, SYSCALL_UNLINK_2_X)

#define TWO_PATHS_EVENT(name, code, first, second, add)                                                              \
	EXIT_EVENT_SHARED(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(first, put_path(e, argument(regs, 0), 0));                                                     \
		PARAM(second, put_path(e, argument(regs, 1), 1));                                                    \
		add;                                                                                                 \
	}
TWO_PATHS_EVENT(rename, SYSCALL_RENAME_X, oldpath, newpath, starts_at(e, AT_FDCWD, argument(regs, 0)); starts_at(e, AT_FDCWD, argument(regs, 1)))
TWO_PATHS_EVENT(link, SYSCALL_LINK_2_X, oldpath, newpath, starts_at(e, AT_FDCWD, argument(regs, 0)); starts_at(e, AT_FDCWD, argument(regs, 1)))
TWO_PATHS_EVENT(symlink, SYSCALL_SYMLINK_X, target, linkpath, starts_at(e, AT_FDCWD, argument(regs, 1)))

EXIT_EVENT_SHARED(mkdir, SYSCALL_MKDIR_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(path, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
	starts_at(e, AT_FDCWD, argument(regs, 0));
}

EXIT_EVENT_SHARED(mkdirat, SYSCALL_MKDIRAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(path, put_path(e, argument(regs, 1), 0));
	PARAM(mode, put_u32(e, argument(regs, 2) & 07777));
	starts_at(e, argument(regs, 0), argument(regs, 1));
}

EXIT_EVENT_SHARED(unlinkat, SYSCALL_UNLINKAT_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_path(e, argument(regs, 1), 0));
	PARAM(flags, put_u32(e, unlinkat_flags(argument(regs, 2))));
	starts_at(e, argument(regs, 0), argument(regs, 1));
}

EXIT_EVENT_SHARED(renameat, SYSCALL_RENAMEAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddirfd, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdirfd, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
	starts_at(e, argument(regs, 0), argument(regs, 1));
	starts_at(e, argument(regs, 2), argument(regs, 3));
}

EXIT_EVENT_SHARED(renameat2, SYSCALL_RENAMEAT2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddirfd, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdirfd, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
	PARAM(flags, put_u32(e, argument(regs, 4) & 7));
	starts_at(e, argument(regs, 0), argument(regs, 1));
	starts_at(e, argument(regs, 2), argument(regs, 3));
}

EXIT_EVENT_SHARED(linkat, SYSCALL_LINKAT_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddir, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdir, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
	PARAM(flags, put_u32(e, linkat_flags(argument(regs, 4))));
	starts_at(e, argument(regs, 0), argument(regs, 1));
	starts_at(e, argument(regs, 2), argument(regs, 3));
}

EXIT_EVENT_SHARED(symlinkat, SYSCALL_SYMLINKAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(target, put_path(e, argument(regs, 0), 0));
	PARAM(linkdirfd, put_int(e, argument(regs, 1)));
	PARAM(linkpath, put_path(e, argument(regs, 2), 1));
	starts_at(e, argument(regs, 1), argument(regs, 2));
}

EXIT_EVENT_SHARED(chmod, SYSCALL_CHMOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(filename, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
	starts_at(e, AT_FDCWD, argument(regs, 0));
}

EXIT_EVENT_SHARED(fchmod, SYSCALL_FCHMOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
}

#define FCHMODAT_EVENT(name, code)                                                                                   \
	EXIT_EVENT_SHARED(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(dirfd, put_int(e, argument(regs, 0)));                                                         \
		PARAM(filename, put_path(e, argument(regs, 1), 0));                                                  \
		PARAM(mode, put_u32(e, argument(regs, 2) & 07777));                                                  \
		starts_at(e, argument(regs, 0), argument(regs, 1));                                                  \
	}
FCHMODAT_EVENT(fchmodat, SYSCALL_FCHMODAT_X)
/* It has no event of its own. Rules about changes of mode must see it. */
FCHMODAT_EVENT(fchmodat2, SYSCALL_FCHMODAT_X)

#define CHOWN_EVENT(name, code)                                                                                      \
	EXIT_EVENT_SHARED(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(path, put_path(e, argument(regs, 0), 0));                                                      \
		PARAM(uid, put_u32(e, argument(regs, 1)));                                                           \
		PARAM(gid, put_u32(e, argument(regs, 2)));                                                           \
		starts_at(e, AT_FDCWD, argument(regs, 0));                                                           \
	}
CHOWN_EVENT(chown, SYSCALL_CHOWN_X)
CHOWN_EVENT(lchown, SYSCALL_LCHOWN_X)

EXIT_EVENT(fchown, SYSCALL_FCHOWN_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(uid, put_u32(e, argument(regs, 1)));
	PARAM(gid, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT_SHARED(fchownat, SYSCALL_FCHOWNAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(pathname, put_path(e, argument(regs, 1), 0));
	PARAM(uid, put_u32(e, argument(regs, 2)));
	PARAM(gid, put_u32(e, argument(regs, 3)));
	PARAM(flags, put_u32(e, fchownat_flags(argument(regs, 4))));
	starts_at(e, argument(regs, 0), argument(regs, 1));
}

EXIT_EVENT_SHARED(mknod, SYSCALL_MKNOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(path, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, file_mode(argument(regs, 1))));
	PARAM(dev, put_u32(e, argument(regs, 2)));
	starts_at(e, AT_FDCWD, argument(regs, 0));
}

EXIT_EVENT_SHARED(mknodat, SYSCALL_MKNODAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(path, put_path(e, argument(regs, 1), 0));
	PARAM(mode, put_u32(e, file_mode(argument(regs, 2))));
	PARAM(dev, put_u32(e, argument(regs, 3)));
	starts_at(e, argument(regs, 0), argument(regs, 1));
}

EXIT_EVENT_SHARED(mount, SYSCALL_MOUNT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dev, put_path(e, argument(regs, 0), 0));
	PARAM(dir, put_path(e, argument(regs, 1), 1));
	PARAM(type, put_user_text(e, argument(regs, 2)));
	PARAM(flags, put_u32(e, mount_flags(argument(regs, 3))));
	starts_at(e, AT_FDCWD, argument(regs, 1));
}

/* One system call number serves umount and umount2. */
EXIT_EVENT_SHARED(umount2, SYSCALL_UMOUNT2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(name, put_path(e, argument(regs, 0), 0));
	PARAM(flags, put_u32(e, umount_flags(argument(regs, 1))));
	starts_at(e, AT_FDCWD, argument(regs, 0));
}

EXIT_EVENT(fsconfig, SYSCALL_FSCONFIG_X)
{
	unsigned long cmd = argument(regs, 1);
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(cmd, put_u32(e, cmd));
	PARAM(key, put_user_text(e, argument(regs, 2)));
	if (ret >= 0 && cmd == 2) /* FSCONFIG_SET_BINARY: aux is its length */
		PARAM(value_bytebuf, put_user_bytes(e, argument(regs, 3), argument(regs, 4)));
	else
		PARAM(value_bytebuf, put_empty(e));
	if (ret >= 0 && (cmd == 1 || cmd == 3 || cmd == 4)) /* a string, a path */
		PARAM(value_charbuf, put_user_text(e, argument(regs, 3)));
	else
		PARAM(value_charbuf, put_empty(e));
	PARAM(aux, put_u32(e, argument(regs, 4)));
}

/* The event of a call whose paths are put by put_path. A global function: see task.bpf.h. */
__noinline int write_paths(__u32 again, __s64 ret)
{
	struct event event, *e = &event;
	struct registers *regs;
	if (!begin(e, 0, 0, WANT_EVENT))
		return 0;
	regs = &e->to->registers;
	e->to->again = again;
	e->to->replaced = e->to->differs = 0;
	e->to->starts = 0;
	if (!again)
		e->to->changed = 0;
	switch (regs->number) {
		PATHS_OF(WRITE_CALL)
	default:
		count_loss(COUNT_TAIL_FAILED);
		return 0;
	}
	add_directories(e, ret < 0);
	if (ret >= 0 && e->to->differs)
		add_objects();
	commit(e);
	return e->to->changed;
}

/* Twice, when they changed. */
SEC("tp_btf/sys_exit")
int BPF_PROG(x_paths, struct pt_regs *unused, long ret)
{
	if (write_paths(false, ret)) {
		note_race();
		write_paths(true, ret);
	}
	forget_entered();
	return 0;
}
