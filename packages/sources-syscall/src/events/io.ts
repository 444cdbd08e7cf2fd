/** Calls on open descriptors: reading, writing, closing, polling. Row format: see `table.ts`. */
export const IO_EVENTS = `
4 SYSCALL_CLOSE_E close io_other destroys_fd uses_fd modifies_state old_version converter_managed
    fd:fd
5 SYSCALL_CLOSE_X close io_other destroys_fd uses_fd modifies_state converter_managed
    res:errno fd:fd
6 SYSCALL_READ_E read io_read uses_fd reads_from_fd old_version converter_managed
    fd:fd size:uint32
7 SYSCALL_READ_X read io_read uses_fd reads_from_fd converter_managed
    res:errno data:bytes fd:fd size:uint32
8 SYSCALL_WRITE_E write io_write uses_fd writes_to_fd old_version converter_managed
    fd:fd size:uint32
9 SYSCALL_WRITE_X write io_write uses_fd writes_to_fd converter_managed
    res:errno data:bytes fd:fd size:uint32
28 SOCKET_SEND_E send io_write uses_fd writes_to_fd old_version converter_managed
    fd:fd size:uint32
29 SOCKET_SEND_X send io_write uses_fd writes_to_fd converter_managed
    res:errno data:bytes fd:fd size:uint32 tuple:socktuple
30 SOCKET_SENDTO_E sendto io_write uses_fd writes_to_fd modifies_state old_version converter_managed
    fd:fd size:uint32 tuple:socktuple
31 SOCKET_SENDTO_X sendto io_write uses_fd writes_to_fd modifies_state converter_managed
    res:errno data:bytes fd:fd size:uint32 tuple:socktuple
32 SOCKET_RECV_E recv io_read uses_fd reads_from_fd old_version converter_managed
    fd:fd size:uint32
33 SOCKET_RECV_X recv io_read uses_fd reads_from_fd converter_managed
    res:errno data:bytes fd:fd size:uint32 tuple:socktuple
34 SOCKET_RECVFROM_E recvfrom io_read uses_fd reads_from_fd modifies_state old_version converter_managed
    fd:fd size:uint32
35 SOCKET_RECVFROM_X recvfrom io_read uses_fd reads_from_fd modifies_state converter_managed
    res:errno data:bytes tuple:socktuple fd:fd size:uint32
48 SOCKET_SENDMSG_E sendmsg io_write uses_fd writes_to_fd modifies_state old_version converter_managed
    fd:fd size:uint32 tuple:socktuple
49 SOCKET_SENDMSG_X sendmsg io_write uses_fd writes_to_fd modifies_state converter_managed
    res:errno data:bytes fd:fd size:uint32 tuple:socktuple
50 SOCKET_SENDMMSG_E sendmmsg io_write old_version
51 SOCKET_SENDMMSG_X sendmmsg io_write uses_fd writes_to_fd modifies_state converter_managed
    res:errno fd:fd size:uint32 data:bytes tuple:socktuple
52 SOCKET_RECVMSG_E recvmsg io_read uses_fd reads_from_fd modifies_state old_version converter_managed
    fd:fd
53 SOCKET_RECVMSG_X recvmsg io_read uses_fd reads_from_fd modifies_state converter_managed
    res:errno size:uint32 data:bytes tuple:socktuple msgcontrol:bytes fd:fd
54 SOCKET_RECVMMSG_E recvmmsg io_read old_version
55 SOCKET_RECVMMSG_X recvmmsg io_read uses_fd reads_from_fd modifies_state converter_managed
    res:errno fd:fd size:uint32 data:bytes tuple:socktuple msgcontrol:bytes
90 SYSCALL_IOCTL_2_E ioctl io_other uses_fd old_version converter_managed
    fd:fd request:uint64:hex
91 SYSCALL_IOCTL_2_X ioctl io_other uses_fd old_version converter_managed
    res:errno
112 SYSCALL_PREAD_E pread io_read uses_fd reads_from_fd old_version converter_managed
    fd:fd size:uint32 pos:uint64
113 SYSCALL_PREAD_X pread io_read uses_fd reads_from_fd converter_managed
    res:errno data:bytes fd:fd size:uint32 pos:uint64
114 SYSCALL_PWRITE_E pwrite io_write uses_fd writes_to_fd old_version converter_managed
    fd:fd size:uint32 pos:uint64
115 SYSCALL_PWRITE_X pwrite io_write uses_fd writes_to_fd converter_managed
    res:errno data:bytes fd:fd size:uint32 pos:uint64
116 SYSCALL_READV_E readv io_read uses_fd reads_from_fd old_version converter_managed
    fd:fd
117 SYSCALL_READV_X readv io_read uses_fd reads_from_fd converter_managed
    res:errno size:uint32 data:bytes fd:fd
118 SYSCALL_WRITEV_E writev io_write uses_fd writes_to_fd old_version converter_managed
    fd:fd size:uint32
119 SYSCALL_WRITEV_X writev io_write uses_fd writes_to_fd converter_managed
    res:errno data:bytes fd:fd size:uint32
120 SYSCALL_PREADV_E preadv io_read uses_fd reads_from_fd old_version converter_managed
    fd:fd pos:uint64
121 SYSCALL_PREADV_X preadv io_read uses_fd reads_from_fd converter_managed
    res:errno size:uint32 data:bytes fd:fd pos:uint64
122 SYSCALL_PWRITEV_E pwritev io_write uses_fd writes_to_fd old_version converter_managed
    fd:fd size:uint32 pos:uint64
123 SYSCALL_PWRITEV_X pwritev io_write uses_fd writes_to_fd converter_managed
    res:errno data:bytes fd:fd size:uint32 pos:uint64
124 SYSCALL_DUP_E dup io_other creates_fd uses_fd modifies_state old_version converter_managed
    fd:fd
125 SYSCALL_DUP_X dup io_other creates_fd uses_fd modifies_state old_version converter_managed
    res:fd
150 SYSCALL_FCNTL_E fcntl io_other uses_fd modifies_state old_version converter_managed
    fd:fd cmd:enumflags8=fcntl_commands
151 SYSCALL_FCNTL_X fcntl io_other uses_fd modifies_state converter_managed
    res:fd fd:fd cmd:enumflags8=fcntl_commands arg:uint64:hex
166 SYSCALL_SPLICE_E splice io_other uses_fd old_version converter_managed
    fd_in:fd fd_out:fd size:uint64 flags:flags32:hex=splice_flags
167 SYSCALL_SPLICE_X splice io_other uses_fd converter_managed
    res:errno fd_in:fd fd_out:fd size:uint64 flags:flags32:hex=splice_flags
170 SYSCALL_IOCTL_3_E ioctl io_other uses_fd old_version converter_managed
    fd:fd request:uint64:hex argument:uint64:hex
171 SYSCALL_IOCTL_3_X ioctl io_other uses_fd converter_managed
    res:errno fd:fd request:uint64:hex argument:uint64:hex
188 SYSCALL_SENDFILE_E sendfile io_write uses_fd old_version converter_managed
    out_fd:fd in_fd:fd offset:uint64 size:uint64
189 SYSCALL_SENDFILE_X sendfile io_write uses_fd converter_managed
    res:errno offset:uint64 out_fd:fd in_fd:fd size:uint64
338 SYSCALL_IO_URING_SETUP_E io_uring_setup io_other creates_fd modifies_state old_version
339 SYSCALL_IO_URING_SETUP_X io_uring_setup io_other creates_fd modifies_state
    res:errno entries:uint32 sq_entries:uint32 cq_entries:uint32 flags:flags32:hex=io_uring_setup_flags
    sq_thread_cpu:uint32 sq_thread_idle:uint32 features:flags32:hex=io_uring_setup_feats
340 SYSCALL_IO_URING_ENTER_E io_uring_enter io_other old_version
341 SYSCALL_IO_URING_ENTER_X io_uring_enter io_other uses_fd
    res:errno fd:fd to_submit:uint32 min_complete:uint32 flags:flags32:hex=io_uring_enter_flags sig:sigset
342 SYSCALL_IO_URING_REGISTER_E io_uring_register io_other old_version
343 SYSCALL_IO_URING_REGISTER_X io_uring_register io_other uses_fd
    res:errno fd:fd opcode:enumflags16=io_uring_register_opcodes arg:uint64:hex nr_args:uint32
362 SYSCALL_DUP2_E dup2 io_other creates_fd uses_fd modifies_state old_version
    fd:fd
363 SYSCALL_DUP2_X dup2 io_other creates_fd uses_fd modifies_state
    res:fd oldfd:fd newfd:fd
364 SYSCALL_DUP3_E dup3 io_other creates_fd uses_fd modifies_state old_version
    fd:fd
365 SYSCALL_DUP3_X dup3 io_other creates_fd uses_fd modifies_state
    res:fd oldfd:fd newfd:fd flags:flags32:hex=file_flags
366 SYSCALL_DUP_1_E dup io_other creates_fd uses_fd modifies_state old_version
    fd:fd
367 SYSCALL_DUP_1_X dup io_other creates_fd uses_fd modifies_state
    res:fd oldfd:fd
451 SYSCALL_CLOSE_RANGE_X close_range io_other modifies_state
    res:errno first:uint32 last:uint32 flags:flags32:hex=close_range_flags
`
