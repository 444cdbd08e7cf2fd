import { constants, rmSync, writeFileSync } from 'node:fs'
import type { Console } from '@falc/console'
import { type AlertData, alerts, type Source } from '@falc/engine'
import { saveCode } from '../code-cache.ts'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { EARLY_LOG, Log } from '../log.ts'
import { metricsPage } from '../meter/page.ts'
import { keepOwnFiles } from '../own-files.ts'
import { printable } from '../printable.ts'
import type { InProcess } from '../respond/in-process.ts'
import type { Feed } from '../sources/feed.ts'
import { loadSources } from '../sources/load.ts'
import { tuneForEvents } from '../v8-flags.ts'
import { falcVersion, versionText } from '../version.ts'
import { openFeeds } from './feeds.ts'
import { besideAnother } from './hand-over.ts'
import { configPath, type Loader, makeLoader, overrides, type Texts } from './loader.ts'
import { showProgress } from './progress.ts'
import { attach } from './reload.ts'
import { backendOf, flagWarnings, type RunFlags } from './run-flags.ts'
import { serviceManager } from './service-manager.ts'
import { type Loaded, Session } from './session.ts'
import { becomeUser } from './user.ts'
import { watchRun } from './watch-run.ts'
import { type Pages, startWebserver } from './webserver.ts'

/**
 * `falc run` proper. Returns the exit code.
 * @param open opens what the events are read from
 * @throws {CliError | ConfigError}
 */
export async function detect(flags: RunFlags, open = openFeeds): Promise<number> {
  const seconds = duration(flags.duration)
  const sources = await loadSources()
  const early = new Log(EARLY_LOG)
  const loader = makeLoader({
    configPath: configPath(flags.config),
    overrides: overrides(flags),
    print: flags.print,
    rules: flags.rules,
    audit: flags['k8s-audit'],
    alertSource: () => alerts({ sources }),
    makeSources: loadSources,
    backend: backendOf(flags),
    verbose: flags.verbose,
    adapt: flags['hand-over'] ? besideAnother : undefined,
    cache: !flags['no-cache'],
    log: () => log ?? early,
  })
  let log: Log | undefined
  const texts = loader.read()
  const { config } = texts
  log = new Log(config)
  const opened = log
  await opened.during(async () => {
    greet(opened, config, flags)
    const loaded = await loader.build(texts)
    if (loaded.rules.every(rule => !rule.enabled)) opened.warning('No rule is enabled: there will be no alerts')
    if (!flags['dry-run']) await run({ flags, open, sources, log: opened, loader, texts, loaded, seconds })
  })
  return 0
}

interface Run {
  readonly flags: RunFlags
  readonly open: typeof openFeeds
  readonly sources: readonly Source[]
  readonly log: Log
  readonly loader: Loader
  readonly texts: Texts
  readonly loaded: Loaded
  readonly seconds: number | undefined
}

/** Opens everything, reads events to their end, and closes everything. */
async function run({ flags, open, sources, log, loader, texts, loaded, seconds }: Run): Promise<void> {
  const { config } = texts
  const feeds = await open(loaded, flags, sources, log)
  const live = feeds.some(feed => !feed.finite)
  const session = new Session(loaded, new Map(sources.map(source => [source.name, source])), log)
  // Whatever keeps the process alive is undone in the end.
  const undo: (() => void)[] = []
  let responding: InProcess | undefined
  let console: Console | undefined
  let isRunning = false
  try {
    if (config.webserver.enabled && live) {
      const pages: Pages = { versions: () => versionText(true), metrics: (...own) => metricsPage(session, ...own) }
      const server = await startWebserver(config.webserver, pages, log)
      undo.push(server.stop)
      log.info(`Starting health webserver, listening on ${server.url}`)
    } else if (config.webserver.enabled) log.info('Skipping starting webserver in capture mode')
    if (flags.pidfile !== undefined) undo.push(writePid(flags.pidfile, log))
    const watch = watchRun(session, feeds, log)
    undo.push(watch.end)
    const manager = serviceManager(log)
    undo.push(manager.end)
    session.onStopping = manager.stopping
    undo.push(attach(texts, { session, loader, log, manager, live }))
    // Signals are handled by now: one that ended falc here would leave the outputs' programs behind.
    await session.open()
    if (config.console.enabled && live) console = await openRunConsole(session, config, flags, log)
    else if (config.console.enabled) log.info('Skipping the console in capture mode')
    if (config.response.playbooks.length > 0) responding = await respondTo(session, config, sources, log)
    if (live) await keepOwnFiles()
    if (flags.user !== undefined) becomeUser(flags.user)
    if (seconds !== undefined && !session.stopping) {
      const timer = setTimeout(() => session.stop(), seconds * 1000)
      const { onStopping } = session
      // A second stop would give up queued alerts.
      session.onStopping = () => {
        clearTimeout(timer)
        onStopping()
      }
      undo.push(() => clearTimeout(timer))
    }
    for (const feed of feeds) log.info(`Opening event source '${feed.source}': ${feed.title}`)
    log.info(session.status)
    manager.ready(session.status)
    undo.push(showProgress(feeds))
    tuneForEvents()
    undo.push(saveCodeDuring(session))
    isRunning = true
    try {
      await session.run(feeds)
    } finally {
      undo.pop()!()
      undo.pop()!()
      const rules = session.rules.map(({ name }) => name)
      const report = session.statistics.report(rules) + lossReport(session, feeds) + watch.report()
      process.stderr.write(printable(report, '\n'))
    }
  } finally {
    // Otherwise the run has closed them.
    if (!isRunning) await closeUnused(session, feeds, responding)
    await console?.close()
    for (const step of undo.reverse()) step()
  }
}

/** Closes what was opened for a run that does not begin, since it would keep the process alive. */
async function closeUnused(session: Session, feeds: readonly Feed[], responding: InProcess | undefined): Promise<void> {
  await responding?.close()
  await session.close()
  for (const feed of feeds) await feed.close?.()
}

/** Milliseconds, and events, after which a run has called most of the functions that it needs, and V8 has not dropped those of the start. */
const USUAL = 10_000

/** Saves compiled code once during the run, and at the end. @returns a function to call at the end */
function saveCodeDuring(session: Session): () => void {
  const save = () => {
    const events = session.feeds().reduce((n, { events, passedOver = 0 }) => n + events + passedOver, 0)
    saveCode(events >= USUAL)
  }
  const timer = setTimeout(save, USUAL)
  return () => {
    clearTimeout(timer)
    save()
  }
}

async function openRunConsole(session: Session, config: Config, flags: RunFlags, log: Log): Promise<Console> {
  // Loaded only by runs that serve it.
  const { openConsole, storeOf } = await import('./open-console.ts')
  const store = storeOf(config)
  const console = await openConsole(config, store, { rules: flags.rules }, log, () => session.outputs())
  log.info(`Console listening at ${console.url} for ${store.path}`)
  return console
}

async function respondTo(session: Session, config: Config, sources: readonly Source[], log: Log): Promise<InProcess> {
  const { configuredResponder, InProcess } = await import('../respond/in-process.ts')
  const tell = (alert: AlertData) => session.tell(alert)
  const open = await configuredResponder(config, alerts({ sources }), log, { tell })
  const responding = new InProcess(open, config.response.queue, log)
  session.onAlert = alert => responding.push(alert)
  session.onRead = () => responding.close()
  session.response = () => ({ ...open.counts, dropped: responding.dropped })
  return responding
}

/** Returns a function that removes the file. @throws {CliError} */
function writePid(path: string, log: Log): () => void {
  try {
    // Opening a pipe without a reader would block.
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants
    writeFileSync(path, `${process.pid}\n`, { flag: O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK } as never)
  } catch (error) {
    throw new CliError(`Could not write the pid file: ${(error as Error).message}`)
  }
  return () => {
    try {
      rmSync(path, { force: true })
    } catch (error) {
      // After --user, its folder may be another user's.
      log.warning(`Could not remove the pid file: ${(error as Error).message}`)
    }
  }
}

function greet(log: Log, { files, warnings }: Config, flags: RunFlags): void {
  log.info(`falc version: ${falcVersion()} (${process.arch})`)
  const from = files.length > 0 ? files.map(({ path }) => `   ${path}`).join('\n') : '   built-in defaults'
  log.info(`falc initialized with configuration files:\n${from}`)
  for (const warning of [...warnings, ...flagWarnings(flags)]) log.warning(warning)
}

/** Counts of events that were not evaluated, by place and cause; empty if there are none. */
function lossReport(session: Session, feeds: readonly Feed[]): string {
  const rows = (of: (feed: Feed) => Readonly<Record<string, number>>) =>
    feeds.flatMap(feed =>
      Object.entries(of(feed))
        .filter(([, n]) => n > 0)
        .map(([cause, n]) => [`${feed.source}: ${cause}`, n]),
    )
  const events = rows(feed => feed.losses())
  const limits = rows(feed => feed.limits?.() ?? {})
  const repairs = rows(feed => feed.repairs?.() ?? {})
  const passed = feeds.flatMap(feed => (feed.passedOver?.() ? [[feed.source, feed.passedOver()]] : []))
  return (
    block('Events skipped, since no rule depends on them', passed) +
    block('Events lost or cut, by cause', events) +
    block('Seen in part', limits) +
    block('Put right after losses', repairs) +
    block('Container metadata', Object.entries(session.metadata())) +
    block('Alerts not sent', session.ownAlerts > 0 ? [["about outputs' own processes", session.ownAlerts]] : []) +
    block('Output fields that were absent, by cause', Object.entries(session.fieldStats().absences)) +
    block('Fields that could not be read', Object.entries(session.fieldStats().extractErrors)) +
    block('Alerts not delivered, by output and cause', [...session.losses()]) +
    block(
      'Alerts that receivers refused, kept as dead letters',
      session.outputs().flatMap(({ name, dead }) => (dead > 0 ? [[name, dead]] : [])),
    )
  )
}

function block(title: string, rows: readonly (readonly (string | number)[])[]): string {
  return rows.length === 0 ? '' : `${title}:\n${rows.map(([what, count]) => `   ${what}: ${count}\n`).join('')}`
}

/** @throws {CliError} */
function duration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (!(seconds >= 0) || text.trim() === '') throw new CliError(`-M needs a number of seconds, not "${text}"`)
  // As in Falco, 0 is no limit. Timers hold at most 2^31 milliseconds.
  return seconds === 0 ? undefined : Math.min(seconds, 2_147_483)
}
