/**
 * Events whose live form ends in one parameter more than the event table has: the path that the kernel found, absolute, from the
 * root of the process's mount namespace; empty for a call that failed. Of an open it is the opened file's, and empty where the
 * path that was asked for is the same. Of chdir and fchdir it is the new working directory's, of chroot the new root's.
 *
 * Captures may lack it: those of other recorders, and older ones. Readers that know fewer parameters pass over it, as scap's
 * format has it (reference: scap_event_decode_params).
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
