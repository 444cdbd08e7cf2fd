/** Signals, time, system-wide calls, and all other calls. Row format: see `table.ts`. */
export const SIGNAL_EVENTS = `
0 GENERIC_E syscall other old_version converter_managed
    ID:syscallid nativeID:uint16
1 GENERIC_X syscall other converter_managed
    ID:syscallid nativeID:uint16
78 SYSCALL_EPOLLWAIT_E epoll_wait unknown/wait+syscall waits old_version converter_managed
    maxevents:errno
79 SYSCALL_EPOLLWAIT_X epoll_wait unknown/wait+syscall waits converter_managed
    res:errno maxevents:errno
80 SYSCALL_POLL_E poll unknown/wait+syscall waits old_version converter_managed
    fds:fdlist timeout:int64
81 SYSCALL_POLL_X poll unknown/wait+syscall waits converter_managed
    res:errno fds:fdlist timeout:int64
82 SYSCALL_SELECT_E select unknown/wait+syscall waits old_version
83 SYSCALL_SELECT_X select unknown/wait+syscall waits
    res:errno
84 SYSCALL_NEWSELECT_E select unknown/wait+syscall waits old_version
85 SYSCALL_NEWSELECT_X select unknown/wait+syscall waits old_version converter_managed
    res:errno
126 SYSCALL_SIGNALFD_E signalfd signal creates_fd modifies_state old_version converter_managed
    fd:fd mask:uint32:hex flags:uint8:hex
127 SYSCALL_SIGNALFD_X signalfd signal creates_fd modifies_state converter_managed
    res:fd fd:fd mask:uint32:hex flags:uint8:hex
128 SYSCALL_KILL_E kill signal old_version converter_managed
    pid:pid sig:sigtype
129 SYSCALL_KILL_X kill signal converter_managed
    res:errno pid:pid sig:sigtype
130 SYSCALL_TKILL_E tkill signal old_version converter_managed
    tid:pid sig:sigtype
131 SYSCALL_TKILL_X tkill signal converter_managed
    res:errno tid:pid sig:sigtype
132 SYSCALL_TGKILL_E tgkill signal old_version converter_managed
    pid:pid tid:pid sig:sigtype
133 SYSCALL_TGKILL_X tgkill signal converter_managed
    res:errno pid:pid tid:pid sig:sigtype
134 SYSCALL_NANOSLEEP_E nanosleep sleep waits old_version converter_managed
    interval:reltime
135 SYSCALL_NANOSLEEP_X nanosleep sleep waits converter_managed
    res:errno interval:reltime
136 SYSCALL_TIMERFD_CREATE_E timerfd_create time creates_fd modifies_state old_version converter_managed
    clockid:uint8 flags:uint8:hex
137 SYSCALL_TIMERFD_CREATE_X timerfd_create time creates_fd modifies_state converter_managed
    res:fd clockid:uint8 flags:uint8:hex
254 SYSCALL_PPOLL_E ppoll unknown/wait+syscall waits old_version converter_managed
    fds:fdlist timeout:reltime sigmask:sigset
255 SYSCALL_PPOLL_X ppoll unknown/wait+syscall waits converter_managed
    res:errno fds:fdlist timeout:reltime sigmask:sigset
296 SYSCALL_BPF_E bpf other creates_fd old_version converter_managed
    cmd:int64
297 SYSCALL_BPF_X bpf other creates_fd old_version converter_managed
    res_or_fd:dyn=bpf_dynamic_param
298 SYSCALL_SECCOMP_E seccomp other old_version converter_managed
    op:uint64 flags:uint64:hex
299 SYSCALL_SECCOMP_X seccomp other converter_managed
    res:errno op:uint64 flags:uint64:hex
368 SYSCALL_BPF_2_E bpf other creates_fd old_version
    cmd:int64
369 SYSCALL_BPF_2_X bpf other creates_fd
    fd:fd cmd:enumflags32=bpf_commands
372 SYSCALL_FSCONFIG_E fsconfig system old_version
373 SYSCALL_FSCONFIG_X fsconfig system uses_fd
    res:errno fd:fd cmd:enumflags32=fsconfig_cmds key:string value_bytebuf:bytes value_charbuf:string aux:int32
374 SYSCALL_EPOLL_CREATE_E epoll_create unknown/wait+syscall creates_fd modifies_state old_version converter_managed
    size:int32
375 SYSCALL_EPOLL_CREATE_X epoll_create unknown/wait+syscall creates_fd modifies_state converter_managed
    res:errno size:int32
376 SYSCALL_EPOLL_CREATE1_E epoll_create1 unknown/wait+syscall creates_fd modifies_state old_version converter_managed
    flags:flags32:hex=epoll_create1_flags
377 SYSCALL_EPOLL_CREATE1_X epoll_create1 unknown/wait+syscall creates_fd modifies_state converter_managed
    res:errno flags:flags32:hex=epoll_create1_flags
398 SYSCALL_SIGNALFD4_E signalfd4 signal creates_fd modifies_state old_version converter_managed
    fd:fd mask:uint32:hex
399 SYSCALL_SIGNALFD4_X signalfd4 signal creates_fd modifies_state converter_managed
    res:fd flags:flags16:hex=file_flags fd:fd mask:uint32:hex
410 SYSCALL_INIT_MODULE_E init_module other old_version
411 SYSCALL_INIT_MODULE_X init_module other
    res:errno img:bytes length:uint64 uargs:string
412 SYSCALL_FINIT_MODULE_E finit_module other old_version
413 SYSCALL_FINIT_MODULE_X finit_module other uses_fd reads_from_fd
    res:errno fd:fd uargs:string flags:flags32:hex=finit_module_flags
414 SYSCALL_MKNOD_E mknod other old_version
415 SYSCALL_MKNOD_X mknod other
    res:errno path:path mode:mode:oct=mknod_mode dev:uint32
416 SYSCALL_MKNODAT_E mknodat other old_version
417 SYSCALL_MKNODAT_X mknodat other uses_fd
    res:errno dirfd:fd path:relpath@1 mode:mode:oct=mknod_mode dev:uint32
424 SYSCALL_DELETE_MODULE_E delete_module other old_version
425 SYSCALL_DELETE_MODULE_X delete_module other
    res:errno name:string flags:flags32:hex=delete_module_flags
453 SYSCALL_KEYCTL_X keyctl other
    res:errno operation:enumflags32=keyctl_operations arg2:dyn=keyctl_dynamic_param
    arg3:dyn=keyctl_dynamic_param arg4:dyn=keyctl_dynamic_param arg5:dyn=keyctl_dynamic_param
`
