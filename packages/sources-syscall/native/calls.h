/*
 * Calls that share a program, CALL(program, call, number): what a program and the global functions below it have in common is verified
 * and compiled once for all of its calls. Read by the probe (`WRITE_CALL` in bpf/store.bpf.h) and by the sidecar (sidecar/programs.c).
 */
#pragma once

#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define OPENS(CALL) CALL(opens, openat, 56) CALL(opens, open_by_handle_at, 265) CALL(opens, openat2, 437)
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
#define CHANGES_OF(CALL)                                                                                             \
	CALL(changes, unshare, 97) CALL(changes, setregid, 143) CALL(changes, setgid, 144) CALL(changes, setreuid, 145) \
	CALL(changes, setuid, 146) CALL(changes, setresuid, 147) CALL(changes, setresgid, 149)                       \
	CALL(changes, setpgid, 154) CALL(changes, setsid, 157) CALL(changes, prctl, 167) CALL(changes, setns, 268)
#define RARE(CALL)                                                                                                   \
	CALL(rare, getcwd, 17) CALL(rare, eventfd2, 19) CALL(rare, epoll_create1, 20) CALL(rare, inotify_init1, 26)  \
	CALL(rare, fchmod, 52) CALL(rare, pipe2, 59) CALL(rare, signalfd4, 74) CALL(rare, timerfd_create, 85)        \
	CALL(rare, capset, 91) CALL(rare, init_module, 105) CALL(rare, ptrace, 117) CALL(rare, setrlimit, 164)       \
	CALL(rare, socket, 198) CALL(rare, socketpair, 199) CALL(rare, bind, 200) CALL(rare, listen, 201)            \
	CALL(rare, getsockopt, 209) CALL(rare, shutdown, 210) CALL(rare, prlimit64, 261) CALL(rare, finit_module, 273) \
	CALL(rare, memfd_create, 279) CALL(rare, bpf, 280) CALL(rare, userfaultfd, 282) CALL(rare, io_uring_setup, 425) \
	CALL(rare, pidfd_open, 434) CALL(rare, close_range, 436) CALL(rare, pidfd_getfd, 438)
#else
#define OPENS(CALL)                                                                                                  \
	CALL(opens, open, 2) CALL(opens, creat, 85) CALL(opens, openat, 257) CALL(opens, open_by_handle_at, 304)     \
	CALL(opens, openat2, 437)
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
#define CHANGES_OF(CALL)                                                                                             \
	CALL(changes, setuid, 105) CALL(changes, setgid, 106) CALL(changes, setpgid, 109) CALL(changes, setsid, 112) \
	CALL(changes, setreuid, 113) CALL(changes, setregid, 114) CALL(changes, setresuid, 117)                      \
	CALL(changes, setresgid, 119) CALL(changes, prctl, 157) CALL(changes, unshare, 272) CALL(changes, setns, 308)
#define RARE(CALL)                                                                                                   \
	CALL(rare, pipe, 22) CALL(rare, socket, 41) CALL(rare, shutdown, 48) CALL(rare, bind, 49)                    \
	CALL(rare, listen, 50) CALL(rare, socketpair, 53) CALL(rare, getsockopt, 55) CALL(rare, getcwd, 79)          \
	CALL(rare, fchmod, 91) CALL(rare, ptrace, 101) CALL(rare, capset, 126) CALL(rare, setrlimit, 160)            \
	CALL(rare, init_module, 175) CALL(rare, epoll_create, 213) CALL(rare, inotify_init, 253)                     \
	CALL(rare, signalfd, 282) CALL(rare, timerfd_create, 283) CALL(rare, eventfd, 284) CALL(rare, signalfd4, 289) \
	CALL(rare, eventfd2, 290) CALL(rare, epoll_create1, 291) CALL(rare, pipe2, 293) CALL(rare, inotify_init1, 294) \
	CALL(rare, prlimit64, 302) CALL(rare, finit_module, 313) CALL(rare, memfd_create, 319) CALL(rare, bpf, 321)  \
	CALL(rare, userfaultfd, 323) CALL(rare, io_uring_setup, 425) CALL(rare, pidfd_open, 434)                     \
	CALL(rare, close_range, 436) CALL(rare, pidfd_getfd, 438)
#endif

#define SHARED_CALLS(CALL)                                                                                           \
	OPENS(CALL) CLONES(CALL) EXECS(CALL) DIRECTORIES(CALL) PATHS_OF(CALL) ACCEPTS(CALL) SENDS(CALL) RECEIVES(CALL) COPIES(CALL) \
	CHANGES_OF(CALL) RARE(CALL)
