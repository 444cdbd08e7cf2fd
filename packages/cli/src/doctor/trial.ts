import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type Live, LiveError, openLive } from '@falc/sources-syscall'
import { type Finding, found, missing } from '../machine/finding.ts'

/** Milliseconds within which the program must be seen, on a busy machine too. */
const TIMEOUT_MS = 20_000

/** Opens the source for a moment and checks that it sees a program being started. */
export async function trial(socketPath: string | undefined): Promise<Finding> {
  const name = 'trial'
  let live: Live | undefined
  try {
    live = await openLive(socketPath === undefined ? {} : { socketPath })
    const known = live.state.tables.threads.size
    // Known by an argument, since the kernel's process ids differ from those of a container.
    const mark = `falc-doctor-${randomBytes(8).toString('hex')}`
    const start = performance.now()
    execFile('true', [mark], () => {})
    while (performance.now() - start < TIMEOUT_MS) {
      while (live.next()) {
        if (!live.event.thread?.args.includes(mark)) continue
        const after = Math.round(performance.now() - start)
        const seen = `the start of a program was seen after ${after} ms; ${known} threads were known before`
        return found(name, `${seen};\n${await objects(live)}`)
      }
      await live.fill()
    }
    return missing(
      name,
      `the start of a program was not seen within ${TIMEOUT_MS / 1000} s`,
      "run falc with -o log_level=debug for more; inside a container, use the host's pid namespace",
    )
  } catch (error) {
    if (!(error instanceof LiveError)) throw error
    return missing(name, error.message, 'the kernel log (dmesg) may say more')
  } finally {
    await live?.close()
  }
}

/** How the paths of unlink, rename and the like are found. */
async function objects(live: Live): Promise<string> {
  const start = performance.now()
  while (live.counts.events === 0 && performance.now() - start < TIMEOUT_MS) {
    while (live.next());
    await live.fill()
  }
  return live.hooked
    ? 'the kernel reports the files that unlink, rename and the like act on'
    : 'unlink, rename and the like are recorded with the paths passed to them: this kernel allows no programs at its functions'
}
