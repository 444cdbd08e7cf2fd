import { count } from '../count.ts'
import type { Log } from '../log.ts'
import { watchFiles } from '../watch-files.ts'
import type { Loader, Texts } from './loader.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Session } from './session.ts'

/**
 * Connects signals and changed files with a running session: SIGINT and SIGTERM stop, SIGUSR1 reopens outputs, SIGHUP and
 * changed files reload.
 * @param live false: files are not watched, since the input is finite
 * @returns a function that disconnects them
 */
export function attach(
  session: Session,
  first: Texts,
  loader: Loader,
  log: Log,
  live: boolean,
  manager: ServiceManager,
): () => void {
  let current = first
  let unwatch: (() => void) | undefined
  let reloading = Promise.resolve()
  /** The running reload, which the next one waits for. */
  let waiting: { requested: boolean } | undefined

  /** @param requested by a signal: even without changes */
  const reload = async (requested: boolean): Promise<void> => {
    // The outputs are closing: they are not exchanged any more.
    if (session.stopping) return
    let begun = false
    // Before reading: what came may be the folder of what is waited for, and later changes are reported again.
    watch()
    try {
      const next = loader.read()
      if (!requested && next.digest === current.digest) {
        if (session.reloadUnneeded()) log.info('Configuration and rules are again those in force: nothing to reload')
        return
      }
      begun = true
      manager.reloading()
      const loaded = await loader.build(next)
      await session.replace(loaded)
      const known = current.config.warnings
      for (const warning of next.config.warnings) if (!known.includes(warning)) log.warning(warning)
      current = next
      watch()
      // Files may have changed between reading and watching them.
      queue(false)
      log.info(`Reloaded configuration and rules: ${count(loaded.rules.length, 'rule')}`)
    } catch (error) {
      session.reloadFailed((error as Error).message, requested)
    } finally {
      if (begun && !session.stopping) manager.ready(session.status)
    }
  }
  // One after the other: a reload must not overtake an earlier one. Requests that come while one waits are answered by it.
  const queue = (requested: boolean) => {
    if (waiting) {
      waiting.requested ||= requested
      return
    }
    const own = { requested }
    waiting = own
    reloading = reloading.then(() => {
      waiting = undefined
      return reload(own.requested)
    })
  }
  const watch = () => {
    unwatch?.()
    unwatch = live && current.config.watch_config_files ? watchFiles(current.watch, () => queue(false), log) : undefined
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
