export { SyscallEvent } from './event.ts'
