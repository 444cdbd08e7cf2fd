import { once } from 'node:events'
import { type Alert, ConditionError, compileCondition, compileOutput, Engine, type Source } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { conditionError } from '../condition-error.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import { printable } from '../printable.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import { loadSource } from '../sources/load.ts'
import { runFeed } from '../testing/play-file.ts'

/** The default of sysdig. */
const DEFAULT_FORMAT = '%evt.num %evt.time %evt.cpu %proc.name (%thread.tid) %evt.type %evt.args'

export const printEvents = defineCommand({
  name: 'print',
  usage: '-e CAPTURE [-p FORMAT] [--filter CONDITION] [--json]',
  summary: 'Print the events of a capture',
  flags: {
    capture: { short: 'e', value: 'FILE', help: 'The capture (.scap)' },
    format: { short: 'p', value: 'FORMAT', help: `Output template (default: '${DEFAULT_FORMAT}')` },
    filter: { value: 'CONDITION', help: 'Only events that match' },
    json: { help: 'One JSON object for each event: the fields of the template, typed' },
    count: { short: 'n', value: 'N', help: 'Stop after this many' },
  },
  async run({ capture, format = DEFAULT_FORMAT, filter, json, count }, [extra]) {
    if (capture === undefined) throw new CliError('print needs a capture: -e FILE')
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (a filter goes with --filter)`)
    const source = await loadSource('syscall')
    const engine = printer(source, format, filter)
    await printAll(capture, source, engine, json ? jsonLine(format) : ({ message }) => message, limit(count))
    return 0
  },
})

/** An engine of one rule whose output is the template. */
function printer(source: Source, format: string, filter: string | undefined): Engine {
  checked(format, () => compileOutput(format, source))
  if (filter !== undefined) checked(filter, () => compileCondition(filter, source))
  const engine = new Engine({ sources: [source], hostname: hostname() })
  const rule = {
    rule: 'print',
    desc: 'falc print',
    condition: filter ?? 'evt.num >= 0',
    output: format,
    priority: 'DEBUG',
    source: source.name,
  }
  const report = engine.load([{ name: 'print', content: JSON.stringify([rule]) }])
  if (!report.ok) throw new CliError(report.errors.map(problem => problem.message).join('\n'))
  return engine
}

/** @throws {CliError} with a caret */
function checked(text: string, compile: () => unknown): void {
  try {
    compile()
  } catch (error) {
    if (error instanceof ConditionError) throw conditionError(error, text)
    throw error
  }
}

function jsonLine(format: string): (alert: Alert) => string {
  // Every alert has evt.time; here only a template that asks for it.
  const time = /%\s*\d*evt\.time(?![\w.[])/.test(format)
  return alert => {
    const fields = { ...(alert.toJSON().output_fields as Record<string, unknown>) }
    if (!time) delete fields['evt.time']
    return JSON.stringify(fields)
  }
}

async function printAll(
  path: string,
  source: Source,
  engine: Engine,
  line: (alert: Alert) => string,
  limit: number,
): Promise<void> {
  const enough = new AbortController()
  const { isTTY } = process.stdout
  let text = ''
  let printed = 0
  const event = (event: unknown) => {
    for (const alert of engine.evaluate(source, event)) {
      if (printed >= limit) return
      // Files and pipes get the text to the letter, as from sysdig.
      text += `${isTTY ? printable(line(alert)) : line(alert)}\n`
      if (++printed >= limit) enough.abort()
    }
  }
  const pause = () => {
    const ready = text === '' || print(text)
    text = ''
    return ready ? undefined : once(process.stdout, 'drain').then(() => {})
  }
  const feed = await captureFeed(path)
  try {
    await runFeed(feed, { event, pause }, enough.signal)
  } finally {
    await pause()
  }
}

function limit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!/^\d+$/.test(text)) throw new CliError(`-n needs a number, not "${text}"`)
  return Number(text)
}
