/**
 * System calls by Falco's own code (PPM_SC_*, the same on every architecture), with the number on x86-64 where it has one. A
 * generic event carries the code; its evt.type is the call's name. The last of them are tracepoints. `-` = no such code.
 */
import { EVENTS, EventClass, EventFlag } from './table.ts'

const ROWS = `
0 unknown, 1 restart_syscall 219, 2 exit 60, 3 read 0, 4 write 1, 5 open 2, 6 close 3, 7 creat 85, 8 link 86,
9 unlink 87, 10 chdir 80, 11 time 201, 12 mknod 133, 13 chmod 90, 14 stat 4, 15 lseek 8, 16 getpid 39, 17 mount 165,
18 ptrace 101, 19 alarm 37, 20 fstat 5, 21 pause 34, 22 utime 132, 23 access 21, 24 sync 162, 25 kill 62,
26 rename 82, 27 mkdir 83, 28 rmdir 84, 29 dup 32, 30 pipe 22, 31 times 100, 32 brk 12, 33 acct 163, 34 ioctl 16,
35 fcntl 72, 36 setpgid 109, 37 umask 95, 38 chroot 161, 39 ustat 136, 40 dup2 33, 41 getppid 110, 42 getpgrp 111,
43 setsid 112, 44 sethostname 170, 45 setrlimit 160, 46 getrusage 98, 47 gettimeofday 96, 48 settimeofday 164,
49 symlink 88, 50 lstat 6, 51 readlink 89, 52 uselib, 53 swapon 167, 54 reboot 169, 55 mmap 9, 56 munmap 11,
57 truncate 76, 58 ftruncate 77, 59 fchmod 91, 60 getpriority 140, 61 setpriority 141, 62 statfs 137, 63 fstatfs 138,
64 syslog 103, 65 setitimer 38, 66 getitimer 36, 67 uname 63, 68 vhangup 153, 69 wait4 61, 70 swapoff 168,
71 sysinfo 99, 72 fsync 74, 73 setdomainname 171, 74 adjtimex 159, 75 mprotect 10, 76 init_module 175,
77 delete_module 176, 78 quotactl 179, 79 getpgid 121, 80 fchdir 81, 81 sysfs 139, 82 personality 135, 83 getdents 78,
84 select 23, 85 flock 73, 86 msync 26, 87 readv 19, 88 writev 20, 89 getsid 124, 90 fdatasync 75, 91 mlock 149,
92 munlock 150, 93 mlockall 151, 94 munlockall 152, 95 sched_setparam 142, 96 sched_getparam 143,
97 sched_setscheduler 144, 98 sched_getscheduler 145, 99 sched_yield 24, 100 sched_get_priority_max 146,
101 sched_get_priority_min 147, 102 sched_rr_get_interval 148, 103 nanosleep 35, 104 mremap 25, 105 poll 7,
106 prctl 157, 107 rt_sigaction 13, 108 rt_sigprocmask 14, 109 rt_sigpending 127, 110 rt_sigtimedwait 128,
111 rt_sigqueueinfo 129, 112 rt_sigsuspend 130, 113 getcwd 79, 114 capget 125, 115 capset 126, 116 sendfile 40,
117 getrlimit 97, 118 lchown 94, 119 getuid 102, 120 getgid 104, 121 geteuid 107, 122 getegid 108, 123 setreuid 113,
124 setregid 114, 125 getgroups 115, 126 setgroups 116, 127 fchown 93, 128 setresuid 117, 129 getresuid 118,
130 setresgid 119, 131 getresgid 120, 132 chown 92, 133 setuid 105, 134 setgid 106, 135 setfsuid 122,
136 setfsgid 123, 137 pivot_root 155, 138 mincore 27, 139 madvise 28, 140 gettid 186, 141 setxattr 188,
142 lsetxattr 189, 143 fsetxattr 190, 144 getxattr 191, 145 lgetxattr 192, 146 fgetxattr 193, 147 listxattr 194,
148 llistxattr 195, 149 flistxattr 196, 150 removexattr 197, 151 lremovexattr 198, 152 fremovexattr 199,
153 tkill 200, 154 futex 202, 155 sched_setaffinity 203, 156 sched_getaffinity 204, 157 set_thread_area 205,
158 get_thread_area 211, 159 io_setup 206, 160 io_destroy 207, 161 io_getevents 208, 162 io_submit 209,
163 io_cancel 210, 164 exit_group 231, 165 epoll_create 213, 166 epoll_ctl 233, 167 epoll_wait 232,
168 remap_file_pages 216, 169 set_tid_address 218, 170 timer_create 222, 171 timer_settime 223, 172 timer_gettime 224,
173 timer_getoverrun 225, 174 timer_delete 226, 175 clock_settime 227, 176 clock_gettime 228, 177 clock_getres 229,
178 clock_nanosleep 230, 179 tgkill 234, 180 utimes 235, 181 mq_open 240, 182 mq_unlink 241, 183 mq_timedsend 242,
184 mq_timedreceive 243, 185 mq_notify 244, 186 mq_getsetattr 245, 187 kexec_load 246, 188 waitid 247,
189 add_key 248, 190 request_key 249, 191 keyctl 250, 192 ioprio_set 251, 193 ioprio_get 252, 194 inotify_init 253,
195 inotify_add_watch 254, 196 inotify_rm_watch 255, 197 openat 257, 198 mkdirat 258, 199 mknodat 259,
200 fchownat 260, 201 futimesat 261, 202 unlinkat 263, 203 renameat 264, 204 linkat 265, 205 symlinkat 266,
206 readlinkat 267, 207 fchmodat 268, 208 faccessat 269, 209 pselect6 270, 210 ppoll 271, 211 unshare 272,
212 set_robust_list 273, 213 get_robust_list 274, 214 splice 275, 215 tee 276, 216 vmsplice 278, 217 getcpu 309,
218 epoll_pwait 281, 219 utimensat 280, 220 signalfd 282, 221 timerfd_create 283, 222 eventfd 284,
223 timerfd_settime 286, 224 timerfd_gettime 287, 225 signalfd4 289, 226 eventfd2 290, 227 epoll_create1 291,
228 dup3 292, 229 pipe2 293, 230 inotify_init1 294, 231 preadv 295, 232 pwritev 296, 233 rt_tgsigqueueinfo 297,
234 perf_event_open 298, 235 fanotify_init 300, 236 prlimit64 302, 237 clock_adjtime 305, 238 syncfs 306,
239 setns 308, 240 getdents64 217, 241 socket 41, 242 bind 49, 243 connect 42, 244 listen 50, 245 accept 43,
246 getsockname 51, 247 getpeername 52, 248 socketpair 53, 249 sendto 44, 250 recvfrom 45, 251 shutdown 48,
252 setsockopt 54, 253 getsockopt 55, 254 sendmsg 46, 255 sendmmsg 307, 256 recvmsg 47, 257 recvmmsg 299,
258 accept4 288, 259 semop 65, 260 semget 64, 261 semctl 66, 262 msgsnd 69, 263 msgrcv 70, 264 msgget 68,
265 msgctl 71, 266 shmdt 67, 267 shmget 29, 268 shmctl 31, 269 statfs64, 270 fstatfs64, 271 fstatat64, 272 sendfile64,
273 ugetrlimit, 274 bdflush, 275 sigprocmask, 276 ipc, 277 socketcall, 278 stat64, 279 lstat64, 280 fstat64,
281 fcntl64, 282 mmap2, 283 _newselect, 284 sgetmask, 285 ssetmask, 286 sigpending, 287 olduname, 288 umount,
289 signal, 290 nice, 291 stime, 292 _llseek, 293 waitpid, 294 pread64 17, 295 pwrite64 18, 296 arch_prctl 158,
297 shmat 30, 298 rt_sigreturn 15, 299 fallocate 285, 300 newfstatat 262, 301 process_vm_readv 310,
302 process_vm_writev 311, 303 fork 57, 304 vfork 58, 305 setuid32, 306 getuid32, 307 setgid32, 308 geteuid32,
309 getgid32, 310 setresuid32, 311 setresgid32, 312 getresuid32, 313 getresgid32, 314 finit_module 313, 315 bpf 321,
316 seccomp 317, 317 sigaltstack 131, 318 getrandom 318, 319 fadvise64 221, 320 renameat2 316, 321 userfaultfd 323,
322 openat2 437, 323 umount2 166, 324 execve 59, 325 execveat 322, 326 copy_file_range 326, 327 clone 56,
328 clone3 435, 329 open_by_handle_at 304, 330 io_uring_setup 425, 331 io_uring_enter 426, 332 io_uring_register 427,
333 mlock2 325, 334 getegid32, 335 fsconfig 431, 336 fspick 433, 337 fsmount 432, 338 fsopen 430, 339 open_tree 428,
340 move_mount 429, 341 mount_setattr 442, 342 memfd_create 319, 343 memfd_secret 447, 344 ioperm 173,
345 kexec_file_load 320, 346 pidfd_getfd 438, 347 pidfd_open 434, 348 pidfd_send_signal 424, 349 pkey_alloc 330,
350 pkey_mprotect 329, 351 pkey_free 331, 352 landlock_create_ruleset 444, 353 quotactl_fd 443,
354 landlock_restrict_self 446, 355 landlock_add_rule 445, 356 epoll_pwait2 441, 357 migrate_pages 256,
358 move_pages 279, 359 preadv2 327, 360 pwritev2 328, 361 kcmp 312, 362 sched_setattr 314, 363 mbind 237,
364 epoll_ctl_old 214, 365 lookup_dcookie 212, 366 modify_ldt 154, 367 statx 332, 368 set_mempolicy 238,
369 io_pgetevents 333, 370 set_mempolicy_home_node 450, 371 semtimedop 220, 372 get_kernel_syms, 373 readahead 187,
374 futex_waitv 449, 375 getpmsg, 376 name_to_handle_at 303, 377 process_mrelease 448, 378 nfsservctl,
379 epoll_wait_old 215, 380 rseq 334, 381 create_module, 382 -, 383 sched_getattr 315, 384 faccessat2 439,
385 _sysctl, 386 query_module, 387 get_mempolicy 239, 388 sync_file_range 277, 389 process_madvise 440,
390 membarrier 324, 391 iopl 172, 392 close_range 436, 393 fanotify_mark 301, 394 recv, 395 send,
396 sched_process_exit, 397 sched_switch, 398 page_fault_user, 399 page_fault_kernel, 400 signal_deliver, 401 timerfd,
402 s390_pci_mmio_read, 403 sigaction, 404 s390_pci_mmio_write, 405 readdir, 406 s390_sthyi, 407 sigsuspend, 408 idle,
409 s390_runtime_instr, 410 sigreturn, 411 s390_guarded_storage, 412 cachestat 451, 413 fchmodat2 452,
414 map_shadow_stack 453, 415 riscv_flush_icache, 416 riscv_hwprobe, 417 futex_wake 454, 418 futex_requeue 456,
419 futex_wait 455, 420 oldstat, 421 switch_endian, 422 multiplexer, 423 oldlstat, 424 spu_create,
425 sync_file_range2, 426 oldfstat, 427 spu_run, 428 swapcontext, 429 pciconfig_write, 430 rtas, 431 pciconfig_read,
432 sys_debug_setcontext, 433 vm86, 434 oldolduname, 435 subpage_prot, 436 pciconfig_iobase, 437 listmount 458,
438 statmount 457, 439 lsm_get_self_attr 459, 440 lsm_set_self_attr 460, 441 lsm_list_modules 461, 442 mseal 462,
443 uretprobe 335, 444 removexattrat 466, 445 listxattrat 465, 446 getxattrat 464, 447 setxattrat 463,
448 open_tree_attr 467, 449 file_getattr 468, 450 file_setattr 469, 451 listns 470, 452 uprobe 336,
453 rseq_slice_yield 471
`

/** Where an event's name differs from the names of the calls that it is recorded for. */
const CALLS_OF_EVENT: Readonly<Record<string, readonly string[]>> = {
  llseek: ['_llseek'],
  pread: ['pread64'],
  pwrite: ['pwrite64'],
  prlimit: ['prlimit64'],
  getrlimit: ['getrlimit', 'ugetrlimit'],
  fcntl: ['fcntl', 'fcntl64'],
  sendfile: ['sendfile', 'sendfile64'],
  setresuid: ['setresuid', 'setresuid32'],
  setresgid: ['setresgid', 'setresgid32'],
  setuid: ['setuid', 'setuid32'],
  setgid: ['setgid', 'setgid32'],
  getuid: ['getuid', 'getuid32'],
  geteuid: ['geteuid', 'geteuid32'],
  getgid: ['getgid', 'getgid32'],
  getegid: ['getegid', 'getegid32'],
  getresuid: ['getresuid', 'getresuid32'],
  getresgid: ['getresgid', 'getresgid32'],
  procexit: ['sched_process_exit'],
  switch: ['sched_switch'],
  signaldeliver: ['signal_deliver'],
  page_fault: ['page_fault_user', 'page_fault_kernel'],
}

/** Name by code; '' = no such code. */
export const SYSCALL_NAMES: readonly string[] = []
/** Code by name. */
export const SYSCALL_CODES: ReadonlyMap<string, number> = new Map()
/** Code by system call number on x86-64; -1 = none. */
export const X86_64_SYSCALLS: Int16Array = new Int16Array(512).fill(-1)

for (const row of ROWS.trim().split(/,\s*/)) {
  const [code, name, native] = row.trim().split(' ') as [string, string, string?]
  ;(SYSCALL_NAMES as string[])[Number(code)] = name === '-' ? '' : name
  if (name !== '-') (SYSCALL_CODES as Map<string, number>).set(name, Number(code))
  if (native !== undefined) X86_64_SYSCALLS[Number(native)] = Number(code)
}

/** Codes of the calls that an event is recorded for. Empty for generic events (any call without an event of its own) and notes. */
export function syscallsOf(id: number): readonly number[] {
  const event = EVENTS[id]
  if (!event || event.flags & EventFlag.unused) return []
  if (!(event.classes & (EventClass.syscall | EventClass.tracepoint)) || id < 2) return []
  const names = event.code.includes('ACCEPT4') ? ['accept4'] : (CALLS_OF_EVENT[event.name] ?? [event.name])
  return names.map(name => SYSCALL_CODES.get(name) ?? -1).filter(code => code >= 0)
}
