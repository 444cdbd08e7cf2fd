/* Level 3: opening files. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "paths.bpf.h"
#include "directories.bpf.h"

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

/* Kernel's additions to open flags: created now, overlay layer. A global function: see task.bpf.h. */
__noinline __u32 opened_flags(__u64 address)
{
	struct file *file = (void *)address;
	if (!file)
		return 0;
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

/* Whether it is an open of the class `failedOpens`, and no rule wants it. `flags`: portable ones. */
static __always_inline bool is_unwanted_failure(struct event *e, long ret, __u32 flags, bool absolute)
{
	__u32 nr = e->to->registers.number;
	__u8 *want;
	if (ret >= 0 || !e->to->name_length || e->to->name_length > MAX_SCANNED || flags & (FLAG_CREAT | FLAG_TMPFILE))
		return false;
	want = bpf_map_lookup_elem(&syscalls, &nr);
	return want && *want & WANT_NO_FAILED_OPENS && !(absolute && e->to->bytes[e->to->name_at & (MAX_EVENT - 1)] != '/') &&
	       !has_dots(e->to->name_length);
}

/* The most bytes of parameters that an open has behind its name: flags, mode, resolve, device, inode. */
#define MAX_BEHIND_NAME 24

/*
 * Announces what was opened, and where the engine may know a directory by another name than its own; or returns 1: no rule can match the
 * open, nor ask for its descriptor. `flags`: portable ones. A global function: see task.bpf.h.
 */
__noinline int takes_file(__u64 address, __u32 nr, __u32 flags)
{
	__u32 cpu = bpf_get_smp_processor_id(), name, behind;
	struct scratch *to = bpf_map_lookup_elem(&scratches, &cpu);
	struct file *file = (struct file *)address;
	struct unasked *doubts = unasked();
	if (!to || !doubts || !unasked_kinds(NR_CLOSE))
		return 0;
	name = to->name_at;
	behind = name + to->name_length;
	if (is_directory(file)) {
		if (takes_directory(address, nr, flags)) {
			bpf_map_delete_elem(&announced_files, &address);
			return 1;
		}
		if (to->name_length)
			note_directory(name, behind, behind + MAX_BEHIND_NAME);
		announce(address);
		return 0;
	}
	if (is_unasked(nr) && to->name_length && to->name_length <= MAX_SCANNED && !(flags & (FLAG_WRONLY | FLAG_CREAT | FLAG_TMPFILE)) &&
	    is_plain_file(file) && (!doubts->directories_doubtful || to->bytes[name & (MAX_EVENT - 1)] == '/') &&
	    !has_dots(to->name_length) && !has_text(name, to->at, OF_FILES)) {
		if (!shares_descriptors())
			bpf_map_delete_elem(&announced_files, &address);
		return 1;
	}
	announce(address);
	return 0;
}

/*
 * What an open has behind its flags and mode, from the parameter `dev` on; or returns 1: the event is left out. `flags`: portable ones;
 * `absolute`: the call is open(2), whose path starts from no descriptor. A global function: see task.bpf.h.
 */
__noinline int end_open(__u32 dev, __u64 address, __s64 ret, __u32 flags, __u32 absolute)
{
	struct event event, *e = &event;
	struct file *file = (void *)address;
	if (!resume(e, dev))
		return false;
	put_dev_ino(e, file);
	add_resolved(e, file);
	if (is_unwanted_failure(e, ret, flags, absolute)) {
		count(COUNT_PASSED_OVER);
		return 1;
	}
	if (file && takes_file(address, e->to->registers.number, flags)) {
		count(COUNT_FILE_READS);
		return 1;
	}
	if (!absolute)
		add_start(address);
	return 0;
}

EXIT_EVENT_SHARED(open, SYSCALL_OPEN_X)
{
	struct file *file = opened(ret);
	__u32 flags = open_flags(argument(regs, 1));
	PARAM(fd, put_int(e, ret));
	PARAM(name, put_open_path(e, argument(regs, 0), file));
	PARAM(flags, put_u32(e, flags | opened_flags(as_number(file))));
	PARAM(mode, put_u32(e, open_mode(argument(regs, 1), argument(regs, 2))));
	if (end_open(e->param, as_number(file), ret, flags_that_make(flags, argument(regs, 1), argument(regs, 2)), true))
		leave_out(e);
}

EXIT_EVENT_SHARED(openat, SYSCALL_OPENAT_2_X)
{
	struct file *file = opened(ret);
	__u32 flags = open_flags(argument(regs, 2));
	PARAM(fd, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_open_path(e, argument(regs, 1), file));
	PARAM(flags, put_u32(e, flags | opened_flags(as_number(file))));
	PARAM(mode, put_u32(e, open_mode(argument(regs, 2), argument(regs, 3))));
	if (end_open(e->param, as_number(file), ret, flags_that_make(flags, argument(regs, 2), argument(regs, 3)), false))
		leave_out(e);
}

EXIT_EVENT_SHARED(openat2, SYSCALL_OPENAT2_X)
{
	struct file *file = opened(ret);
	struct open_how how = {};
	__u32 flags;
	bpf_probe_read_user(&how, sizeof(how), (void *)argument(regs, 2));
	flags = open_flags(how.flags);
	PARAM(fd, put_int(e, ret));
	PARAM(dirfd, put_int(e, argument(regs, 0)));
	PARAM(name, put_open_path(e, argument(regs, 1), file));
	PARAM(flags, put_u32(e, flags | opened_flags(as_number(file))));
	PARAM(mode, put_u32(e, open_mode(how.flags, how.mode)));
	PARAM(resolve, put_u32(e, resolve_flags(how.resolve)));
	if (end_open(e->param, as_number(file), ret, flags_that_make(flags, how.flags, how.mode), false))
		leave_out(e);
}

EXIT_EVENT_SHARED(creat, SYSCALL_CREAT_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(name, put_open_path(e, argument(regs, 0), file));
	PARAM(mode, put_u32(e, argument(regs, 1) & 07777));
	put_dev_ino(e, file);
	PARAM(creat_flags, put_u16(e, file ? overlay_layer(file, 1, 2) : 0));
	add_resolved(e, file);
	announce(as_number(file));
}

EXIT_EVENT_SHARED(open_by_handle_at, SYSCALL_OPEN_BY_HANDLE_AT_X)
{
	struct file *file = opened(ret);
	PARAM(fd, put_int(e, ret));
	PARAM(mountfd, put_int(e, argument(regs, 0)));
	PARAM(flags, put_u32(e, open_flags(argument(regs, 2)) | opened_flags(as_number(file))));
	if (file)
		PARAM(path, put_file_path(e, file));
	else
		PARAM(path, put_empty(e));
	put_dev_ino(e, file);
	if (file)
		add_named_path(true);
	announce(as_number(file));
}

SHARED_PROGRAM(opens, OPENS, WANT_EVENT, true)
