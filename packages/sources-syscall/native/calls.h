/*
 * Calls that share a program, CALL(program, call, number): what a program and the global functions below it have in common is verified
 * and compiled once for all of its calls. Read by the probe (`WRITE_CALL` in bpf/store.bpf.h) and by the sidecar (sidecar/programs.c).
 */
#pragma once

#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define OPENS(CALL) CALL(opens, openat, 56) CALL(opens, openat2, 437)
#define CLONES(CALL) CALL(clones, clone, 220) CALL(clones, clone3, 435)
#define EXECS(CALL) CALL(execs, execve, 221) CALL(execs, execveat, 281)
#define DIRECTORIES(CALL) CALL(directories, chdir, 49) CALL(directories, fchdir, 50) CALL(directories, chroot, 51)
#define PATHS_OF(CALL)                                                                                               \
	CALL(paths, mknodat, 33) CALL(paths, mkdirat, 34) CALL(paths, unlinkat, 35) CALL(paths, symlinkat, 36)       \
	CALL(paths, linkat, 37) CALL(paths, renameat, 38) CALL(paths, umount2, 39) CALL(paths, mount, 40)            \
	CALL(paths, fchmodat, 53) CALL(paths, fchownat, 54) CALL(paths, renameat2, 276) CALL(paths, fchmodat2, 452)
#define ACCEPTS(CALL) CALL(accepts, accept, 202) CALL(accepts, accept4, 242)
#define SENDS(CALL) CALL(sends, sendto, 206) CALL(sends, sendmsg, 211)
#define RECEIVES(CALL) CALL(receives, recvfrom, 207) CALL(receives, recvmsg, 212)
#define COPIES(CALL) CALL(copies, dup, 23) CALL(copies, dup3, 24) CALL(copies, fcntl, 25)
#else
#define OPENS(CALL) CALL(opens, open, 2) CALL(opens, creat, 85) CALL(opens, openat, 257) CALL(opens, openat2, 437)
#define CLONES(CALL) CALL(clones, clone, 56) CALL(clones, fork, 57) CALL(clones, vfork, 58) CALL(clones, clone3, 435)
#define EXECS(CALL) CALL(execs, execve, 59) CALL(execs, execveat, 322)
#define DIRECTORIES(CALL) CALL(directories, chdir, 80) CALL(directories, fchdir, 81) CALL(directories, chroot, 161)
#define PATHS_OF(CALL)                                                                                               \
	CALL(paths, rename, 82) CALL(paths, mkdir, 83) CALL(paths, rmdir, 84) CALL(paths, link, 86)                  \
	CALL(paths, unlink, 87) CALL(paths, symlink, 88) CALL(paths, chmod, 90) CALL(paths, chown, 92)               \
	CALL(paths, lchown, 94) CALL(paths, mknod, 133) CALL(paths, mount, 165) CALL(paths, umount2, 166)            \
	CALL(paths, mkdirat, 258) CALL(paths, mknodat, 259) CALL(paths, fchownat, 260) CALL(paths, unlinkat, 263)    \
	CALL(paths, renameat, 264) CALL(paths, linkat, 265) CALL(paths, symlinkat, 266) CALL(paths, fchmodat, 268)   \
	CALL(paths, renameat2, 316) CALL(paths, fchmodat2, 452)
#define ACCEPTS(CALL) CALL(accepts, accept, 43) CALL(accepts, accept4, 288)
#define SENDS(CALL) CALL(sends, sendto, 44) CALL(sends, sendmsg, 46)
#define RECEIVES(CALL) CALL(receives, recvfrom, 45) CALL(receives, recvmsg, 47)
#define COPIES(CALL) CALL(copies, dup, 32) CALL(copies, dup2, 33) CALL(copies, fcntl, 72) CALL(copies, dup3, 292)
#endif

#define SHARED_CALLS(CALL)                                                                                           \
	OPENS(CALL) CLONES(CALL) EXECS(CALL) DIRECTORIES(CALL) PATHS_OF(CALL) ACCEPTS(CALL) SENDS(CALL) RECEIVES(CALL) COPIES(CALL)
