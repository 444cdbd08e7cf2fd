/* Level 3: opening, naming and changing files. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "paths.bpf.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define FD_UPPER_LAYER 0x8000
#define FD_LOWER_LAYER 0x10000
#define F_CREATED 0x4000
#define FMODE_CREATED 0x100000

/* In which layer of an overlay the file lies: bit values of `upper` and `lower`, 0 when it is not in an overlay. */
static __always_inline __u32 overlay_layer(struct file *file, __u32 upper, __u32 lower)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct dentry *upper_dentry = NULL;
	if (BPF_CORE_READ(dentry, d_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return 0;
	/* struct ovl_inode is private to overlayfs: the vfs inode is followed by the upper dentry (fs/overlayfs/ovl_entry.h). */
	bpf_probe_read_kernel(&upper_dentry, sizeof(upper_dentry), (char *)inode + bpf_core_type_size(struct inode));
	return upper_dentry && BPF_CORE_READ(upper_dentry, d_inode, i_ino) ? upper : lower;
}

/* Kernel's additions to open flags: created now, overlay layer. */
static __always_inline __u32 opened_flags(struct file *file)
{
	return (BPF_CORE_READ(file, f_mode) & FMODE_CREATED ? F_CREATED : 0) | overlay_layer(file, FD_UPPER_LAYER, FD_LOWER_LAYER);
}

static __always_inline void put_dev_ino(struct event *e, struct file *file)
{
	PARAM(dev, put_u32(e, file ? file_dev(file) : 0));
	PARAM(ino, put_u64(e, file ? file_ino(file) : 0));
}

static __always_inline struct file *opened(long ret)
{
	return ret >= 0 ? file_of(current_task(), ret) : NULL;
}

EXIT_EVENT(open, SYSCALL_OPEN_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(name, put_open_path(e, argument(regs, 0), file));
	PARAM(flags, put_u32(e, open_flags(argument(regs, 1)) | (file ? opened_flags(file) : 0)));
	PARAM(mode, put_u32(e, open_mode(argument(regs, 1), argument(regs, 2))));
	put_dev_ino(e, file);
	add_resolved(e);
}

EXIT_EVENT(openat, SYSCALL_OPENAT_2_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_open_path(e, argument(regs, 1), file));
	PARAM(flags, put_u32(e, open_flags(argument(regs, 2)) | (file ? opened_flags(file) : 0)));
	PARAM(mode, put_u32(e, open_mode(argument(regs, 2), argument(regs, 3))));
	put_dev_ino(e, file);
	add_resolved(e);
}

EXIT_EVENT(openat2, SYSCALL_OPENAT2_X)
{
	struct file *file = opened(ret);
	struct open_how how = {};
	bpf_probe_read_user(&how, sizeof(how), (void *)argument(regs, 2));
	PARAM(fd, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_open_path(e, argument(regs, 1), file));
	PARAM(flags, put_u32(e, open_flags(how.flags) | (file ? opened_flags(file) : 0)));
	PARAM(mode, put_u32(e, open_mode(how.flags, how.mode)));
	PARAM(resolve, put_u32(e, resolve_flags(how.resolve)));
	put_dev_ino(e, file);
	add_resolved(e);
}

EXIT_EVENT(creat, SYSCALL_CREAT_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(name, put_open_path(e, argument(regs, 0), file));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
	put_dev_ino(e, file);
	PARAM(creat_flags, put_u16(e, file ? overlay_layer(file, 1, 2) : 0));
	add_resolved(e);
}

EXIT_EVENT(open_by_handle_at, SYSCALL_OPEN_BY_HANDLE_AT_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(mountfd, put_int(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, open_flags(argument(regs, 2)) | (file ? opened_flags(file) : 0)));
	if (file)
		PARAM(path, put_file_path(e, file));
	else
		PARAM(path, put_empty(e));
	put_dev_ino(e, file);
}

#define PATH_EVENT(name, code) EXIT_EVENT(name, code) { PARAM(res, put_int(e, ret)); PARAM(path, put_user_text(e, argument(regs, 0))); }
PATH_EVENT(stat, SYSCALL_STAT_X)
PATH_EVENT(lstat, SYSCALL_LSTAT_X)

#define CHANGED_PATH_EVENT(name, code)                                                                               \
	EXIT_EVENT_PATHS(name, code) { PARAM(res, put_int(e, ret)); PARAM(path, put_path(e, argument(regs, 0), 0)); }
CHANGED_PATH_EVENT(rmdir, SYSCALL_RMDIR_2_X)
CHANGED_PATH_EVENT(unlink, SYSCALL_UNLINK_2_X)

/* Where the task is now: the kernel knows it, whatever was asked. */
static __always_inline void add_cwd(struct event *e, long ret)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	if (ret == 0 && fs && walk_path(READ_ADDRESS(fs, pwd.dentry), READ_ADDRESS(fs, pwd.mnt)))
		add_walked(e);
}

EXIT_EVENT(chdir, SYSCALL_CHDIR_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(path, put_user_text(e, argument(regs, 0)));
	add_cwd(e, ret);
}

EXIT_EVENT(fchdir, SYSCALL_FCHDIR_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	add_cwd(e, ret);
}

EXIT_EVENT(chroot, SYSCALL_CHROOT_X)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	PARAM(res, put_int(e, ret));
	PARAM(path, put_user_text(e, argument(regs, 0)));
	if (ret == 0 && fs && walk_path(READ_ADDRESS(fs, root.dentry), READ_ADDRESS(fs, root.mnt)))
		add_walked(e);
}

#define TWO_PATHS_EVENT(name, code, first, second)                                                                   \
	EXIT_EVENT_PATHS(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(first, put_path(e, argument(regs, 0), 0));                                                     \
		PARAM(second, put_path(e, argument(regs, 1), 1));                                                    \
	}
TWO_PATHS_EVENT(rename, SYSCALL_RENAME_X, oldpath, newpath)
TWO_PATHS_EVENT(link, SYSCALL_LINK_2_X, oldpath, newpath)
TWO_PATHS_EVENT(symlink, SYSCALL_SYMLINK_X, target, linkpath)

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

EXIT_EVENT(getcwd, SYSCALL_GETCWD_X)
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

EXIT_EVENT_PATHS(mkdir, SYSCALL_MKDIR_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(path, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
}

EXIT_EVENT_PATHS(mkdirat, SYSCALL_MKDIRAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(path, put_path(e, argument(regs, 1), 0));
	PARAM(mode, put_u32(e, argument(regs, 2) & 07777));
}

EXIT_EVENT_PATHS(unlinkat, SYSCALL_UNLINKAT_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_path(e, argument(regs, 1), 0));
	PARAM(flags, put_u32(e, unlinkat_flags(argument(regs, 2))));
}

EXIT_EVENT_PATHS(renameat, SYSCALL_RENAMEAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddirfd, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdirfd, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
}

EXIT_EVENT_PATHS(renameat2, SYSCALL_RENAMEAT2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddirfd, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdirfd, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
	PARAM(flags, put_u32(e, argument(regs, 4) & 7));
}

EXIT_EVENT_PATHS(linkat, SYSCALL_LINKAT_2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(olddir, put_int(e, argument(regs, 0)));
	PARAM(oldpath, put_path(e, argument(regs, 1), 0));
	PARAM(newdir, put_int(e, argument(regs, 2)));
	PARAM(newpath, put_path(e, argument(regs, 3), 1));
	PARAM(flags, put_u32(e, linkat_flags(argument(regs, 4))));
}

EXIT_EVENT_PATHS(symlinkat, SYSCALL_SYMLINKAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(target, put_path(e, argument(regs, 0), 0));
	PARAM(linkdirfd, put_int(e, argument(regs, 1)));
	PARAM(linkpath, put_path(e, argument(regs, 2), 1));
}

EXIT_EVENT_PATHS(chmod, SYSCALL_CHMOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(filename, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
}

EXIT_EVENT(fchmod, SYSCALL_FCHMOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(fd, put_int(e, argument(regs, 0)));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
}

EXIT_EVENT_PATHS(fchmodat, SYSCALL_FCHMODAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(filename, put_path(e, argument(regs, 1), 0));
	PARAM(mode, put_u32(e, argument(regs, 2) & 07777));
}

#define CHOWN_EVENT(name, code)                                                                                      \
	EXIT_EVENT_PATHS(name, code)                                                                                 \
	{                                                                                                            \
		PARAM(res, put_int(e, ret));                                                                         \
		PARAM(path, put_path(e, argument(regs, 0), 0));                                                      \
		PARAM(uid, put_u32(e, argument(regs, 1)));                                                           \
		PARAM(gid, put_u32(e, argument(regs, 2)));                                                           \
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

EXIT_EVENT_PATHS(fchownat, SYSCALL_FCHOWNAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(pathname, put_path(e, argument(regs, 1), 0));
	PARAM(uid, put_u32(e, argument(regs, 2)));
	PARAM(gid, put_u32(e, argument(regs, 3)));
	PARAM(flags, put_u32(e, fchownat_flags(argument(regs, 4))));
}

EXIT_EVENT_PATHS(mknod, SYSCALL_MKNOD_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(path, put_path(e, argument(regs, 0), 0));
	PARAM(mode, put_u32(e, file_mode(argument(regs, 1))));
	PARAM(dev, put_u32(e, argument(regs, 2)));
}

EXIT_EVENT_PATHS(mknodat, SYSCALL_MKNODAT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(path, put_path(e, argument(regs, 1), 0));
	PARAM(mode, put_u32(e, file_mode(argument(regs, 2))));
	PARAM(dev, put_u32(e, argument(regs, 3)));
}

EXIT_EVENT_PATHS(mount, SYSCALL_MOUNT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(dev, put_path(e, argument(regs, 0), 0));
	PARAM(dir, put_path(e, argument(regs, 1), 1));
	PARAM(type, put_user_text(e, argument(regs, 2)));
	PARAM(flags, put_u32(e, mount_flags(argument(regs, 3))));
}

/* One system call number serves umount and umount2. */
EXIT_EVENT_PATHS(umount2, SYSCALL_UMOUNT2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(name, put_path(e, argument(regs, 0), 0));
	PARAM(flags, put_u32(e, umount_flags(argument(regs, 1))));
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
