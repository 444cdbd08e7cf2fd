/* Level 3: opening, naming and changing files. Each comment gives the parameters in the event table's order. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "opening.bpf.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define FD_UPPER_LAYER 0x8000
#define FD_LOWER_LAYER 0x10000
#define F_CREATED 0x4000
#define FMODE_CREATED 0x100000

/* In which layer of an overlay the file lies: bit values of `upper` and `lower`, 0 when it is no overlay. */
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
	put_u32(e, file ? file_dev(file) : 0);
	put_u64(e, file ? file_ino(file) : 0);
}

static __always_inline struct file *opened(long ret)
{
	return ret >= 0 ? file_of(current_task(), ret) : NULL;
}

#if defined(__TARGET_ARCH_arm64)
#define O_NOFOLLOW 0100000
#else
#define O_NOFOLLOW 0400000
#endif
#define RESOLVE_NO_SYMLINKS 4

/* fd name flags mode dev ino */
EXIT_EVENT(open, 2, SYSCALL_OPEN_X)
{
	struct file *file = opened(ret);
	put_int(e, ret);
	put_open_path(e, argument(regs, 0), file, argument(regs, 1) & O_NOFOLLOW);
	put_u32(e, open_flags(argument(regs, 1)) | (file ? opened_flags(file) : 0));
	put_u32(e, open_mode(argument(regs, 1), argument(regs, 2)));
	put_dev_ino(e, file);
}

/* fd dirfd name flags mode dev ino */
EXIT_EVENT(openat, 257, SYSCALL_OPENAT_2_X)
{
	struct file *file = opened(ret);
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_open_path(e, argument(regs, 1), file, argument(regs, 2) & O_NOFOLLOW);
	put_u32(e, open_flags(argument(regs, 2)) | (file ? opened_flags(file) : 0));
	put_u32(e, open_mode(argument(regs, 2), argument(regs, 3)));
	put_dev_ino(e, file);
}

/* fd dirfd name flags mode resolve dev ino */
EXIT_EVENT(openat2, 437, SYSCALL_OPENAT2_X)
{
	struct file *file = opened(ret);
	struct open_how how = {};
	bpf_probe_read_user(&how, sizeof(how), (void *)argument(regs, 2));
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_open_path(e, argument(regs, 1), file, (how.flags & O_NOFOLLOW) || (how.resolve & RESOLVE_NO_SYMLINKS));
	put_u32(e, open_flags(how.flags) | (file ? opened_flags(file) : 0));
	put_u32(e, open_mode(how.flags, how.mode));
	put_u32(e, resolve_flags(how.resolve));
	put_dev_ino(e, file);
}

/* fd name mode dev ino creat_flags */
EXIT_EVENT(creat, 85, SYSCALL_CREAT_X)
{
	struct file *file = opened(ret);
	put_int(e, ret);
	put_open_path(e, argument(regs, 0), file, false);
	put_u32(e, argument(regs, 1) & 07777);
	put_dev_ino(e, file);
	put_u16(e, file ? overlay_layer(file, 1, 2) : 0);
}

/* fd mountfd flags path dev ino */
EXIT_EVENT(open_by_handle_at, 304, SYSCALL_OPEN_BY_HANDLE_AT_X)
{
	struct file *file = opened(ret);
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, open_flags(argument(regs, 2)) | (file ? opened_flags(file) : 0));
	if (file)
		put_file_path(e, file);
	else
		put_empty(e);
	put_dev_ino(e, file);
}

/* res and one path */
#define PATH_EVENT(name, nr, code) EXIT_EVENT(name, nr, code) { put_int(e, ret); put_user_text(e, argument(regs, 0)); }
PATH_EVENT(stat, 4, SYSCALL_STAT_X)
PATH_EVENT(lstat, 6, SYSCALL_LSTAT_X)
PATH_EVENT(chdir, 80, SYSCALL_CHDIR_X)
PATH_EVENT(chroot, 161, SYSCALL_CHROOT_X)
PATH_EVENT(rmdir, 84, SYSCALL_RMDIR_2_X)
PATH_EVENT(unlink, 87, SYSCALL_UNLINK_2_X)

/* res oldpath newpath */
#define TWO_PATHS_EVENT(name, nr, code)                                                                              \
	EXIT_EVENT(name, nr, code)                                                                                   \
	{                                                                                                            \
		put_int(e, ret);                                                                                     \
		put_user_text(e, argument(regs, 0));                                                                 \
		put_user_text(e, argument(regs, 1));                                                                 \
	}
TWO_PATHS_EVENT(rename, 82, SYSCALL_RENAME_X)
TWO_PATHS_EVENT(link, 86, SYSCALL_LINK_2_X)
TWO_PATHS_EVENT(symlink, 88, SYSCALL_SYMLINK_X)

/* res fd */
#define FD_EVENT(name, nr, code) EXIT_EVENT(name, nr, code) { put_int(e, ret); put_int(e, argument(regs, 0)); }
FD_EVENT(fstat, 5, SYSCALL_FSTAT_X)
FD_EVENT(fchdir, 81, SYSCALL_FCHDIR_X)
FD_EVENT(getdents, 78, SYSCALL_GETDENTS_X)
FD_EVENT(getdents64, 217, SYSCALL_GETDENTS64_X)

/* res dirfd path flags */
EXIT_EVENT(newfstatat, 262, SYSCALL_NEWFSTATAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, newfstatat_flags(argument(regs, 3)));
}

/* res path */
EXIT_EVENT(getcwd, 79, SYSCALL_GETCWD_X)
{
	put_int(e, ret);
	if (ret >= 0)
		put_user_text(e, argument(regs, 0));
	else
		put_empty(e);
}

/* res name mode */
EXIT_EVENT(access, 21, SYSCALL_ACCESS_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, access_mode(argument(regs, 1)));
}

/* res path mode */
EXIT_EVENT(mkdir, 83, SYSCALL_MKDIR_2_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, argument(regs, 1) & 07777);
}

/* res dirfd path mode */
EXIT_EVENT(mkdirat, 258, SYSCALL_MKDIRAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, argument(regs, 2) & 07777);
}

/* res dirfd name flags */
EXIT_EVENT(unlinkat, 263, SYSCALL_UNLINKAT_2_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, unlinkat_flags(argument(regs, 2)));
}

/* res olddirfd oldpath newdirfd newpath */
EXIT_EVENT(renameat, 264, SYSCALL_RENAMEAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_int(e, argument(regs, 2));
	put_user_text(e, argument(regs, 3));
}

EXIT_EVENT(renameat2, 316, SYSCALL_RENAMEAT2_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_int(e, argument(regs, 2));
	put_user_text(e, argument(regs, 3));
	put_u32(e, argument(regs, 4) & 7);
}

/* res olddir oldpath newdir newpath flags */
EXIT_EVENT(linkat, 265, SYSCALL_LINKAT_2_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_int(e, argument(regs, 2));
	put_user_text(e, argument(regs, 3));
	put_u32(e, linkat_flags(argument(regs, 4)));
}

/* res target linkdirfd linkpath */
EXIT_EVENT(symlinkat, 266, SYSCALL_SYMLINKAT_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_int(e, argument(regs, 1));
	put_user_text(e, argument(regs, 2));
}

/* res filename mode */
EXIT_EVENT(chmod, 90, SYSCALL_CHMOD_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, argument(regs, 1) & 07777);
}

/* res fd mode */
EXIT_EVENT(fchmod, 91, SYSCALL_FCHMOD_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 1) & 07777);
}

/* res dirfd filename mode */
EXIT_EVENT(fchmodat, 268, SYSCALL_FCHMODAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, argument(regs, 2) & 07777);
}

/* res path uid gid */
#define CHOWN_EVENT(name, nr, code)                                                                                  \
	EXIT_EVENT(name, nr, code)                                                                                   \
	{                                                                                                            \
		put_int(e, ret);                                                                                     \
		put_user_text(e, argument(regs, 0));                                                                 \
		put_u32(e, argument(regs, 1));                                                                       \
		put_u32(e, argument(regs, 2));                                                                       \
	}
CHOWN_EVENT(chown, 92, SYSCALL_CHOWN_X)
CHOWN_EVENT(lchown, 94, SYSCALL_LCHOWN_X)

/* res fd uid gid */
EXIT_EVENT(fchown, 93, SYSCALL_FCHOWN_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
}

/* res dirfd pathname uid gid flags */
EXIT_EVENT(fchownat, 260, SYSCALL_FCHOWNAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, argument(regs, 2));
	put_u32(e, argument(regs, 3));
	put_u32(e, fchownat_flags(argument(regs, 4)));
}

/* res path mode dev */
EXIT_EVENT(mknod, 133, SYSCALL_MKNOD_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, file_mode(argument(regs, 1)));
	put_u32(e, argument(regs, 2));
}

/* res dirfd path mode dev */
EXIT_EVENT(mknodat, 259, SYSCALL_MKNODAT_X)
{
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_u32(e, file_mode(argument(regs, 2)));
	put_u32(e, argument(regs, 3));
}

/* res dev dir type flags */
EXIT_EVENT(mount, 165, SYSCALL_MOUNT_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_user_text(e, argument(regs, 1));
	put_user_text(e, argument(regs, 2));
	put_u32(e, mount_flags(argument(regs, 3)));
}

/* res name flags; one syscall number serves umount and umount2 */
EXIT_EVENT(umount2, 166, SYSCALL_UMOUNT2_X)
{
	put_int(e, ret);
	put_user_text(e, argument(regs, 0));
	put_u32(e, umount_flags(argument(regs, 1)));
}

/* res fd key … of a configuration that is not mounted yet: fd cmd key value_bytebuf value_charbuf aux */
EXIT_EVENT(fsconfig, 431, SYSCALL_FSCONFIG_X)
{
	unsigned long cmd = argument(regs, 1);
	put_int(e, ret);
	put_int(e, argument(regs, 0));
	put_u32(e, cmd);
	put_user_text(e, argument(regs, 2));
	if (ret >= 0 && cmd == 2) /* FSCONFIG_SET_BINARY: aux is its length */
		put_user_bytes(e, argument(regs, 3), argument(regs, 4));
	else
		put_empty(e);
	if (ret >= 0 && (cmd == 1 || cmd == 3 || cmd == 4)) /* a string, a path */
		put_user_text(e, argument(regs, 3));
	else
		put_empty(e);
	put_u32(e, argument(regs, 4));
}
