import type { Log } from '../log.ts'
import type { Loader, Texts } from './load.ts'
import type { Session } from './session.ts'
import { watchFiles } from './watch.ts'

/**
 * Signals and file changes for a running session: SIGINT and SIGTERM stop, SIGUSR1 reopens outputs, SIGHUP and changed
 * files reload (not with `live` false: what has an end is not worth watching). @returns how to end it
 */
export function attach(session: Session, first: Texts, loader: Loader, log: Log, live: boolean): () => void {
  let current = first
  let unwatch: (() => void) | undefined
  let reloading = Promise.resolve()

  const reload = async (always: boolean): Promise<void> => {
    try {
      const next = loader.read()
      if (!always && next.digest === current.digest) return
      const loaded = await loader.build(next)
      await session.replace(loaded)
      const known = current.config.warnings
      for (const warning of next.config.warnings) if (!known.includes(warning)) log.warning(warning)
      current = next
      watch()
      // What was changed since it was read, while nobody watched.
      queue(false)
      log.info(`Reloaded configuration and rules: ${loaded.rules.length} rules`)
    } catch (error) {
      session.reloadFailed((error as Error).message)
    }
  }
  // One after the other: two changes in a row must not overtake each other.
  const queue = (always: boolean) => {
    reloading = reloading.then(() => reload(always))
  }
  const watch = () => {
    unwatch?.()
    unwatch = live && current.config.watchConfigFiles ? watchFiles(current.watch, () => queue(false), log) : undefined
  }
  const stop = (name: string) => {
    log.info(`${name} received, exiting...`)
    session.stop()
  }
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGINT', () => stop('SIGINT')],
    ['SIGTERM', () => stop('SIGTERM')],
    ['SIGUSR1', () => void session.reopen()],
    ['SIGHUP', () => queue(true)],
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  watch()
  return () => {
    unwatch?.()
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
