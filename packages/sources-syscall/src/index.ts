export { CaptureError } from './capture/error.ts'
export { SyscallEvent } from './event.ts'
export { openCapture, type Replay, type ReplayOptions } from './replay.ts'
export { type SyscallOptions, syscall } from './source.ts'
