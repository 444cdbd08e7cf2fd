import { newToken, parseTokens, SCOPES, type Scope } from '@falc/console'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { EARLY_LOG, Log } from '../log.ts'
import { keepOwnFiles } from '../own-files.ts'
import { configPath } from '../run/loader.ts'
import { openConsole, storeOf } from '../run/open-console.ts'

export const consoleCommand = defineCommand({
  name: 'console',
  usage: '[--db FILE] [--listen HOST:PORT] [--token-file FILE] | token NAME [--scopes SCOPES]',
  summary: 'Show the alerts of a store in a browser, and receive those of Falco and falcosidekick; or make a token',
  flags: {
    db: { value: 'FILE', help: "The store. Default: that of the configuration's output of type `store`" },
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    listen: { value: 'HOST:PORT', help: 'Address to listen on. Default: 127.0.0.1:2802' },
    rules: {
      short: 'r',
      value: 'PATH',
      multiple: true,
      help: 'Rules file or folder, in order, to explain alerts and test exceptions. Default: those of the configuration',
    },
    'local-rules': { value: 'FILE', help: 'The rules file to which exceptions are added' },
    'token-file': { value: 'FILE', help: 'Tokens: the lines that `falc console token` prints' },
    'anonymous-ingest': { help: 'Accept alerts without a token' },
    'open-door': {},
    namespaces: {
      value: 'NAMES',
      help: 'The namespaces whose alerts a new token shows, separated by commas. Default: all',
    },
    scopes: { value: 'SCOPES', help: `The scopes of a new token: ${SCOPES.join(',')}. Default: read` },
  },
  async run(flags, [verb, name, ...rest]) {
    if (verb === 'token' && name !== undefined && rest.length === 0)
      return token(name, flags.scopes ?? 'read', flags.namespaces)
    if (verb !== undefined) throw new CliError('falc console takes no argument, or `token` and a name')
    const log = new Log(EARLY_LOG)
    const config = loadConfig(configPath(flags.config), [])
    const store = flags.db === undefined ? storeOf(config) : { path: flags.db }
    const console = await openConsole(
      config,
      store,
      {
        rules: flags.rules,
        listen: flags.listen,
        tokenFile: flags['token-file'],
        localRules: flags['local-rules'],
        anonymousIngest: flags['anonymous-ingest'] || flags['open-door'],
      },
      log,
    )
    const stop = new Promise<unknown>(resolve => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    await keepOwnFiles()
    log.info(`Console listening at ${console.url} for ${store.path}`)
    await stop
    await console.close()
    return 0
  },
})

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
