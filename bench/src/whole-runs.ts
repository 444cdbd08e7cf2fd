/** The cost of the whole command, from events in a file to lines in another file or a pipe: reading, evaluation and delivery, in all threads. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditEvents } from './audit.ts'
import { root } from './files.ts'
import { repeatCapture } from './syscalls.ts'

/** What `falc run` reads: a few events, and many, of which most raise an alert. */
export interface Input {
  readonly flag: string
  readonly few: string
  readonly many: string
}

/** A bundled capture, and its events 300 times over: nearly half of them are opens, as in what Falco's rate was measured on. */
export function captures(folder: string): Input {
  const [few, many] = [join(folder, 'few.scap'), join(folder, 'many.scap')]
  const capture = join(root, 'examples/captures/host-a.scap')
  const events = repeatCapture(capture, few, 1)
  repeatCapture(capture, many, 300 * events)
  return { flag: '-e', few, many }
}

export function audits(folder: string, count: number): Input {
  const events = auditEvents(1000)
  const [few, many] = [join(folder, 'few.jsonl'), join(folder, 'many.jsonl')]
  writeFileSync(few, events[0]!)
  const whole = Buffer.concat(events.flatMap(event => [Buffer.from(event), Buffer.from('\n')]))
  writeFileSync(many, Buffer.concat(Array.from({ length: count / 1000 }, () => whole)))
  return { flag: '--k8s-audit', few, many }
}

interface Settings {
  readonly folder: string
  readonly rules: readonly object[]
  readonly json: boolean
  /** Otherwise to a pipe. */
  readonly toFile: boolean
}

/** One run on many events, less one on a few: alerts per second, and CPU microseconds per alert. */
export function wholeRun({ flag, few, many }: Input, settings: Settings): { rate: number; cpu: number } {
  const [short, long] = [run(`${flag} '${few}'`, settings), run(`${flag} '${many}'`, settings)]
  const alerts = long.alerts - short.alerts
  return { rate: (1000 * alerts) / (long.ms - short.ms), cpu: (long.cpu - short.cpu) / alerts }
}

function run(input: string, { folder, rules, json, toFile }: Settings): { alerts: number; ms: number; cpu: number } {
  const log = join(folder, 'log')
  writeFileSync(join(folder, 'rule.yaml'), JSON.stringify(rules))
  const config = {
    ...{ rules_files: [join(folder, 'rule.yaml')], json_output: json, stdout_output: { enabled: !toFile } },
    file_output: { enabled: toFile, keep_alive: true, filename: join(folder, 'whole') },
  }
  writeFileSync(join(folder, 'falco.yaml'), JSON.stringify(config))
  const from = performance.now()
  const falc = `'${join(root, 'falc')}' run -c '${folder}/falco.yaml' ${input} 2>'${log}'`
  // The last line of `times`: user and system of what the shell has waited for; `cat` is counted, and does nothing.
  const times = execFileSync('sh', ['-c', `{ ${falc} | cat >/dev/null; }; times; rm -f '${folder}/whole'`])
  const ms = performance.now() - from
  const [user, system] = [
    ...String(times)
      .trim()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g),
  ].map(([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds))
  const alerts = Number(/^Events detected: (\d+)$/m.exec(readFileSync(log, 'utf8'))![1])
  return { alerts, ms, cpu: 1e6 * (user! + system!) }
}
