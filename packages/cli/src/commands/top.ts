import { Engine } from '@falc/engine'
import { defineCommand } from '../command.ts'
import { CliError } from '../fail.ts'
import { readRules } from '../rules/files.ts'
import { loadSource, loadSources } from '../sources/load.ts'
import { onQuit } from '../top/keyboard.ts'
import { watchCapture, watchLive } from '../top/loops.ts'
import { Watch } from '../top/watch.ts'

export const top = defineCommand({
  name: 'top',
  usage: '[-r PATH]… [-e CAPTURE] [--once]',
  summary: 'Show the busiest processes, events and rules of this machine, second by second',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules whose alerts to count' },
    capture: { short: 'e', value: 'FILE', help: 'Show a capture, at the pace of its events' },
    once: { help: 'One frame: of the first interval, or of the whole capture' },
    interval: { short: 'd', value: 'SECONDS', help: 'Time between frames (default: 1)' },
    rows: { short: 'n', value: 'N', help: 'Rows of each table (default: 10)' },
    'probe-socket': { value: 'SOCKET', help: 'Live: use the sidecar that listens here' },
  },
  async run(flags, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}"`)
    const interval = number('-d', flags.interval, 1)
    const source = await loadSource('syscall')
    const watch = new Watch(source, await engineOf(flags.rules), Math.round(number('-n', flags.rows, 10)))
    const stop = new AbortController()
    const end = () => stop.abort()
    process.once('SIGINT', end).once('SIGTERM', end)
    const release = flags.once ? () => {} : onQuit(end)
    const options = { interval, once: flags.once, signal: stop.signal }
    try {
      if (flags.capture !== undefined) await watchCapture(flags.capture, watch, options)
      else await watchLive(flags['probe-socket'], watch, options)
    } finally {
      release()
      process.off('SIGINT', end).off('SIGTERM', end)
    }
    return 0
  },
})

/** @throws {CliError} when the rules are invalid */
async function engineOf(paths: readonly string[]): Promise<Engine | undefined> {
  if (paths.length === 0) return undefined
  const engine = new Engine({ sources: await loadSources(), ruleMatching: 'all' })
  const report = engine.load([...readRules(paths)])
  if (!report.ok) throw new CliError(report.errors.map(problem => problem.message).join('\n'))
  return engine
}

/** @throws {CliError} */
function number(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0 && value <= 3600) || text.trim() === '')
    throw new CliError(`${flag} needs a number above 0, not "${text}"`)
  return value
}
