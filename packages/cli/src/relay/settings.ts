import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { type AlertData, alerts, type Source } from '@falc/engine'
import { OptionError, type OptionReading, type OutputSettings, readOutput } from '@falc/outputs'
import { CliError } from '../fail.ts'
import { readFile } from '../read-file.ts'
import { compiled, goData } from './enrich.ts'
import type { SidekickConfig } from './sidekick/config.ts'
import type { Options, SidekickContext, SidekickOutput } from './sidekick/key.ts'
import { SIDEKICK_OUTPUTS } from './sidekick/table.ts'
import { UNSUPPORTED } from './sidekick/unsupported.ts'

export interface RelaySettings {
  readonly outputs: readonly OutputSettings[]
  /** The fields that conditions and templates may name. */
  readonly source: Source<AlertData>
  readonly warnings: readonly string[]
  /** Removes files that were written for the outputs. */
  dispose(): void
}

export interface RelayOptions {
  /** A folder for queues on disk. */
  readonly queue?: string | undefined
  /** Start without the outputs that falc does not have. */
  readonly skipUnsupported?: boolean
}

/**
 * The outputs that falcosidekick's configuration asks for, and those under `outputs`.
 * @throws {CliError} with every problem, when one of them cannot work
 */
export function relaySettings(config: SidekickConfig, options: RelayOptions = {}): RelaySettings {
  const problems: string[] = []
  const warnings: string[] = [...config.warnings]
  const files = new PrivateFiles()
  const context: SidekickContext = {
    text: key => config.text(key),
    map: key => config.map(key),
    file: (name, content) => files.write(name, content),
  }
  const texts = new Map<string, (alert: AlertData) => string>()
  const source = withTexts(texts)
  const read = (item: unknown, path: OptionReading['path'], whereIs: (key: string) => string) => {
    const at: OptionReading = {
      path,
      source: () => source,
      warn: (at, reason) => warnings.push(`${whereIs(String(at.at(-1)))}: ${reason}`),
    }
    try {
      return [readOutput(item, at)]
    } catch (error) {
      if (!(error instanceof OptionError)) throw error
      problems.push(`${whereIs(String(error.path.at(-1)))}: ${error.message}`)
      return []
    }
  }
  const queue = options.queue === undefined ? {} : { queue: { disk: options.queue } }
  const on = SIDEKICK_OUTPUTS.filter(({ section, main }) => config.isOn(section, main))
  try {
    const trusted = authorities(config, context, warnings)
    const outputs = on.flatMap(output => {
      const { made, sources } = optionsOf(output, config, context, trusted)
      const { template, ...rest } = made
      if (template !== undefined) {
        const key = `${output.section}.messageformat`
        const go = compiled(String(template), `${config.whereIs(key)}: ${key}`)
        texts.set(output.section, alert => go(goData(alert)))
      }
      const item = {
        ...{ name: nameOf(output.section), type: output.type, ...queue, ...rest },
        ...(template !== undefined && { template: `%sidekick.text[${output.section}]` }),
      }
      const whereIs = (option: string) => {
        const key = sources.get(option) ?? `${output.section}.${output.main[0]}`
        return `${config.whereIs(key)}: ${key}`
      }
      return read(item, ['outputs', output.section], whereIs)
    })
    const own = config.outputs.flatMap((item, i) => read(item, ['outputs', i], key => `outputs[${i}] ${key}`))
    for (const { section, main, why } of UNSUPPORTED) {
      if (!config.isOn(section, main)) continue
      const text = `${config.whereIs(`${section}.${main[0]}`)}: falc has no output like ${section}: ${why}`
      if (options.skipUnsupported) warnings.push(text)
      else problems.push(text)
    }
    if (problems.length > 0) throw new CliError(problems.join('\n'))
    const names = [...outputs, ...own].map(({ name }) => name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw new CliError(`two outputs are named ${twice}`)
    const enabled = [...outputs, ...own].filter(output => output.enabled)
    if (enabled.length === 0)
      throw new CliError(
        'no output is configured: set the keys or environment variables of falcosidekick, or `outputs`',
      )
    return { outputs: enabled, source, warnings, dispose: () => files.remove() }
  } catch (error) {
    files.remove()
    throw error
  }
}

/** Names that Falco's own outputs have. */
function nameOf(section: string): string {
  return section === 'syslog' ? 'remote-syslog' : section
}

/** An output's options, and which key of falcosidekick each comes from. */
function optionsOf(
  { section, keys, defaults }: SidekickOutput,
  config: SidekickConfig,
  context: SidekickContext,
  trusted: Options,
) {
  let made: Record<string, unknown> = { ...(Object.hasOwn(keys, 'checkcert') && trusted), ...defaults?.(context) }
  const sources = new Map<string, string>()
  for (const [key, { to, set }] of Object.entries(keys)) {
    const value = config.get(`${section}.${key}`)
    if (value === undefined) continue
    const options: Options = set ? set(value, context) : { [to[0]!]: value }
    for (const option of Object.keys(options)) sources.set(option, `${section}.${key}`)
    const headers = options.headers && made.headers ? { headers: { ...made.headers, ...options.headers } } : {}
    made = { ...made, ...options, ...headers }
  }
  return { made, sources }
}

/**
 * `tlsclient.cacertfile` adds to the system's authorities, whereas `tls_ca` replaces them. falcosidekick's example names a file that few
 * machines have. If it is missing, fewer authorities are trusted, which is safe.
 */
function authorities(config: SidekickConfig, context: SidekickContext, warnings: string[]): Options {
  const path = context.text('tlsclient.cacertfile')
  if (path === '') return {}
  try {
    return { tls_ca: context.file('ca.pem', [readFile(path).toString('utf8'), ...rootCertificates].join('\n')) }
  } catch (error) {
    const reason = `${(error as Error).message}; only the system's authorities are trusted`
    warnings.push(`${config.whereIs('tlsclient.cacertfile')}: tlsclient.cacertfile: ${reason}`)
    return {}
  }
}

/** Alerts of any source, with the texts of message formats as fields. Alerts of a fleet's plugins have fields that falc does not know. */
function withTexts(texts: ReadonlyMap<string, (alert: AlertData) => string>): Source<AlertData> {
  const source = alerts()
  return {
    ...source,
    fields: {
      ...source.fields,
      'sidekick.text': {
        ...{ type: 'string', arg: 'required', argKind: 'key', brackets: true, doc: 'messageformat of an output' },
        extract: (alert, output: string) => texts.get(output)?.(alert),
      },
    },
  }
}

/** Files that only this user reads, until they are removed. */
class PrivateFiles {
  #folder: string | undefined

  write(name: string, content: string | Buffer): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'falc-relay-'))
    const path = join(this.#folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }
}
