import { defineCommand, print } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { facts, kernelFindings } from '../doctor/kernel.ts'
import { partFindings, SERVICE_SOCKET } from '../doctor/parts.ts'
import { trial } from '../doctor/trial.ts'

export const doctor = defineCommand({
  name: 'doctor',
  usage: '[--json]',
  summary: 'Say whether this machine can detect live, what is missing, and what mends it',
  flags: { json: { help: 'Print JSON' } },
  async run({ json }) {
    const findings = [...kernelFindings(facts()), ...partFindings()]
    if (canCapture(findings)) findings.push(await trial(isServed(findings) ? SERVICE_SOCKET : undefined))
    const live = canCapture(findings)
    print(json ? `${JSON.stringify({ live, findings }, null, 2)}\n` : text(findings, live))
    return live ? 0 : 1
  },
})

/** With the service running, neither rights nor a sidecar of one's own are needed. */
const SERVED = new Set(['rights', 'sidecar'])

function isServed(findings: readonly Finding[]): boolean {
  return findings.some(({ name, state }) => name === 'sidecar service' && state === 'ok')
}

function canCapture(findings: readonly Finding[]): boolean {
  const served = isServed(findings)
  return findings.every(({ name, state }) => state !== 'missing' || (served && SERVED.has(name)))
}

const MARK: Readonly<Record<Finding['state'], string>> = { ok: 'ok', optional: 'optional', missing: 'missing' }

function text(findings: readonly Finding[], live: boolean): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.map(({ name, state, detail, mend }) => {
    const line = `${MARK[state].padEnd(8)}  ${name.padEnd(width)}  ${detail}\n`
    return mend === undefined ? line : `${line}${' '.repeat(width + 12)}→ ${mend}\n`
  })
  return `${lines.join('')}\n${live ? 'falc run works live here.' : 'falc run cannot work live here yet; it replays captures with -e FILE.'}\n`
}
