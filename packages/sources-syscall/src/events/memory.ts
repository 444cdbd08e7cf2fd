/** Memory, semaphores and other interprocess communication. Row format: see `table.ts`. */
export const MEMORY_EVENTS = `
10 SYSCALL_BRK_1_E brk memory old_version converter_managed
    size:uint32
11 SYSCALL_BRK_1_X brk memory old_version converter_managed
    res:uint64:hex
42 SOCKET_SOCKETPAIR_E socketpair ipc creates_fd modifies_state old_version converter_managed
    domain:enumflags32=socket_families type:uint32 proto:uint32
43 SOCKET_SOCKETPAIR_X socketpair ipc creates_fd modifies_state converter_managed
    res:errno fd1:fd fd2:fd source:uint64:hex peer:uint64:hex domain:enumflags32=socket_families type:uint32
    proto:uint32
60 SYSCALL_PIPE_E pipe ipc creates_fd modifies_state old_version
61 SYSCALL_PIPE_X pipe ipc creates_fd modifies_state
    res:errno fd1:fd fd2:fd ino:uint64
62 SYSCALL_EVENTFD_E eventfd ipc creates_fd modifies_state old_version converter_managed
    initval:uint64 flags:uint32:hex
63 SYSCALL_EVENTFD_X eventfd ipc creates_fd modifies_state converter_managed
    res:fd initval:uint64 flags:uint32:hex
64 SYSCALL_FUTEX_E futex ipc old_version converter_managed
    addr:uint64:hex op:flags16:hex=futex_operations val:uint64
65 SYSCALL_FUTEX_X futex ipc converter_managed
    res:errno addr:uint64:hex op:flags16:hex=futex_operations val:uint64
138 SYSCALL_INOTIFY_INIT_E inotify_init ipc creates_fd modifies_state old_version converter_managed
    flags:uint8:hex
139 SYSCALL_INOTIFY_INIT_X inotify_init ipc creates_fd modifies_state converter_managed
    res:fd flags:uint8:hex
158 SYSCALL_BRK_4_E brk memory old_version converter_managed
    addr:uint64:hex
159 SYSCALL_BRK_4_X brk memory converter_managed
    res:uint64:hex vm_size:uint32 vm_rss:uint32 vm_swap:uint32 addr:uint64:hex
160 SYSCALL_MMAP_E mmap memory uses_fd old_version converter_managed
    addr:uint64:hex length:uint64 prot:flags32:hex=prot_flags flags:flags32:hex=mmap_flags fd:fd offset:uint64
161 SYSCALL_MMAP_X mmap memory uses_fd converter_managed
    res:errno:hex vm_size:uint32 vm_rss:uint32 vm_swap:uint32 addr:uint64:hex length:uint64
    prot:flags32:hex=prot_flags flags:flags32:hex=mmap_flags fd:fd offset:uint64
162 SYSCALL_MMAP2_E mmap2 memory uses_fd old_version converter_managed
    addr:uint64:hex length:uint64 prot:flags32:hex=prot_flags flags:flags32:hex=mmap_flags fd:fd pgoffset:uint64
163 SYSCALL_MMAP2_X mmap2 memory uses_fd converter_managed
    res:errno:hex vm_size:uint32 vm_rss:uint32 vm_swap:uint32 addr:uint64:hex length:uint64
    prot:flags32:hex=prot_flags flags:flags32:hex=mmap_flags fd:fd pgoffset:uint64
164 SYSCALL_MUNMAP_E munmap memory old_version converter_managed
    addr:uint64:hex length:uint64
165 SYSCALL_MUNMAP_X munmap memory converter_managed
    res:errno vm_size:uint32 vm_rss:uint32 vm_swap:uint32 addr:uint64:hex length:uint64
328 SYSCALL_MPROTECT_E mprotect memory old_version converter_managed
    addr:uint64:hex length:uint64 prot:flags32:hex=prot_flags
329 SYSCALL_MPROTECT_X mprotect memory converter_managed
    res:errno addr:uint64:hex length:uint64 prot:flags32:hex=prot_flags
344 SYSCALL_MLOCK_E mlock memory old_version
345 SYSCALL_MLOCK_X mlock memory
    res:errno addr:uint64:hex len:uint64
346 SYSCALL_MUNLOCK_E munlock memory old_version
347 SYSCALL_MUNLOCK_X munlock memory
    res:errno addr:uint64:hex len:uint64
348 SYSCALL_MLOCKALL_E mlockall memory old_version
349 SYSCALL_MLOCKALL_X mlockall memory
    res:errno flags:flags32:hex=mlockall_flags
350 SYSCALL_MUNLOCKALL_E munlockall memory old_version
351 SYSCALL_MUNLOCKALL_X munlockall memory
    res:errno
370 SYSCALL_MLOCK2_E mlock2 memory old_version
371 SYSCALL_MLOCK2_X mlock2 memory
    res:errno addr:uint64:hex len:uint64 flags:flags32:hex=mlock2_flags
392 SYSCALL_PIPE2_E pipe2 ipc creates_fd modifies_state old_version
393 SYSCALL_PIPE2_X pipe2 ipc creates_fd modifies_state
    res:errno fd1:fd fd2:fd ino:uint64 flags:flags32:hex=file_flags
394 SYSCALL_INOTIFY_INIT1_E inotify_init1 ipc creates_fd modifies_state old_version
395 SYSCALL_INOTIFY_INIT1_X inotify_init1 ipc creates_fd modifies_state
    res:fd flags:flags16:hex=file_flags
396 SYSCALL_EVENTFD2_E eventfd2 ipc creates_fd modifies_state old_version converter_managed
    initval:uint64
397 SYSCALL_EVENTFD2_X eventfd2 ipc creates_fd modifies_state converter_managed
    res:fd flags:flags16:hex=file_flags initval:uint64
404 SYSCALL_MEMFD_CREATE_E memfd_create memory creates_fd modifies_state old_version
405 SYSCALL_MEMFD_CREATE_X memfd_create memory creates_fd modifies_state
    fd:fd name:string flags:flags32:hex=memfd_create_flags
420 SYSCALL_PROCESS_VM_READV_E process_vm_readv ipc old_version
421 SYSCALL_PROCESS_VM_READV_X process_vm_readv ipc
    res:int64 pid:pid data:bytes
422 SYSCALL_PROCESS_VM_WRITEV_E process_vm_writev ipc old_version
423 SYSCALL_PROCESS_VM_WRITEV_X process_vm_writev ipc
    res:int64 pid:pid data:bytes
`
