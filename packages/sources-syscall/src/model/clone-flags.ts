/** PPM_CL_* bits of `Thread.flags`: how a thread was created, and its later state. */
export const CL_CLONE_FILES = 1
export const CL_CLONE_FS = 2
export const CL_CLONE_NEWNS = 1 << 5
export const CL_CLONE_NEWPID = 1 << 6
export const CL_CLONE_PARENT = 1 << 8
export const CL_CLONE_THREAD = 1 << 13
export const CL_CLONE_INVERTED = 1 << 16
export const CL_NAME_CHANGED = 1 << 17
export const CL_ACTIVE = 1 << 19
export const CL_CLONE_NEWUSER = 1 << 20
export const CL_PIPE_SRC = 1 << 21
export const CL_PIPE_DST = 1 << 22
export const CL_CLONE_VFORK = 1 << 27
export const CL_CHILD_IN_PIDNS = 1 << 29
export const CL_IS_MAIN_THREAD = 1 << 30
