export { CaptureError } from './capture/error.ts'
export { type CaptureFile, openCapture } from './capture/file.ts'
export { SyscallEvent } from './event.ts'
export { type SyscallOptions, syscall } from './source.ts'
