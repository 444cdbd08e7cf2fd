/** Processes and threads: creation, execution, limits, namespaces, modules. Row format: see `table.ts`. */
export const PROCESS_EVENTS = `
12 SYSCALL_EXECVE_8_E execve process modifies_state old_version converter_managed
13 SYSCALL_EXECVE_8_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64
14 SYSCALL_CLONE_11_E clone process modifies_state old_version
15 SYSCALL_CLONE_11_X clone process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64
    flags:flags32:hex=clone_flags uid:uint32 gid:uint32
140 SYSCALL_GETRLIMIT_E getrlimit process old_version converter_managed
    resource:enumflags8=rlimit_resources
141 SYSCALL_GETRLIMIT_X getrlimit process converter_managed
    res:errno cur:int64 max:int64 resource:enumflags8=rlimit_resources
142 SYSCALL_SETRLIMIT_E setrlimit process old_version converter_managed
    resource:enumflags8=rlimit_resources
143 SYSCALL_SETRLIMIT_X setrlimit process converter_managed
    res:errno cur:int64 max:int64 resource:enumflags8=rlimit_resources
144 SYSCALL_PRLIMIT_E prlimit process old_version converter_managed
    pid:pid resource:enumflags8=rlimit_resources
145 SYSCALL_PRLIMIT_X prlimit process converter_managed
    res:errno newcur:int64 newmax:int64 oldcur:int64 oldmax:int64 pid:int64 resource:enumflags8=rlimit_resources
154 SYSCALL_EXECVE_13_E execve process modifies_state old_version converter_managed
155 SYSCALL_EXECVE_13_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32
156 SYSCALL_CLONE_16_E clone process modifies_state old_version
157 SYSCALL_CLONE_16_X clone process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 flags:flags32:hex=clone_flags uid:uint32
    gid:uint32
168 SYSCALL_PTRACE_E ptrace process old_version converter_managed
    request:enumflags16=ptrace_requests pid:pid
169 SYSCALL_PTRACE_X ptrace process converter_managed
    res:errno addr:dyn:hex=ptrace_dynamic_param data:dyn:hex=ptrace_dynamic_param
    request:enumflags16=ptrace_requests pid:pid
172 SYSCALL_EXECVE_14_E execve process modifies_state old_version converter_managed
173 SYSCALL_EXECVE_14_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 env:bytes
182 SYSCALL_FORK_E fork process modifies_state old_version
183 SYSCALL_FORK_X fork process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 flags:flags32:hex=clone_flags uid:uint32
    gid:uint32
184 SYSCALL_VFORK_E vfork process modifies_state old_version
185 SYSCALL_VFORK_X vfork process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 flags:flags32:hex=clone_flags uid:uint32
    gid:uint32
214 SYSCALL_EXECVE_15_E execve process modifies_state old_version converter_managed
215 SYSCALL_EXECVE_15_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string env:bytes
216 SYSCALL_CLONE_17_E clone process modifies_state old_version
217 SYSCALL_CLONE_17_X clone process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string flags:flags32:hex=clone_flags
    uid:uint32 gid:uint32
218 SYSCALL_FORK_17_E fork process modifies_state old_version
219 SYSCALL_FORK_17_X fork process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string flags:flags32:hex=clone_flags
    uid:uint32 gid:uint32
220 SYSCALL_VFORK_17_E vfork process modifies_state old_version
221 SYSCALL_VFORK_17_X vfork process modifies_state old_version converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string flags:flags32:hex=clone_flags
    uid:uint32 gid:uint32
222 SYSCALL_CLONE_20_E clone process modifies_state old_version
223 SYSCALL_CLONE_20_X clone process modifies_state converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes
    flags:flags32:hex=clone_flags uid:uint32 gid:uint32 vtid:pid vpid:pid pidns_init_start_ts:uint64
224 SYSCALL_FORK_20_E fork process modifies_state old_version
225 SYSCALL_FORK_20_X fork process modifies_state converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes
    flags:flags32:hex=clone_flags uid:uint32 gid:uint32 vtid:pid vpid:pid pidns_init_start_ts:uint64
226 SYSCALL_VFORK_20_E vfork process modifies_state old_version
227 SYSCALL_VFORK_20_X vfork process modifies_state converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes
    flags:flags32:hex=clone_flags uid:uint32 gid:uint32 vtid:pid vpid:pid pidns_init_start_ts:uint64
230 SYSCALL_EXECVE_16_E execve process modifies_state old_version converter_managed
231 SYSCALL_EXECVE_16_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes env:bytes
240 SYSCALL_SETNS_E setns process uses_fd old_version converter_managed
    fd:fd:na nstype:flags32:hex=clone_flags
241 SYSCALL_SETNS_X setns process uses_fd converter_managed
    res:errno fd:fd:na nstype:flags32:hex=clone_flags
250 SYSCALL_SEMOP_E semop process old_version converter_managed
    semid:int32
251 SYSCALL_SEMOP_X semop process converter_managed
    res:errno nsops:uint32 sem_num_0:uint16 sem_op_0:int16 sem_flg_0:flags16:hex=semop_flags sem_num_1:uint16
    sem_op_1:int16 sem_flg_1:flags16:hex=semop_flags semid:int32
252 SYSCALL_SEMCTL_E semctl process old_version converter_managed
    semid:int32 semnum:int32 cmd:flags16:hex=semctl_commands val:int32
253 SYSCALL_SEMCTL_X semctl process converter_managed
    res:errno semid:int32 semnum:int32 cmd:flags16:hex=semctl_commands val:int32
262 SYSCALL_SEMGET_E semget process old_version converter_managed
    key:int32:hex nsems:int32 semflg:flags32:hex=semget_flags
263 SYSCALL_SEMGET_X semget process converter_managed
    res:errno key:int32:hex nsems:int32 semflg:flags32:hex=semget_flags
266 SYSCALL_CHROOT_E chroot process modifies_state old_version
267 SYSCALL_CHROOT_X chroot process modifies_state
    res:errno path:path
274 SYSCALL_SETSID_E setsid process modifies_state old_version
275 SYSCALL_SETSID_X setsid process modifies_state
    res:pid
282 SYSCALL_EXECVE_17_E execve process modifies_state old_version converter_managed
283 SYSCALL_EXECVE_17_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes env:bytes tty:int32
284 SYSCALL_UNSHARE_E unshare process old_version converter_managed
    flags:flags32:hex=clone_flags
285 SYSCALL_UNSHARE_X unshare process converter_managed
    res:errno flags:flags32:hex=clone_flags
288 SYSCALL_EXECVE_18_E execve process modifies_state old_version converter_managed
    filename:path
289 SYSCALL_EXECVE_18_X execve process modifies_state old_version converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes env:bytes tty:int32
292 SYSCALL_EXECVE_19_E execve process modifies_state old_version converter_managed
    filename:path
293 SYSCALL_EXECVE_19_X execve process modifies_state converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes env:bytes tty:uint32
    vpgid:pid loginuid:uid flags:flags32:hex=execve_flags cap_inheritable:uint64:hex cap_permitted:uint64:hex
    cap_effective:uint64:hex exe_ino:uint64 exe_ino_ctime:abstime exe_ino_mtime:abstime uid:uid
    trusted_exepath:path pgid:pid:na gid:gid filename:path
294 SYSCALL_SETPGID_E setpgid process old_version converter_managed
    pid:pid pgid:pid
295 SYSCALL_SETPGID_X setpgid process converter_managed
    res:errno pid:pid pgid:pid
330 SYSCALL_EXECVEAT_E execveat process modifies_state old_version converter_managed
    dirfd:fd pathname:relpath@0 flags:flags32:hex=execveat_flags
331 SYSCALL_EXECVEAT_X execveat process modifies_state converter_managed
    res:errno exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:uint64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes env:bytes tty:uint32
    vpgid:pid loginuid:uid flags:flags32:hex=execve_flags cap_inheritable:uint64:hex cap_permitted:uint64:hex
    cap_effective:uint64:hex exe_ino:uint64 exe_ino_ctime:abstime exe_ino_mtime:abstime uid:uid
    trusted_exepath:path pgid:pid:na gid:gid
334 SYSCALL_CLONE3_E clone3 process modifies_state old_version
335 SYSCALL_CLONE3_X clone3 process modifies_state converter_managed
    res:pid exe:string args:bytes tid:pid pid:pid ptid:pid cwd:string fdlimit:int64 pgft_maj:uint64
    pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32 comm:string cgroups:bytes
    flags:flags32:hex=clone_flags uid:uint32 gid:uint32 vtid:pid vpid:pid pidns_init_start_ts:uint64
352 SYSCALL_CAPSET_E capset process modifies_state old_version
353 SYSCALL_CAPSET_X capset process modifies_state
    res:errno cap_inheritable:uint64:hex cap_permitted:uint64:hex cap_effective:uint64:hex
400 SYSCALL_PRCTL_E prctl process modifies_state old_version
401 SYSCALL_PRCTL_X prctl process modifies_state
    res:errno option:enumflags32=prctl_options arg2_str:string arg2_int:int64
406 SYSCALL_PIDFD_GETFD_E pidfd_getfd process creates_fd modifies_state old_version
407 SYSCALL_PIDFD_GETFD_X pidfd_getfd process creates_fd modifies_state
    fd:fd pid_fd:fd target_fd:fd flags:uint32:hex
408 SYSCALL_PIDFD_OPEN_E pidfd_open process creates_fd modifies_state old_version
409 SYSCALL_PIDFD_OPEN_X pidfd_open process creates_fd modifies_state
    fd:fd pid:pid flags:flags32:hex=pidfd_open_flags
`
