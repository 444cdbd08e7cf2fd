import { openCapture as openFile } from './capture/file.ts'
import { Replay, type ReplayOptions } from './replay.ts'
import { SyscallState } from './state/state.ts'

/**
 * Opens a capture and replays it. Each event first updates the state that fields read, then goes to the rules.
 *
 *   const replay = await openCapture(path)
 *   do { while (replay.next()) for (const alert of engine.evaluate(source, replay.event)) … } while (await replay.fill())
 *
 * @throws {CaptureError} if the file is not a capture or breaks off before its first event
 * @throws {Error} from the file system, if the file cannot be read
 */
export async function openCapture(path: string, options: ReplayOptions = {}): Promise<Replay> {
  const state = new SyscallState(options)
  const file = await openFile(path, state)
  return new Replay(file, state, options)
}
