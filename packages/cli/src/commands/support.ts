import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, type as systemType, totalmem, version } from 'node:os'
import { scrubber } from '@falc/outputs'
import { defineCommand, print } from '../command.ts'
import { type Config, loadConfig, rulesFiles } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'
import { configurationFindings } from '../doctor/configuration.ts'
import { partFindings } from '../doctor/parts.ts'
import { CliError } from '../fail.ts'
import { facts, kernelFindings } from '../machine/kernel.ts'
import { readRules } from '../rules/files.ts'
import { configPath } from '../run/loader.ts'
import { maskedConfig, secretsOf } from '../support/masked.ts'
import { logLines, metricsOf, rulesIn } from '../support/parts.ts'
import { pack } from '../updates/tar.ts'
import { engineVersion, falcVersion } from '../version.ts'

/** Bytes of one part, whatever it is made of. */
const MAX_PART = 2 * 1024 * 1024

/** Parts of the configuration in the log are found by their values. */
const UNKNOWN = 'left out: which texts are secret is not known while the configuration cannot be read\n'

export const support = defineCommand({
  name: 'support',
  usage: '[-c FILE] [--out FILE]',
  summary:
    'Collect a support bundle without secrets and alerts: versions, findings of doctor, configuration, names of rules, metrics, log',
  flags: {
    config: { short: 'c', value: 'FILE', help: 'Configuration (default: /etc/falco/falco.yaml, if it exists)' },
    out: { value: 'FILE', help: 'The archive (default: falc-support.tar.gz)' },
    lines: { value: 'N', help: 'Number of lines of the journal to read (default: 1000)' },
  },
  async run({ config: given, out = 'falc-support.tar.gz', lines = '1000' }) {
    if (!/^\d{1,6}$/.test(lines)) throw new CliError(`--lines needs a number, not "${lines}"`)
    const path = configPath(given)
    const { config, problem } = configuration(path)
    const findings = [...kernelFindings(facts()), ...partFindings()]
    if (config !== undefined && path !== undefined) findings.push(...(await configurationFindings(path)))
    const parts: Readonly<Record<string, unknown>> = {
      'versions.json': versions(),
      'doctor.json': findings,
      'configuration.json': config === undefined ? { problem } : configurationOf(config),
      'rules.json': config === undefined ? [] : rulesOf(config),
      'metrics.txt': config === undefined ? '' : await metricsOf(config),
      'log.txt': config === undefined ? UNKNOWN : await logLines(Number(lines)),
    }
    const scrub = scrubber(config === undefined ? [] : secretsOf(config))
    const files = Object.entries(parts).map(([name, part]) => {
      const text = typeof part === 'string' ? part : `${JSON.stringify(part, null, 2)}\n`
      return { name, content: Buffer.from(scrub(text)).subarray(0, MAX_PART) }
    })
    try {
      writeOwn(out, pack(files))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new CliError(`${out}: ${code === 'ELOOP' ? 'it is a symbolic link' : message}`)
    }
    print(
      `${out}: ${files.map(({ name }) => name).join(', ')}\nLook through it before you pass it on: tar -xzOf ${out} | less\n`,
    )
    return 0
  },
})

const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants

/** In a folder such as /tmp, others choose what is there: links, pipes and files of others are refused. @throws {Error} */
function writeOwn(path: string, bytes: Buffer): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600)
  try {
    if (fstatSync(fd).uid !== process.geteuid?.()) throw new Error('it belongs to another user')
    fchmodSync(fd, 0o600)
    ftruncateSync(fd)
    writeFileSync(fd, bytes)
  } finally {
    closeSync(fd)
  }
}

/** Values in messages about a broken configuration are in quotes. */
const unquoted = (text: string): string => text.replace(/"[^"]*"/g, '"…"')

function configuration(path: string | undefined): { config?: Config; problem?: string } {
  try {
    return { config: loadConfig(path, []) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problem: unquoted(error.message.split('\n')[0]!) }
  }
}

function configurationOf(config: Config) {
  return { files: config.files, warnings: config.warnings.map(unquoted), keys: maskedConfig(config) }
}

function rulesOf(config: Config) {
  try {
    return rulesIn(readRules(rulesFiles(config), () => {}))
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return { problem: error.message }
  }
}

function versions() {
  const { number, semver } = engineVersion()
  return {
    ...{ falc: falcVersion(), engine_version: number, engine_version_semver: semver, node: process.version },
    ...{ system: systemType(), release: release(), version: version(), machine: arch() },
    ...{ cpus: cpus().length, memory: totalmem(), user: process.getuid?.() },
  }
}
