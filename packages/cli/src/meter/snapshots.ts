import { appendFileSync, constants } from 'node:fs'
import { printJson } from '@falc/engine'
import type { InternalAlert } from '../alerts/internal.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { MetricsSource } from './metrics-source.ts'
import { Snapshot } from './snapshot.ts'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
/** Opening a pipe does not wait for its reader. */
const APPEND = { flag: O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK } as never

const METRICS_SNAPSHOT = 'Falco internal: metrics snapshot'

/**
 * Takes a snapshot of each feed at every multiple of the interval (with 15s: at :00, :15 …), as an alert and as a line of
 * a file, as `metrics` of falco.yaml says. @returns a function that ends it
 * @param reloaded the configuration is in force already: a file that cannot be written is an error in the log
 * @throws {CliError} when the file cannot be written at the start
 */
export function takeSnapshots(
  from: MetricsSource,
  send: (alert: InternalAlert) => void,
  log: Log,
  reloaded = false,
): () => void {
  const { metrics: config } = from
  if (!config.enabled || (!config.output_rule && config.output_file === '')) return () => {}
  const write = fileWriter(config.output_file, log, reloaded)
  const taken = new Map<number, Snapshot>()
  let sample = 0
  const take = () => {
    const feeds = from.feeds()
    // Outputs are still being opened.
    if (feeds.length === 0) return
    sample++
    feeds.forEach((feed, i) => {
      const snapshot = taken.get(i) ?? new Snapshot()
      taken.set(i, snapshot)
      const fields = snapshot.take(from, feed)
      if (config.output_rule)
        send({ rule: METRICS_SNAPSHOT, priority: 'Informational', output: 'Falco metrics snapshot', fields })
      write(printJson({ sample, output_fields: fields }))
    })
  }
  let timer: NodeJS.Timeout
  let due = 0
  const arm = () => {
    // The clock may have been set, and timers fire a little early, so the next multiple is computed each time.
    const next = (Math.floor(Date.now() / config.interval) + 1) * config.interval
    due = next === due ? due + config.interval : next
    timer = setTimeout(() => {
      take()
      arm()
    }, due - Date.now())
  }
  arm()
  return () => clearTimeout(timer)
}

/** Appends lines. The file is opened for each, so that it can be rotated. */
function fileWriter(path: string, log: Log, reloaded: boolean): (line: string) => void {
  if (path === '') return () => {}
  let failed = false
  const append = (text: string) => {
    try {
      appendFileSync(path, text, APPEND)
      failed = false
    } catch (error) {
      if (!failed)
        log.error(`metrics.output_file: ${(error as Error).message}; snapshots are lost until it can be written`)
      failed = true
    }
  }
  if (reloaded) append('')
  else
    try {
      appendFileSync(path, '', APPEND)
    } catch (error) {
      throw new CliError(`metrics.output_file: ${(error as Error).message}`)
    }
  return line => append(`${line}\n`)
}
