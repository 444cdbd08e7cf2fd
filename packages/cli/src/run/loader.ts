import { createHash } from 'node:crypto'
import type { AlertData, FieldFailure, Source } from '@falc/engine'
import { cacheFolder } from '../cache-folder.ts'
import { type Config, loadConfig, rulesFiles } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { nowNs } from '../meter/metrics-source.ts'
import { kindOf } from '../read-file.ts'
import { buildStamp, type CacheOptions, cachedRules } from '../rules/cached.ts'
import { type RulesFile, readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { asWorker, auditFrom } from '../sources/audit-place.ts'
import type { SourceOptions } from '../sources/load.ts'
import type { RunFlags } from './run-flags.ts'
import type { Loaded } from './session.ts'

/** Configuration and rules as they are on disk. */
export interface Texts {
  readonly config: Config
  readonly rules: readonly RulesFile[]
  /** Files and folders that they were read from. */
  readonly watch: readonly string[]
  /** Digest of all texts. */
  readonly digest: string
}

/** Loads in two steps, so that unchanged texts are not compiled again. */
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
  /** --k8s-audit: instead of the plugin's open_params. */
  readonly audit?: string | undefined
  /** The fields that conditions about alerts may name. */
  readonly alertSource?: () => Source<AlertData>
  readonly makeSources: (options: SourceOptions) => Promise<Source[]>
  readonly backend: 'vm' | 'jit' | undefined
  readonly verbose: boolean
  /** Changes what was read. Default: nothing. */
  readonly adapt?: ((config: Config) => Config) | undefined
  /** Whether compiled rulesets are cached. */
  readonly cache: boolean
  readonly log: () => Log
}

/** The path of Falco's configuration. */
const DEFAULT_CONFIG = '/etc/falco/falco.yaml'

/** @throws {CliError} */
export function configPath(given: string | undefined): string | undefined {
  if (given !== undefined && kindOf(given) === undefined)
    throw new CliError(`Could not find configuration file at ${given}`)
  return given ?? (kindOf(DEFAULT_CONFIG) !== undefined ? DEFAULT_CONFIG : undefined)
}

/** The -o options, and those that other flags are short for. */
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
  const { configPath, overrides, print, rules: given, audit, makeSources, alertSource } = options
  const { backend, verbose, cache, log, adapt = same } = options
  const pipes = new Map<string, string>()
  const cacheOptions = cache ? rulesetCache() : { reason: undefined }
  // Workers stay until a restart, whatever a reload says of their number: they need every ruleset.
  let keep = false
  return {
    read() {
      const read = withPrint(loadConfig(configPath, overrides, process.env, alertSource), print)
      const config = adapt(asWorker(read, auditFrom(read, audit)))
      const paths = given.length > 0 ? given : rulesFiles(config)
      const missing: string[] = []
      // As in Falco, rules_files may name files that do not exist.
      const skip = given.length > 0 ? undefined : (path: string) => missing.push(path)
      const rules = readRules(paths, skip, pipes)
      // A receiver that publishes evaluates nothing.
      if (rules.length === 0 && config.plugins.settings.k8saudit.publish === undefined)
        throw new CliError(noRules(paths, missing))
      const watch = [...config.watch, ...paths, ...rules.map(file => file.name)].filter(path => path !== '-')
      const warnings = missing.map(path => `rules_files: ${path} does not exist and is skipped`)
      return {
        config: { ...config, warnings: [...config.warnings, ...warnings] },
        rules,
        watch: [...new Set(watch)],
        digest: digestOf(config, rules),
      }
    },
    async build({ config, rules }) {
      if ('reason' in cacheOptions && cacheOptions.reason !== undefined)
        log().info(`Compiled rules are not cached: ${cacheOptions.reason}`)
      keep ||= config.workers > 1
      const { engine, notes, ruleset } = await cachedRules(
        {
          options: engineOptions(config, backend),
          sourceOptions: { base64: config.buffer_format_base64 },
          files: rules,
        },
        { makeSources, onError: firstOfEach(log()), keep },
        'folder' in cacheOptions ? cacheOptions : undefined,
      )
      if (rules.length > 0) log().info(`Loading rules from:\n${rules.map(({ name }) => `   ${name}`).join('\n')}`)
      for (const { full, summary } of notes.warnings) log().warning(verbose ? full : summary)
      return {
        config,
        ...{ engine, ruleset },
        rules: notes.rules,
        rulesFiles: rules.map(({ name, content }) => ({ path: name, sha256: sha256(content) })),
        loadedAt: nowNs(),
        captureDurations: new Map(notes.captureDurations.map(([rule, ns]) => [rule, BigInt(ns)])),
      }
    },
  }
}

const same = (config: Config): Config => config

function noRules(paths: readonly string[], missing: readonly string[]): string {
  const text = 'You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml'
  const empty = paths.filter(path => !missing.includes(path))
  if (empty.length > 0) return `${text}: there is no .yaml or .yml file in ${empty.join(', ')}`
  return missing.length === 0 ? text : `${text}: none of ${missing.join(', ')} exists`
}

/** The cache of compiled rulesets, or why there is none. Running from the sources needs no reason. */
function rulesetCache(): CacheOptions | { readonly reason: string | undefined } {
  const build = buildStamp()
  if (build === undefined) return { reason: undefined }
  const found = cacheFolder()
  return 'folder' in found ? { folder: found.folder, build } : found
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

/** As in Falco, -pc and -pk no longer add anything: sources suggest the fields that they stood for. */
const NOTHING_TO_PRINT = ['c', 'container', 'k', 'kubernetes']

function withPrint(config: Config, print: string | undefined): Config {
  if (print === undefined || NOTHING_TO_PRINT.includes(print)) return config
  return { ...config, append_output: [...config.append_output, { extra_output: print }] }
}

function digestOf(config: Config, rules: readonly RulesFile[]): string {
  const hash = createHash('sha256')
  for (const { path, sha256 } of config.files) hash.update(`${path}\0${sha256}\0`)
  for (const { name, content } of rules) hash.update(`${name}\0${content.length}\0${content}`)
  return hash.digest('hex')
}
