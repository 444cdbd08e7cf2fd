/**
 * Events that may end with a path that is not a parameter. It follows the last parameter, within the event's length, and is
 * NUL-terminated. It is the path that the kernel resolved: absolute, from the root of the process's mount namespace.
 *
 * For an open, it is the path of the opened file, present only if it differs from the requested path. For chdir and fchdir, it
 * is the new working directory, for chroot the new root. Failed calls have none, nor do events from other recorders.
 *
 * An open through a mount that shows a part of the host's root file system (a bind mount, or one that is mounted nowhere) ends in
 * a second path, behind the first or behind an empty one: the path of the same file below the host's root. The byte 1 terminates
 * it, so that the last byte tells whether there is one. In a container whose mounts root of the host has made, there is none.
 *
 * Falco and sysdig ignore it, because they rely on the parameter lengths. An extra parameter, unknown to the event table, would
 * stop them from reading the capture.
 */
export const RESOLVED_EVENTS: readonly string[] = [
  'SYSCALL_OPEN_X',
  'SYSCALL_CREAT_X',
  'SYSCALL_OPENAT_2_X',
  'SYSCALL_OPENAT2_X',
  'SYSCALL_OPEN_BY_HANDLE_AT_X',
  'SYSCALL_CHDIR_X',
  'SYSCALL_FCHDIR_X',
  'SYSCALL_CHROOT_X',
]
