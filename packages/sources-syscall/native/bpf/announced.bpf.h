/*
 * Level 2: which files' and directories' descriptors the engine may know. Where no rule can ask for a descriptor of one that an earlier event
 * opened (WANT_NO_FILES, WANT_NO_DIRECTORIES), an open that no rule can match is left out, and so are the closes of what was opened by it. A
 * file whose open was sent is announced: its closes are sent, so that the engine's table has no descriptor that is closed. What is in doubt
 * is sent.
 *
 * A file is known by its address, which a later file may have: when one that is left out has it, it is no longer announced.
 */
#pragma once
#include "extract.bpf.h"

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define S_IFBLK 0060000

#define MAX_ANNOUNCED 32768
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ANNOUNCED);
	__type(key, __u64);
	__type(value, __u8);
} announced_files SEC(".maps");

/* One bit for each text of which rules ask, in paths of files and in those of directories: by text_bit. */
#define TEXT_BITS 65536
enum searched { OF_FILES, OF_DIRECTORIES };
struct unasked {
	__u64 texts[2 * TEXT_BITS / 64];
	__u32 directories_doubtful; /* the engine may know one by a name that has a text, which its own path does not have */
	__u32 closes_doubtful;      /* there was no room for a file that was announced */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unasked);
} unasked_map SEC(".maps");

static __always_inline struct unasked *unasked(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&unasked_map, &zero);
}

/* By thread id modulo the size: the thread whose close, which has begun, is left out. Of two that share a place both are sent. */
#define MAX_CLOSING 1024
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CLOSING);
	__type(key, __u32);
	__type(value, __u32);
} closing SEC(".maps");

/* Of which kinds nobody asks: WANT_NO_FILES and WANT_NO_DIRECTORIES. */
static __always_inline __u8 unasked_kinds(__u32 nr)
{
	__u8 *want = bpf_map_lookup_elem(&syscalls, &nr);
	return want ? *want & (WANT_NO_FILES | WANT_NO_DIRECTORIES) : 0;
}

static __always_inline bool is_unasked(__u32 nr)
{
	return unasked_kinds(nr) & WANT_NO_FILES;
}

static __always_inline bool is_directory(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFDIR;
}

/* A file that has a path: a memfd, a pidfd and the like are no plain files to rules. */
static __always_inline bool is_plain_file(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	__u32 format = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	return (format == S_IFREG || format == S_IFCHR || format == S_IFBLK) && BPF_CORE_READ(dentry, d_parent) != dentry;
}

/* Whether a file or directory is one of which nobody asks. */
static __always_inline bool is_of_kinds(struct file *file, __u8 unasked)
{
	return is_directory(file) ? unasked & WANT_NO_DIRECTORIES : unasked & WANT_NO_FILES && is_plain_file(file);
}

static __always_inline bool is_announced(__u64 file)
{
	return bpf_map_lookup_elem(&announced_files, &file);
}

/* Others may put another file in the place of a descriptor at any time. */
static __always_inline bool shares_descriptors(void)
{
	return BPF_CORE_READ(current_task(), files, count.counter) > 1;
}

/* The open of this file is sent. */
static __always_inline void announce(__u64 file)
{
	const __u8 known = 1;
	__u8 kinds = unasked_kinds(NR_CLOSE);
	struct unasked *to;
	if (!file || !kinds || !is_of_kinds((struct file *)file, kinds))
		return;
	if (bpf_map_update_elem(&announced_files, &file, &known, BPF_ANY) && (to = unasked()))
		to->closes_doubtful = 1;
}

/* Whether it is a descriptor of a file or directory of which nobody has told the engine. */
static __always_inline bool is_unknown(int fd)
{
	__u8 kinds = unasked_kinds(NR_CLOSE);
	struct unasked *doubts;
	struct file *file;
	__u64 key;
	if (!kinds)
		return false;
	doubts = unasked();
	if (!doubts || doubts->closes_doubtful || shares_descriptors())
		return false;
	file = file_of(current_task(), fd);
	key = as_number(file);
	return key && is_of_kinds(file, kinds) && !is_announced(key);
}

/* At sys_enter, while the descriptor is there. */
static __always_inline void note_close(int fd)
{
	__u32 tid = bpf_get_current_pid_tgid(), at = tid & (MAX_CLOSING - 1), *place = bpf_map_lookup_elem(&closing, &at);
	if (place)
		*place = is_unknown(fd) ? tid : 0;
}

/* At sys_exit. */
static __always_inline bool is_close_noted(void)
{
	__u32 tid = bpf_get_current_pid_tgid(), at = tid & (MAX_CLOSING - 1);
	__u32 *place = bpf_map_lookup_elem(&closing, &at);
	if (!place || *place != tid)
		return false;
	*place = 0;
	return true;
}
