/** Tasks and descriptors listed by BPF iterators when a live session starts. Row format: see `table.ts`. */
export const ITERATOR_EVENTS = `
430 ITER_TASK_E task process/iter modifies_state
    ppid:pid32 pgid:pid32 vpgid:pid32 sid:pid32 comm:string argv:strings exepath:path
    flags:flags32:hex=execve_flags env:strings cwd:string fdlimit:uint64 euid:uid egid:gid
    cap_permitted:uint64:hex cap_effective:uint64:hex cap_inheritable:uint64:hex exe_ino_num:uint64
    exe_ino_ctime:abstime exe_ino_mtime:abstime vm_size:uint32 vm_rss:uint32 vm_swap:uint32 pgft_maj:uint64
    pgft_min:uint64 vtgid:pid32 vpid:pid32 pidns_init_start_ts:uint64 cgroups:strings root:path
    start_time:abstime tty:uint32 loginuid:uid
432 ITER_TASK_FILE_PIPE_E task_file_pipe file/iter modifies_state
    fd:fd32 path:path ino_num:uint64
434 ITER_TASK_FILE_MEMFD_E task_file_memfd file/iter modifies_state
    fd:fd32 path:path ino_num:uint64
436 ITER_TASK_FILE_REGULAR_E task_file_regular file/iter modifies_state
    fd:fd32 path:path flags:flags32:hex=file_flags mnt_id:uint32 ino_num:uint64
438 ITER_TASK_FILE_DIRECTORY_E task_file_directory file/iter modifies_state
    fd:fd32 path:path ino_num:uint64
440 ITER_TASK_FILE_SOCKET_INET_E task_file_socket_inet file/iter modifies_state
    fd:fd32 sk_type:uint16 sk_proto:uint16 local_ip:ipv4addr:hex local_port:port:hex remote_ip:ipv4addr:hex
    remote_port:port:hex ino_num:uint64
442 ITER_TASK_FILE_SOCKET_INET6_E task_file_socket_inet6 file/iter modifies_state
    fd:fd32 sk_type:uint16 sk_proto:uint16 local_ip:ipv6addr:hex local_port:port:hex remote_ip:ipv6addr:hex
    remote_port:port:hex ino_num:uint64
444 ITER_TASK_FILE_SOCKET_UNIX_E task_file_socket_unix file/iter modifies_state
    fd:fd32 sk_type:uint16 sk_proto:uint16 sk_pointer:uint64:na sun_path:path ino_num:uint64
446 ITER_TASK_FILE_SOCKET_NETLINK_E task_file_socket_netlink file/iter modifies_state
    fd:fd32 sk_type:uint16 sk_proto:uint16 ino_num:uint64
448 ITER_TASK_FILE_ANON_INODE_E task_file_anon_inode file/iter modifies_state
    fd:fd32 fd_type:flags8=anon_inode_fd_types path:path ino_num:uint64
`
