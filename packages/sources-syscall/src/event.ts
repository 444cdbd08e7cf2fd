import type { Fd } from './state/fd.ts'
import type { Thread } from './state/thread.ts'

/**
 * One event: a view over the bytes of a scap event block, in a capture's buffer or in the ring. One object is reused for
 * every event of a capture, so nobody keeps it. The header is read at once; parameters are located and decoded when asked.
 */
export class SyscallEvent {
  /** PPME_* id: key of the event table. */
  type = 0
  /** Thread id of the header. */
  tid = 0
  cpu = 0
  /** evt.num, from 1. */
  num = 0
  nparams = 0
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Offset of the event header in `bytes`, and the end of its last parameter. */
  start = 0
  end = 0
  /** Set by the state engine before rules see the event; null = none. */
  thread: Thread | null = null
  fd: Fd | null = null
  /** libsinsp's lastevent_fd: the number that the event is about, -1 = none. */
  fdNum = -1

  // capture/ fills these in: get time(): bigint; param length and offset, int32(i), int64(i), uint…, text(i), blob(i)
}
