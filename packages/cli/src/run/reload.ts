import { count } from '../count.ts'
import type { Log } from '../log.ts'
import { watchFiles } from '../watch-files.ts'
import type { Loader, Texts } from './loader.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Session } from './session.ts'

interface ReloadOptions {
  readonly session: Session
  readonly loader: Loader
  readonly log: Log
  readonly manager: ServiceManager
  /** false: files are not watched, since the input is finite. */
  readonly live: boolean
}

/**
 * Connects signals and changed files with a running session: SIGINT and SIGTERM stop, SIGUSR1 reopens outputs, SIGHUP and
 * changed files reload.
 * @param first the texts in force
 * @returns a function that disconnects them
 */
export function attach(first: Texts, options: ReloadOptions): () => void {
  const { session, log } = options
  const reloader = new Reloader(first, options)
  const stop = (name: string) => {
    log.info(`${name} received, exiting...`)
    session.stop()
  }
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGINT', () => stop('SIGINT')],
    ['SIGTERM', () => stop('SIGTERM')],
    ['SIGUSR1', () => void session.reopen()],
    ['SIGHUP', () => reloader.request(true)],
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  reloader.watch()
  return () => {
    reloader.unwatch()
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

/** Reloads configuration and rules, one reload after the other. */
class Reloader {
  #current: Texts
  /** Files and folders of texts that were read and are not in force: to mend one of them is a change as well. */
  #others: readonly string[] = []
  readonly #options: ReloadOptions
  /** End the watching. */
  readonly #watching: (() => void)[] = []
  #running = Promise.resolve()
  /** The next reload, which waits for the running one. */
  #next: { requested: boolean } | undefined

  constructor(first: Texts, options: ReloadOptions) {
    this.#current = first
    this.#options = options
  }

  /** Requests that arrive while a reload waits are answered by it. @param requested by a signal: even without changes */
  request(requested: boolean): void {
    if (this.#next) {
      this.#next.requested ||= requested
      return
    }
    const own = { requested }
    this.#next = own
    this.#running = this.#running.then(() => {
      this.#next = undefined
      return this.#reload(own.requested)
    })
  }

  watch(): void {
    const { live, log } = this.#options
    const watches = live && this.#current.config.watch_config_files
    const paths = new Set(watches ? [...this.#current.watch, ...this.#others] : [])
    // The earlier watchers stay if this throws.
    const end = watchFiles([...paths], () => this.request(false), log)
    this.unwatch()
    if (watches) this.#watching.push(end)
  }

  unwatch(): void {
    for (const end of this.#watching.splice(0)) end()
  }

  /** Also watches what these texts were read from. */
  #watchAlso({ watch }: Texts): void {
    const known = new Set([...this.#current.watch, ...this.#others])
    const others = watch.filter(path => !known.has(path))
    this.#others = watch
    if (others.length === 0 || this.#watching.length === 0) return
    this.#watching.push(watchFiles(others, () => this.request(false), this.#options.log))
  }

  async #reload(requested: boolean): Promise<void> {
    const { session, loader, log, manager } = this.#options
    // The outputs are closing, so they cannot be replaced.
    if (session.stopping) return
    let begun = false
    try {
      // Before reading: a missing file's folder may have appeared, and later changes are reported again.
      this.watch()
      const next = loader.read()
      if (!requested && next.digest === this.#current.digest) {
        if (session.reloadUnneeded()) log.info('Configuration and rules are again those in force: nothing to reload')
        return
      }
      begun = true
      manager.reloading()
      this.#watchAlso(next)
      const loaded = await loader.build(next)
      if (session.stopping) return
      await session.replace(loaded)
      const known = this.#current.config.warnings
      for (const warning of next.config.warnings) if (!known.includes(warning)) log.warning(warning)
      this.#current = next
      this.#others = []
      this.watch()
      // Files may have changed between reading and watching them.
      this.request(false)
      log.info(`Reloaded configuration and rules: ${count(loaded.rules.length, 'rule')}`)
    } catch (error) {
      session.reloadFailed((error as Error).message, requested)
    } finally {
      if (begun && !session.stopping) manager.ready(session.status)
    }
  }
}
