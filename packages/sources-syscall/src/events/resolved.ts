/**
 * Events that may end in a path which is no parameter: it stands behind the last one, inside the event's length, with a NUL at its
 * end. It is the path that the kernel found, absolute, from the root of the process's mount namespace.
 *
 * Of an open it is the opened file's, and is there only where the path that was asked for is another one. Of chdir and fchdir it is
 * the new working directory's, of chroot the new root's. A call that failed has none; nor has an event of another recorder.
 * Falco and sysdig pass over it: they go by the lengths of the parameters. A parameter more than the event table has would stop
 * their reading of a capture.
 */
export const RESOLVED_EVENTS: readonly string[] = [
  'SYSCALL_OPEN_X',
  'SYSCALL_CREAT_X',
  'SYSCALL_OPENAT_2_X',
  'SYSCALL_OPENAT2_X',
  'SYSCALL_CHDIR_X',
  'SYSCALL_FCHDIR_X',
  'SYSCALL_CHROOT_X',
]
