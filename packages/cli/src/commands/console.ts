import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Console, newToken, parseTokens, SCOPES, type Scope, type Token } from '@falc/console'
import { defineCommand, print } from '../command.ts'
import { type Config, loadConfig, rulesFiles } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { configuredStore } from '../history/open.ts'
import { EARLY_LOG, Log } from '../log.ts'
import { engineOptions } from '../rules/options.ts'
import { configPath } from '../run/loader.ts'
import { falcVersion } from '../version.ts'

export const consoleCommand = defineCommand({
  name: 'console',
  usage: '[--db FILE] [--listen HOST:PORT] [--token-file FILE] | token NAME [--scopes SCOPES]',
  summary: 'Show the alerts of a store in a browser, and take those of Falco and falcosidekick; or make a token',
  flags: {
    db: { value: 'FILE', help: "The store. Default: that of the configuration's output of type `store`" },
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    listen: { value: 'HOST:PORT', help: 'Where it listens. Default: 127.0.0.1:2802' },
    rules: {
      short: 'r',
      value: 'PATH',
      multiple: true,
      help: 'Rules file or folder, in order, to explain alerts and test exceptions. Default: those of the configuration',
    },
    'local-rules': { value: 'FILE', help: 'The rules file to which exceptions are added' },
    'token-file': { value: 'FILE', help: 'Who may do what: the lines that `falc console token` prints' },
    'open-door': { help: 'Take alerts without a token' },
    namespaces: { value: 'NAMES', help: 'The namespaces whose alerts a new token shows, with commas. Default: all' },
    scopes: { value: 'SCOPES', help: `What a new token allows: ${SCOPES.join(',')}. Default: read` },
  },
  async run(flags, [verb, name, ...rest]) {
    if (verb === 'token' && name !== undefined && rest.length === 0)
      return token(name, flags.scopes ?? 'read', flags.namespaces)
    if (verb !== undefined) throw new CliError('falc console takes no argument, or `token` and a name')
    const log = new Log(EARLY_LOG)
    const { path, ...kept } = configuredStore(flags.db, flags.config)
    const [host, port] = addressOf(flags.listen ?? '127.0.0.1:2802')
    const tokens = tokensOf(flags['token-file'])
    const common = { path, ...kept, host, port, openDoor: flags['open-door'], version: falcVersion() }
    const known = configured(loadConfig(configPath(flags.config), []), flags.rules, flags['local-rules'])
    let console: Console | undefined
    try {
      console = new Console({ ...common, ...known, tokens, note: text => log.write('notice', text) })
      await console.listen()
    } catch (error) {
      await console?.close()
      throw new CliError(`falc console: ${(error as Error).message}`)
    }
    const stop = new Promise<unknown>(resolve => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    log.info(`Console listening at ${console.url} for ${path}`)
    await stop
    await console.close()
    return 0
  },
})

/** What the console knows from falco.yaml: rules, and queues of outputs. */
function configured(config: Config, rules: readonly string[], localRules: string | undefined) {
  const paths = rules.length > 0 ? rules : rulesFiles(config)
  const isKnown = localRules === undefined || paths.includes(localRules)
  const queues = config.outputs.flatMap(({ name, queue: { disk } }) =>
    disk === undefined ? [] : [[name, join(disk, name)]],
  )
  const outputs = config.outputs.map(({ name, type, enabled }) => ({ name, type, enabled, dead: 0 }))
  return {
    ...{ rules: isKnown ? paths : [...paths, localRules], localRules, engine: engineOptions(config) },
    delivery: { queues: Object.fromEntries(queues), outputs: () => outputs },
  }
}

/** @throws {CliError} */
function addressOf(text: string): [host: string, port: number] {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) throw new CliError(`--listen is HOST:PORT, not "${text}"`)
  return [host || '127.0.0.1', Number(port)]
}

/** @throws {CliError} */
function tokensOf(path: string | undefined): Token[] | undefined {
  if (path === undefined) return undefined
  try {
    return parseTokens(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CliError(`--token-file: ${path}: ${(error as Error).message}`)
  }
}

/** @throws {CliError} */
function token(name: string, scopes: string, namespaces: string | undefined): number {
  const list = scopes.split(',')
  const unknown = list.find(scope => !SCOPES.includes(scope as Scope))
  if (unknown !== undefined || /[\s#]/.test(name))
    throw new CliError(
      unknown === undefined ? 'a name has no blanks and no #' : `no scope is called ${unknown}: ${SCOPES.join(', ')}`,
    )
  const { token, line } = newToken(name, list as Scope[], namespaces?.split(','))
  try {
    parseTokens(line)
  } catch (error) {
    throw new CliError((error as Error).message.replace('line 1: ', ''))
  }
  print(`Token, shown this once: ${token}\nLine for the token file: ${line}\n`)
  return 0
}
