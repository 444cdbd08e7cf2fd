/** The entry point for any runtime: fields, captures in memory, scenes. index.ts adds files and live events, which need Node. */
import { CapturePieces } from './capture/pieces.ts'
import { Replay, type ReplayOptions } from './replay.ts'
import { SyscallState } from './state/state.ts'

export { CaptureError } from './capture/capture-error.ts'
export { SyscallEvent } from './event.ts'
export type { Replay, ReplayOptions } from './replay.ts'
export { playScene } from './scene/scene.ts'
export { PLUGINS, type SyscallOptions, syscall } from './source.ts'

/**
 * Replays a capture that is given in pieces, not compressed; otherwise as `openCapture`.
 * @throws {CaptureError} if it is not a capture or breaks off before its first event
 */
export async function replayPieces(pieces: AsyncIterable<Uint8Array>, options: ReplayOptions = {}): Promise<Replay> {
  const state = new SyscallState(options)
  const capture = new CapturePieces(pieces, state)
  while (!capture.reader.readTables() && (await capture.fill()));
  return new Replay(capture, state, options)
}
