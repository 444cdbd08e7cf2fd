/** Opens the console that falco.yaml and flags configure. */
import { join } from 'node:path'
import { Console, type OidcOptions, type Token, tokensIn } from '@falc/console'
import type { OutputStats } from '@falc/outputs'
import { answerWaiting, waitingNow } from '@falc/response'
import type { Retention } from '@falc/store'
import { type Config, rulesFiles } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { readFile } from '../read-file.ts'
import { engineOptions } from '../rules/options.ts'
import { falcVersion } from '../version.ts'

/** A store, and what it keeps. */
export interface ConfiguredStore extends Retention {
  readonly path: string
}

/** The only output of type `store`, or the only one that is enabled. @throws {CliError} */
export function storeOf({ outputs }: Config): ConfiguredStore {
  const all = outputs.filter(({ type }) => type === 'store')
  const enabled = all.filter(one => one.enabled)
  const [store, ...others] = enabled.length > 0 ? enabled : all
  if (store && others.length === 0) {
    const { path, keep, max_size } = store.options
    return { path: path as string, age: keep as number, bytes: max_size as number }
  }
  const found = store ? 'there are several stores' : 'the configuration has no output of type store'
  throw new CliError(`${found}: name its file with --db, or the configuration with -c`)
}

/** Flags that override falco.yaml. */
export interface ConsoleFlags {
  readonly rules: readonly string[]
  readonly listen?: string | undefined
  readonly tokenFile?: string | undefined
  readonly localRules?: string | undefined
  readonly anonymousIngest?: boolean
}

/** @param stats of outputs of this process, if it has them @throws {CliError} */
export async function openConsole(
  config: Config,
  { path, age, bytes }: ConfiguredStore,
  flags: ConsoleFlags,
  log: Log,
  stats?: () => readonly OutputStats[],
): Promise<Console> {
  const { listen, token_file, local_rules, open_door, roles, proxy, nats } = config.console
  const [host, port] = addressOf(flags.listen ?? listen)
  const { folder } = config.response
  const { addresses, user_header: userHeader, groups_header: groupsHeader } = proxy
  const localRules = flags.localRules ?? (local_rules || undefined)
  const paths = flags.rules.length > 0 ? flags.rules : rulesFiles(config)
  const isKnown = localRules === undefined || paths.includes(localRules)
  const note = (text: string) => log.write('notice', text)
  let console: Console | undefined
  try {
    console = new Console({
      ...{ path, age, bytes, host, port, localRules, roles, version: falcVersion() },
      ...{ rules: isKnown ? paths : [...paths, localRules], engine: engineOptions(config) },
      ...{
        anonymousIngest: flags.anonymousIngest || open_door,
        tokens: tokensOf(flags.tokenFile ?? (token_file || undefined), note),
      },
      ...{ oidc: providerOf(config), nats },
      ...(addresses.length > 0 && { proxy: { addresses, userHeader, groupsHeader } }),
      delivery: { queues: queuesOf(config), outputs: () => outputsOf(config, stats?.()) },
      approvals: {
        list: () => waitingNow(folder),
        answer: (run, word, by) => answerWaiting(folder, { run }, word, by),
      },
      note,
    })
    await console.listen()
    return console
  } catch (error) {
    await console?.close()
    throw new CliError(`Could not open the console: ${(error as Error).message}`)
  }
}

/** @throws {Error} when the secret cannot be read */
function providerOf({ console: { oidc } }: Config): OidcOptions | undefined {
  const { issuer, client_id: clientId, client_secret_file, redirect_uri: redirectUri, scope } = oidc
  if (issuer === '') return undefined
  const clientSecret = readFile(client_secret_file).toString('utf8').trim()
  return { issuer, clientId, clientSecret, redirectUri, scope, groupsClaim: oidc.groups_claim, session: oidc.session }
}

/** Folders of queues on disk, by the names of their outputs. */
function queuesOf({ outputs }: Config): Record<string, string> {
  return Object.fromEntries(
    outputs.flatMap(({ name, queue: { disk } }) => (disk === undefined ? [] : [[name, join(disk, name)]])),
  )
}

function outputsOf({ outputs }: Config, stats: readonly OutputStats[] | undefined) {
  const known = new Map(stats?.map(one => [one.name, one]))
  const configured = outputs.map(({ name, type, enabled }) => ({ name, type, enabled }))
  // Falco's own outputs are not in the list.
  const own = [...known.keys()].filter(name => !configured.some(one => one.name === name))
  return [...configured, ...own.map(name => ({ name, type: name, enabled: true }))].map(one => {
    const found = known.get(one.name)
    if (!found) return { ...one, dead: 0 }
    const { queued, delivered, dead, dropped, failing } = found
    const failed = Object.values(dropped).reduce((sum, count) => sum + count, dead)
    return { ...one, waiting: queued, delivered, failed, dead, ...(failing !== undefined && { failing }) }
  })
}

/** @throws {CliError} */
function addressOf(text: string): [host: string, port: number] {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) throw new CliError(`--listen must be HOST:PORT, not "${text}"`)
  return [host || '127.0.0.1', Number(port)]
}

/** @throws {CliError} */
function tokensOf(path: string | undefined, note: (text: string) => void): (() => readonly Token[]) | undefined {
  if (path === undefined) return undefined
  try {
    return tokensIn(path, note)
  } catch (error) {
    throw new CliError(`--token-file: ${path}: ${(error as Error).message}`)
  }
}
