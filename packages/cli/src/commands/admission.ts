import { manifest } from '../admission/manifest.ts'
import { simulate } from '../admission/simulate.ts'
import { AdmissionWebhook } from '../admission/webhook.ts'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { type FlagValues, parseFlags } from '../flags.ts'
import { EARLY_LOG, Log } from '../log.ts'
import { detect } from '../run/detect.ts'
import { configPath, makeLoader } from '../run/loader.ts'
import { RUN_FLAGS, type RunFlags } from '../run/run-flags.ts'
import { loadSources } from '../sources/load.ts'
import { tuneForAnswers } from '../v8-flags.ts'

const { config, option, rules, duration, user, pidfile, verbose, backend } = RUN_FLAGS

const FLAGS = {
  ...{ config, option, rules, duration, user, pidfile, verbose, backend },
  'dry-run': RUN_FLAGS['dry-run'],
  'no-cache': RUN_FLAGS['no-cache'],
  audit: { value: 'LOG', help: 'simulate: the audit log, a file, a folder, or - (stdin)' },
  json: { help: 'simulate: a line of JSON per request that a rule matches' },
  name: { value: 'NAME', help: 'manifest: name of the webhook and its service (default: falc-admission)' },
  namespace: { value: 'NAME', help: 'manifest: where falc runs (default: falc)' },
  ca: { value: 'FILE', help: "manifest: the CA certificate that signed the webhook's certificate" },
  url: { value: 'URL', help: 'manifest: the URL at which the API server reaches falc, instead of a service' },
  exempt: { value: 'NAME', multiple: true, help: 'manifest: another namespace whose requests are exempt' },
} as const

type AdmissionFlags = FlagValues<typeof FLAGS>

/** One rule that warns must not keep a later one from denying. */
const every = ({ option }: AdmissionFlags): string[] => [...option, 'rule_matching=all']

export const admission = defineCommand({
  name: 'admission',
  usage: '[simulate --audit LOG | manifest] [-c FILE] [-r PATH]… [FLAGS]',
  summary:
    'Evaluate requests to a Kubernetes API server with k8s_audit rules before they are carried out: warn, or deny',
  flags: FLAGS,
  async run(flags, [verb, ...extra]) {
    if (extra.length > 0) throw new CliError(`unexpected argument "${extra[0]}" (see falc admission --help)`)
    const all: RunFlags = { ...parseFlags('run', RUN_FLAGS, []).values, ...flags, option: every(flags) }
    if (verb === undefined)
      return detect(all, async (loaded, _, __, log) => {
        tuneForAnswers()
        return [new AdmissionWebhook(loaded, log)]
      })
    if (!Object.hasOwn(VERBS, verb))
      throw new CliError('falc admission takes simulate, manifest or no argument (see falc admission --help)')
    return VERBS[verb]!(flags)
  },
})

const VERBS: Readonly<Record<string, (flags: AdmissionFlags) => Promise<number>>> = {
  async simulate(flags) {
    if (flags.audit === undefined) throw new CliError('simulate needs --audit LOG')
    const log = new Log({ ...EARLY_LOG, log_level: flags.verbose ? 'info' : 'warning' })
    const loader = makeLoader({
      configPath: configPath(flags.config),
      overrides: every(flags),
      print: undefined,
      rules: flags.rules,
      makeSources: loadSources,
      backend: undefined,
      verbose: flags.verbose,
      cache: !flags['no-cache'],
      log: () => log,
    })
    return simulate(await loader.build(loader.read()), flags.audit, flags.json, log)
  },
  async manifest({ config, option, ...flags }) {
    print(manifest(loadConfig(configPath(config), option).admission, flags))
    return 0
  },
}
