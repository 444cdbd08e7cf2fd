/*
 * Level 3: where the kernel, having followed a path, asks its security modules before it acts (security/security.c). These functions
 * have had the same first parameters in all kernels that have BPF. They are there with CONFIG_SECURITY_PATH, and programs at functions
 * where the kernel has trampolines and nothing forbids them: the sidecar tries, and does without.
 *
 * Others may interrupt these programs on their CPU, unlike those on tracepoints: they write to places of their thread's.
 */
#pragma once
#include "objects.bpf.h"

static __always_inline int note_path(__u32 second, const struct dentry *dentry, const struct vfsmount *mount)
{
	return note_object(second, as_number(dentry), as_number(mount), 0);
}

/* With the directory's path and the name in it. */
#define HOOK_IN_DIRECTORY(name)                                                                                      \
	SEC("fentry/security_path_" #name)                                                                           \
	int BPF_PROG(h_##name, const struct path *directory, struct dentry *dentry)                                  \
	{                                                                                                            \
		note_path(0, dentry, directory->mnt);                                                                \
		return 0;                                                                                            \
	}
HOOK_IN_DIRECTORY(unlink)
HOOK_IN_DIRECTORY(rmdir)
HOOK_IN_DIRECTORY(mkdir)
HOOK_IN_DIRECTORY(mknod)

#define HOOK_AT(name)                                                                                                \
	SEC("fentry/security_path_" #name)                                                                           \
	int BPF_PROG(h_##name, const struct path *path)                                                              \
	{                                                                                                            \
		note_path(0, path->dentry, path->mnt);                                                               \
		return 0;                                                                                            \
	}
HOOK_AT(chmod)
HOOK_AT(chown)

SEC("fentry/security_path_symlink")
int BPF_PROG(h_symlink, const struct path *directory, struct dentry *dentry, const char *target)
{
	note_object(0, 0, 0, as_number(target));
	note_path(1, dentry, directory->mnt);
	return 0;
}

/* A link stays on its mount. */
SEC("fentry/security_path_link")
int BPF_PROG(h_link, struct dentry *old, const struct path *directory, struct dentry *dentry)
{
	note_path(0, old, directory->mnt);
	note_path(1, dentry, directory->mnt);
	return 0;
}

SEC("fentry/security_path_rename")
int BPF_PROG(h_rename, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry)
{
	note_path(0, old, from->mnt);
	note_path(1, dentry, to->mnt);
	return 0;
}

SEC("fentry/security_sb_mount")
int BPF_PROG(h_mount, const char *device, const struct path *path)
{
	if (device)
		note_object(0, 0, 0, as_number(device));
	note_path(1, path->dentry, path->mnt);
	return 0;
}

SEC("fentry/security_sb_umount")
int BPF_PROG(h_umount, struct vfsmount *mount)
{
	note_path(0, mount->mnt_root, mount);
	return 0;
}
