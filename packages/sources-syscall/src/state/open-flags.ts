/** The flags of an opened file, in Falco's PPM_O_ encoding. */

/** Flags from this bit up are set by the kernel; only the exit event has them. */
const KERNEL_FLAGS = ~((1 << 14) - 1)
const UPPER_LAYER = 1 << 15
const LOWER_LAYER = 1 << 16
const CREAT_UPPER_LAYER = 1
const CREAT_LOWER_LAYER = 2

/** @param passed as user space passed them, if that was recorded */
export function openFlags(flags: number, passed: number | undefined): number {
  return passed === undefined ? flags : passed | (flags & KERNEL_FLAGS)
}

export function creatFlags(layers: number): number {
  if ((layers & CREAT_UPPER_LAYER) !== 0) return UPPER_LAYER
  return (layers & CREAT_LOWER_LAYER) !== 0 ? LOWER_LAYER : 0
}
