import { uint8, uint16 } from './integers.ts'
import { EVENTS } from './table.ts'

/** Calls that act on paths and return no file. */
export const OBJECT_EVENTS: readonly string[] = [
  'SYSCALL_MKDIR_2_X',
  'SYSCALL_MKDIRAT_X',
  'SYSCALL_RMDIR_2_X',
  'SYSCALL_UNLINK_2_X',
  'SYSCALL_UNLINKAT_2_X',
  'SYSCALL_RENAME_X',
  'SYSCALL_RENAMEAT_X',
  'SYSCALL_RENAMEAT2_X',
  'SYSCALL_LINK_2_X',
  'SYSCALL_LINKAT_2_X',
  'SYSCALL_SYMLINK_X',
  'SYSCALL_SYMLINKAT_X',
  'SYSCALL_CHMOD_X',
  'SYSCALL_FCHMODAT_X',
  'SYSCALL_CHOWN_X',
  'SYSCALL_LCHOWN_X',
  'SYSCALL_FCHOWNAT_X',
  'SYSCALL_MKNOD_X',
  'SYSCALL_MKNODAT_X',
  'SYSCALL_MOUNT_X',
  'SYSCALL_UMOUNT2_X',
]

/**
 * Events that may end with a path that is not a parameter. It follows the last parameter, within the event's length, and is
 * NUL-terminated. It is the path that the kernel resolved: absolute, from the root of the process's mount namespace.
 *
 * For an open, it is the path of the opened file, present only if it differs from the requested path. For chdir and fchdir, it
 * is the new working directory, for chroot the new root. For calls that act on paths and return no file, it is where the path
 * starts: the directory of the descriptor, the working directory, or, of an absolute path, the process's root (absent if that is `/`
 * and the path leads to nothing like /proc); of calls with two paths, that of the second follows as a second path, in the form below.
 * Failed calls have none but directories of descriptors; events from other recorders have none.
 *
 * An open through a mount that hides where the file lies (a bind mount, one that is mounted nowhere, a root that is mounted once more)
 * ends in a second path, behind the first or behind an empty one: the path of the same file below the host's root or its
 * container's, if rules may name it by that (native/bpf/walk.bpf.h). The byte 1 terminates it, so that the last byte tells
 * whether there is one.
 *
 * Calls that return no file (OBJECT_EVENTS) and succeeded may end in what they acted on, where the probe is told by the kernel
 * (native/bpf/hooks.bpf.h) and it is not what was passed: two NUL-terminated paths, of the call's first and second path, either of
 * which may be empty; their length in bytes (u16); the byte 2. These come behind all of the above.
 * In the same form openat and openat2 have the directory that their path starts from by its descriptor, as one path, unless the file's own
 * path is that directory's and the name that was passed.
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
  ...OBJECT_EVENTS,
]

/** Parameters of these events that are the second path of their call. */
export const SECOND_PATHS: readonly string[] = ['newpath', 'linkpath', 'dir']

/** Bytes behind the objects: their length, and the byte that says that they are there. */
export const OBJECTS_END = 3
export const OBJECTS_FOLLOW = 2

/** Opens that may start from a directory's descriptor. */
export const STARTED_OPENS: readonly string[] = ['SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X']

const HAS_OBJECTS: Uint8Array = Uint8Array.from(EVENTS, ({ code }) =>
  OBJECT_EVENTS.includes(code) || STARTED_OPENS.includes(code) ? 1 : 0,
)

/** Where the objects begin in an event that ends at `end` and whose parameters end at `start`; `end` = it has none. */
export function objectsStart(type: number, view: DataView, start: number, end: number): number {
  if (HAS_OBJECTS[type] === 0 || end - start < OBJECTS_END || uint8(view, end - 1) !== OBJECTS_FOLLOW) return end
  const from = end - OBJECTS_END - uint16(view, end - OBJECTS_END)
  return from < start ? end : from
}
