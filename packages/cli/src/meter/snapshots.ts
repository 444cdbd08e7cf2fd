import { appendFileSync } from 'node:fs'
import { printJson } from '@falc/engine'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { InternalAlert } from '../run/internal-alert.ts'
import { Snapshot } from './snapshot.ts'
import type { Subject } from './subject.ts'

const METRICS_SNAPSHOT = 'Falco internal: metrics snapshot'

/**
 * Takes a snapshot of each feed at every full interval of the wall clock (with 15s: at :00, :15 …), as an alert and as a
 * line of a file, as `metrics` of falco.yaml says. @returns how to end it
 * @throws {CliError} when the file cannot be written
 */
export function takeSnapshots(subject: Subject, tell: (alert: InternalAlert) => void, log: Log): () => void {
  const { metrics: config } = subject
  if (!config.enabled || (!config.outputRule && config.outputFile === '')) return () => {}
  const write = fileWriter(config.outputFile, log)
  const taken = new Map<number, Snapshot>()
  let sample = 0
  const take = () => {
    sample++
    subject.feeds().forEach((feed, i) => {
      const snapshot = taken.get(i) ?? new Snapshot()
      taken.set(i, snapshot)
      const fields = snapshot.take(subject, feed)
      if (config.outputRule)
        tell({ rule: METRICS_SNAPSHOT, priority: 'Informational', output: 'Falco metrics snapshot', fields })
      write(printJson({ sample, output_fields: fields }))
    })
  }
  let timer: NodeJS.Timeout
  let due = 0
  const arm = () => {
    // The clock may have been set, and timers fire a little early: the next full interval is looked for each time.
    due = Math.max((Math.floor(Date.now() / config.interval) + 1) * config.interval, due + config.interval)
    if (due - Date.now() > 2 * config.interval) due = Date.now() + config.interval
    timer = setTimeout(() => {
      take()
      arm()
    }, due - Date.now())
  }
  arm()
  return () => clearTimeout(timer)
}

/** Appends lines; opened anew for each, so that the file can be moved away. */
function fileWriter(path: string, log: Log): (line: string) => void {
  if (path === '') return () => {}
  try {
    appendFileSync(path, '')
  } catch (error) {
    throw new CliError(`metrics.output_file: ${(error as Error).message}`)
  }
  let failed = false
  return line => {
    try {
      appendFileSync(path, `${line}\n`)
      failed = false
    } catch (error) {
      if (!failed)
        log.error(`metrics.output_file: ${(error as Error).message} (until this is mended, snapshots are lost)`)
      failed = true
    }
  }
}
