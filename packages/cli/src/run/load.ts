import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { FieldFailure, Source } from '@falc/engine'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { nowNs } from '../meter/subject.ts'
import { loadSources } from '../sources/load.ts'
import { cachedRules } from './cached-rules.ts'
import type { RunFlags } from './flags.ts'
import { type RulesFile, readRules } from './rules.ts'
import type { Loaded } from './session.ts'

/** Configuration and rules as they are on disk. */
export interface Texts {
  readonly config: Config
  readonly rules: readonly RulesFile[]
  /** Files and folders that they came from. */
  readonly watch: readonly string[]
  /** Of all texts: equal when nothing has changed. */
  readonly digest: string
}

/** Loading in two steps, so that unchanged texts need not be compiled again. */
export interface Loader {
  /** @throws {CliError | ConfigError} */
  read(): Texts
  /** @throws {CliError} with Falco's report, when the rules are invalid */
  build(texts: Texts): Promise<Loaded>
}

export interface LoaderOptions {
  readonly configPath: string | undefined
  readonly overrides: readonly string[]
  /** -p: appended to the output of every rule. */
  readonly print: string | undefined
  /** -r: instead of rules_files. */
  readonly rules: readonly string[]
  readonly sources: readonly Source[]
  readonly backend: 'vm' | 'jit' | undefined
  readonly verbose: boolean
  /** Rulesets compiled earlier may be used, and new ones kept. */
  readonly cache: boolean
  readonly log: () => Log
}

/** Falco's place for the configuration. */
const DEFAULT_CONFIG = '/etc/falco/falco.yaml'

/** @throws {CliError} */
export function configPath(given: string | undefined): string | undefined {
  if (given !== undefined && !existsSync(given)) throw new CliError(`Could not find configuration file at ${given}`)
  return given ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined)
}

/** The -o options, and those that other flags stand for. */
export function overrides(flags: RunFlags): string[] {
  return [
    ...flags.option,
    ...(flags.unbuffered ? ['buffered_outputs=false'] : []),
    ...(flags['print-base64'] ? ['buffer_format_base64=true'] : []),
  ]
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function makeLoader(options: LoaderOptions): Loader {
  const { configPath, overrides, print, rules: given, sources, backend, verbose, cache, log } = options
  return {
    read() {
      const config = withPrint(loadConfig(configPath, overrides), print)
      const paths = given.length > 0 ? given : config.rulesFiles
      if (paths.length === 0) {
        throw new CliError(
          'You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml',
        )
      }
      const rules = readRules(paths)
      const watch = [...config.watch, ...paths, ...rules.map(file => file.name)].filter(path => path !== '-')
      return { config, rules, watch: [...new Set(watch)], digest: digestOf(config, rules) }
    },
    async build({ config, rules }) {
      const shown = config.base64 ? await loadSources({ base64: true }) : sources
      const setup = { config, sources: shown, onError: firstOfEach(log()), ...(backend && { backend }) }
      const { engine, notes } = await cachedRules(setup, rules, cache)
      log().info(`Loading rules from:\n${rules.map(({ name }) => `   ${name}`).join('\n')}`)
      for (const { full, summary } of notes.warnings) log().warning(verbose ? full : summary)
      return {
        config,
        engine,
        rules: notes.rules,
        rulesFiles: rules.map(({ name, content }) => ({ path: name, sha256: sha256(content) })),
        loadedAt: nowNs(),
        captureDurations: new Map(notes.captureDurations.map(([rule, ns]) => [rule, BigInt(ns)])),
      }
    },
  }
}

/** Logs the first failure of each field, with its stack; the rest are only counted. */
function firstOfEach(log: Log): (failure: FieldFailure) => void {
  const seen = new Set<string>()
  return ({ source, field, error }) => {
    const key = `${source} ${field}`
    if (seen.has(key)) return
    seen.add(key)
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    log.error(`${source}: ${field} could not be read; further failures are only counted: ${reason}`)
  }
}

/** As in Falco -pc and -pk add nothing any more: what they stood for is suggested by the fields themselves. */
const NOTHING_TO_PRINT = ['c', 'container', 'k', 'kubernetes']

function withPrint(config: Config, print: string | undefined): Config {
  if (print === undefined || NOTHING_TO_PRINT.includes(print)) return config
  return { ...config, appendOutput: [...config.appendOutput, { extra_output: print }] }
}

function digestOf(config: Config, rules: readonly RulesFile[]): string {
  const hash = createHash('sha256')
  for (const { path, sha256 } of config.files) hash.update(`${path}\0${sha256}\0`)
  for (const { name, content } of rules) hash.update(`${name}\0${content.length}\0${content}`)
  return hash.digest('hex')
}
