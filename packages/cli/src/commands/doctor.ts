import { defineCommand, print } from '../command.ts'
import { configurationFindings } from '../doctor/configuration.ts'
import { partFindings, SERVICE_SOCKET } from '../doctor/parts.ts'
import { trial } from '../doctor/trial.ts'
import type { Finding } from '../machine/finding.ts'
import { facts, kernelFindings } from '../machine/kernel.ts'
import { printable } from '../printable.ts'
import { configPath } from '../run/loader.ts'

export const doctor = defineCommand({
  name: 'doctor',
  usage: '[-c FILE] [--json]',
  summary: 'Check whether this machine can detect live, and whether a configuration works; say how to fix each problem',
  flags: {
    config: { short: 'c', value: 'FILE', help: 'Also check this configuration: keys, rules, paths, ports, servers' },
    json: { help: 'Print JSON' },
  },
  async run({ config, json }) {
    const findings = [...kernelFindings(facts()), ...partFindings()]
    if (canCapture(findings)) findings.push(await trial(isServed(findings) ? SERVICE_SOCKET : undefined))
    const live = canCapture(findings)
    const own = config === undefined ? [] : await configurationFindings(configPath(config)!)
    const usable = own.every(({ state }) => state !== 'missing')
    const all = [...findings, ...own]
    if (json) print(`${JSON.stringify({ live, ...(config !== undefined && { usable }), findings: all }, null, 2)}\n`)
    else print(`${lines(all)}\n${verdict(live)}${config === undefined ? '' : configurationVerdict(config, usable)}`)
    return live && usable ? 0 : 1
  },
})

/** If the service is running, falc needs neither rights nor its own sidecar. */
const SERVED = new Set(['rights', 'sidecar'])

function isServed(findings: readonly Finding[]): boolean {
  return findings.some(({ name, state }) => name === 'sidecar service' && state === 'ok')
}

function canCapture(findings: readonly Finding[]): boolean {
  const served = isServed(findings)
  return findings.every(({ name, state }) => state !== 'missing' || (served && SERVED.has(name)))
}

function lines(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const indent = ' '.repeat(width + 12)
  return findings
    .map(({ name, state, detail, remedy }) => {
      const text = printable(detail, '\n').replaceAll('\n', `\n${indent}`)
      const line = `${state.padEnd(8)}  ${name.padEnd(width)}  ${text}\n`
      return remedy === undefined ? line : `${line}${indent}→ ${remedy}\n`
    })
    .join('')
}

function verdict(live: boolean): string {
  return live
    ? 'falc run works live here.\n'
    : 'falc run does not work live here yet; it replays captures with -e FILE.\n'
}

function configurationVerdict(path: string, usable: boolean): string {
  return usable ? `${path} can be used here.\n` : `${path} cannot be used here yet.\n`
}
