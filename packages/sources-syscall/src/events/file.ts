/** Files and directories: opening, creating, linking, permissions, mounts. Row format: see `table.ts`. */
export const FILE_EVENTS = `
2 SYSCALL_OPEN_E open file creates_fd modifies_state converter_managed
    name:path flags:flags32:hex=file_flags mode:uint32:oct
3 SYSCALL_OPEN_X open file creates_fd modifies_state converter_managed
    fd:fd name:path flags:flags32:hex=file_flags mode:uint32:oct dev:uint32:hex ino:uint64
58 SYSCALL_CREAT_E creat file creates_fd modifies_state converter_managed
    name:path mode:uint32:oct
59 SYSCALL_CREAT_X creat file creates_fd modifies_state converter_managed
    fd:fd name:path mode:uint32:oct dev:uint32:hex ino:uint64 creat_flags:flags16:hex=creat_flags
66 SYSCALL_STAT_E stat file old_version
67 SYSCALL_STAT_X stat file
    res:errno path:path
68 SYSCALL_LSTAT_E lstat file old_version
69 SYSCALL_LSTAT_X lstat file
    res:errno path:path
70 SYSCALL_FSTAT_E fstat file uses_fd old_version converter_managed
    fd:fd:na
71 SYSCALL_FSTAT_X fstat file uses_fd converter_managed
    res:errno fd:fd:na
72 SYSCALL_STAT64_E stat64 file old_version
73 SYSCALL_STAT64_X stat64 file
    res:errno path:path
74 SYSCALL_LSTAT64_E lstat64 file old_version
75 SYSCALL_LSTAT64_X lstat64 file
    res:errno path:path
76 SYSCALL_FSTAT64_E fstat64 file uses_fd old_version
    fd:fd:na
77 SYSCALL_FSTAT64_X fstat64 file
    res:errno
86 SYSCALL_LSEEK_E lseek file uses_fd old_version converter_managed
    fd:fd offset:uint64 whence:enumflags8=lseek_whence
87 SYSCALL_LSEEK_X lseek file uses_fd converter_managed
    res:errno fd:fd offset:uint64 whence:enumflags8=lseek_whence
88 SYSCALL_LLSEEK_E llseek file uses_fd old_version converter_managed
    fd:fd offset:uint64 whence:enumflags8=lseek_whence
89 SYSCALL_LLSEEK_X llseek file uses_fd converter_managed
    res:errno fd:fd offset:uint64 whence:enumflags8=lseek_whence
92 SYSCALL_GETCWD_E getcwd file old_version
93 SYSCALL_GETCWD_X getcwd file
    res:errno path:string
94 SYSCALL_CHDIR_E chdir file modifies_state old_version
95 SYSCALL_CHDIR_X chdir file modifies_state
    res:errno path:string
96 SYSCALL_FCHDIR_E fchdir file uses_fd modifies_state old_version converter_managed
    fd:fd:na
97 SYSCALL_FCHDIR_X fchdir file uses_fd modifies_state converter_managed
    res:errno fd:fd:na
98 SYSCALL_MKDIR_E mkdir file old_version converter_managed
    path:path mode:uint32:hex
99 SYSCALL_MKDIR_X mkdir file old_version converter_managed
    res:errno
100 SYSCALL_RMDIR_E rmdir file old_version converter_managed
    path:path
101 SYSCALL_RMDIR_X rmdir file old_version converter_managed
    res:errno
102 SYSCALL_OPENAT_E openat file creates_fd modifies_state old_version converter_managed
    dirfd:fd name:string flags:flags32:hex=file_flags mode:uint32:oct
103 SYSCALL_OPENAT_X openat file creates_fd modifies_state old_version converter_managed
    fd:fd
104 SYSCALL_LINK_E link file old_version converter_managed
    oldpath:path newpath:path
105 SYSCALL_LINK_X link file old_version converter_managed
    res:errno
106 SYSCALL_LINKAT_E linkat file old_version converter_managed
    olddir:fd oldpath:string newdir:fd newpath:string
107 SYSCALL_LINKAT_X linkat file old_version converter_managed
    res:errno
108 SYSCALL_UNLINK_E unlink file old_version converter_managed
    path:path
109 SYSCALL_UNLINK_X unlink file old_version converter_managed
    res:errno
110 SYSCALL_UNLINKAT_E unlinkat file old_version converter_managed
    dirfd:fd name:string
111 SYSCALL_UNLINKAT_X unlinkat file old_version converter_managed
    res:errno
174 SYSCALL_RENAME_E rename file old_version
175 SYSCALL_RENAME_X rename file
    res:errno oldpath:path newpath:path
176 SYSCALL_RENAMEAT_E renameat file old_version
177 SYSCALL_RENAMEAT_X renameat file
    res:errno olddirfd:fd oldpath:relpath@1 newdirfd:fd newpath:relpath@3
178 SYSCALL_SYMLINK_E symlink file old_version
179 SYSCALL_SYMLINK_X symlink file
    res:errno target:string linkpath:path
180 SYSCALL_SYMLINKAT_E symlinkat file old_version
181 SYSCALL_SYMLINKAT_X symlinkat file uses_fd
    res:errno target:string linkdirfd:fd linkpath:relpath@2
236 SYSCALL_GETDENTS_E getdents file uses_fd old_version converter_managed
    fd:fd:na
237 SYSCALL_GETDENTS_X getdents file uses_fd converter_managed
    res:errno fd:fd:na
238 SYSCALL_GETDENTS64_E getdents64 file uses_fd old_version converter_managed
    fd:fd:na
239 SYSCALL_GETDENTS64_X getdents64 file uses_fd converter_managed
    res:errno fd:fd:na
242 SYSCALL_FLOCK_E flock file uses_fd old_version converter_managed
    fd:fd:na operation:flags32:hex=flock_flags
243 SYSCALL_FLOCK_X flock file uses_fd converter_managed
    res:errno fd:fd:na operation:flags32:hex=flock_flags
256 SYSCALL_MOUNT_E mount file modifies_state old_version converter_managed
    flags:flags32:hex=mount_flags
257 SYSCALL_MOUNT_X mount file modifies_state converter_managed
    res:errno dev:string dir:path type:string flags:flags32:hex=mount_flags
258 SYSCALL_UMOUNT_E umount file modifies_state old_version
    flags:flags32:hex=umount_flags
259 SYSCALL_UMOUNT_X umount file modifies_state old_version converter_managed
    res:errno name:path
264 SYSCALL_ACCESS_E access file old_version converter_managed
    mode:flags32:hex=access_flags
265 SYSCALL_ACCESS_X access file converter_managed
    res:errno name:path mode:flags32:hex=access_flags
276 SYSCALL_MKDIR_2_E mkdir file old_version converter_managed
    mode:uint32:hex
277 SYSCALL_MKDIR_2_X mkdir file converter_managed
    res:errno path:path mode:uint32:hex
278 SYSCALL_RMDIR_2_E rmdir file old_version
279 SYSCALL_RMDIR_2_X rmdir file
    res:errno path:path
300 SYSCALL_UNLINK_2_E unlink file old_version
301 SYSCALL_UNLINK_2_X unlink file
    res:errno path:path
302 SYSCALL_UNLINKAT_2_E unlinkat file old_version
303 SYSCALL_UNLINKAT_2_X unlinkat file uses_fd
    res:errno dirfd:fd name:relpath@1 flags:flags32:hex=unlinkat_flags
304 SYSCALL_MKDIRAT_E mkdirat file old_version
305 SYSCALL_MKDIRAT_X mkdirat file uses_fd
    res:errno dirfd:fd path:relpath@1 mode:uint32:hex
306 SYSCALL_OPENAT_2_E openat file creates_fd modifies_state converter_managed
    dirfd:fd name:relpath@0 flags:flags32:hex=file_flags mode:uint32:oct
307 SYSCALL_OPENAT_2_X openat file creates_fd modifies_state converter_managed
    fd:fd dirfd:fd name:relpath@1 flags:flags32:hex=file_flags mode:uint32:oct dev:uint32:hex ino:uint64
308 SYSCALL_LINK_2_E link file old_version
309 SYSCALL_LINK_2_X link file
    res:errno oldpath:path newpath:path
310 SYSCALL_LINKAT_2_E linkat file old_version
311 SYSCALL_LINKAT_2_X linkat file
    res:errno olddir:fd oldpath:relpath@1 newdir:fd newpath:relpath@3 flags:flags32:hex=linkat_flags
312 SYSCALL_FCHMODAT_E fchmodat file old_version
313 SYSCALL_FCHMODAT_X fchmodat file uses_fd
    res:errno dirfd:fd filename:relpath@1 mode:mode:oct=chmod_mode
314 SYSCALL_CHMOD_E chmod file old_version
315 SYSCALL_CHMOD_X chmod file
    res:errno filename:path mode:mode:oct=chmod_mode
316 SYSCALL_FCHMOD_E fchmod file old_version
317 SYSCALL_FCHMOD_X fchmod file uses_fd
    res:errno fd:fd mode:mode:oct=chmod_mode
318 SYSCALL_RENAMEAT2_E renameat2 file old_version
319 SYSCALL_RENAMEAT2_X renameat2 file
    res:errno olddirfd:fd oldpath:relpath@1 newdirfd:fd newpath:relpath@3 flags:flags32:hex=renameat2_flags
320 SYSCALL_USERFAULTFD_E userfaultfd file creates_fd modifies_state old_version
321 SYSCALL_USERFAULTFD_X userfaultfd file creates_fd modifies_state
    res:errno flags:flags32:hex=file_flags
326 SYSCALL_OPENAT2_E openat2 file creates_fd modifies_state converter_managed
    dirfd:fd name:relpath@0 flags:flags32:hex=file_flags mode:uint32:oct resolve:flags32:hex=openat2_flags
327 SYSCALL_OPENAT2_X openat2 file creates_fd modifies_state converter_managed
    fd:fd dirfd:fd name:relpath@1 flags:flags32:hex=file_flags mode:uint32:oct resolve:flags32:hex=openat2_flags
    dev:uint32:hex ino:uint64
332 SYSCALL_COPY_FILE_RANGE_E copy_file_range file uses_fd reads_from_fd writes_to_fd old_version converter_managed
    fdin:fd offin:uint64 len:uint64
333 SYSCALL_COPY_FILE_RANGE_X copy_file_range file uses_fd reads_from_fd writes_to_fd converter_managed
    res:errno fdout:fd offout:uint64 fdin:fd offin:uint64 len:uint64
336 SYSCALL_OPEN_BY_HANDLE_AT_E open_by_handle_at file creates_fd modifies_state old_version
337 SYSCALL_OPEN_BY_HANDLE_AT_X open_by_handle_at file creates_fd modifies_state
    fd:fd mountfd:fd flags:flags32:hex=file_flags path:path dev:uint32:hex ino:uint64
378 SYSCALL_CHOWN_E chown file old_version
379 SYSCALL_CHOWN_X chown file
    res:errno path:path uid:uint32 gid:uint32
380 SYSCALL_LCHOWN_E lchown file old_version
381 SYSCALL_LCHOWN_X lchown file
    res:errno path:path uid:uint32 gid:uint32
382 SYSCALL_FCHOWN_E fchown file old_version
383 SYSCALL_FCHOWN_X fchown file uses_fd
    res:errno fd:fd uid:uint32 gid:uint32
384 SYSCALL_FCHOWNAT_E fchownat file old_version
385 SYSCALL_FCHOWNAT_X fchownat file uses_fd
    res:errno dirfd:fd pathname:relpath@1 uid:uint32 gid:uint32 flags:flags32:hex=fchownat_flags
386 SYSCALL_UMOUNT_1_E umount file modifies_state old_version
387 SYSCALL_UMOUNT_1_X umount file modifies_state
    res:errno name:path
390 SYSCALL_UMOUNT2_E umount2 file modifies_state old_version converter_managed
    flags:flags32:hex=umount_flags
391 SYSCALL_UMOUNT2_X umount2 file modifies_state converter_managed
    res:errno name:path flags:flags32:hex=umount_flags
418 SYSCALL_NEWFSTATAT_E newfstatat file old_version
419 SYSCALL_NEWFSTATAT_X newfstatat file uses_fd
    res:errno dirfd:fd path:relpath@1 flags:flags32:hex=newfstatat_flags
`
