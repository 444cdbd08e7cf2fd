import { CliError } from '../fail.ts'
import type { FlagValues } from '../flags.ts'

/** Falco's flags, and falc's own for the Kubernetes audit log. */
export const RUN_FLAGS = {
  config: { short: 'c', value: 'FILE', help: 'Configuration (default: /etc/falco/falco.yaml, if it exists)' },
  option: {
    short: 'o',
    value: 'KEY=VALUE',
    multiple: true,
    help: 'Set a key of the configuration: a.b=c, list[0]=x, list[]=y',
  },
  rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules file or folder, in order, instead of rules_files' },
  capture: { short: 'e', value: 'FILE', help: 'Read events from a capture (.scap) and stop at its end' },
  'k8s-audit': {
    value: 'FROM',
    help: 'Read Kubernetes audit events: a file, a folder, - (stdin), a webhook http://[HOST]:PORT/PATH, or nats://HOST:PORT/STREAM',
  },
  follow: { help: 'With a file of --k8s-audit: keep reading as it grows and rotates' },
  'from-start': { help: 'With --follow: read the whole file, even what an earlier run has read' },
  'from-end': { help: 'With --follow: read only what is written from now on' },
  'k8s-meta': {
    value: 'KUBECONFIG',
    help: 'Read metadata of pods from this API server, as the plugin k8smeta does; pod: with the account of the pod that falc runs in',
  },
  'enable-source': {
    value: 'SOURCE',
    multiple: true,
    help: 'Enable only this event source (syscall, k8s_audit)',
  },
  'disable-source': { value: 'SOURCE', multiple: true, help: 'Disable this event source' },
  'probe-socket': {
    value: 'PATH',
    help: 'Socket of a falc-probe service (falc-probe --listen); default: falc starts its own, which needs root',
  },
  user: { value: 'NAME', help: 'Once everything is open, drop privileges and run as this user' },
  'hand-over': {
    help: 'Watch while another engine with this configuration is replaced: without its servers, playbooks and queues on disk',
  },
  duration: { short: 'M', value: 'SECONDS', help: 'Stop after this time' },
  'dry-run': { help: 'Load configuration and rules, then stop' },
  validate: { short: 'V', value: 'FILE', multiple: true, help: 'Check a rules file and stop' },
  'describe-all': { short: 'L', help: 'Describe all rules' },
  describe: { short: 'l', value: 'RULE', help: 'Describe one rule' },
  list: { value: 'SOURCE', optionalValue: true, help: 'List fields, of all sources or one' },
  'list-events': { help: 'List event types of system calls' },
  'list-syscall-events': {},
  ignored: { short: 'i', help: 'List the events that are recorded only if a rule uses them' },
  'list-plugins': { help: 'List the plugins of Falco that are built in' },
  'plugin-info': { value: 'NAME', help: 'Describe a built-in plugin' },
  names: { short: 'N', help: 'With --list: names only' },
  format: { value: 'FORMAT', help: 'With --list, --list-events: text, markdown or json' },
  markdown: {},
  unbuffered: { short: 'U', help: 'Write each alert at once' },
  verbose: { short: 'v', help: 'Show warnings about rules in full' },
  pidfile: { short: 'P', value: 'FILE', help: 'Write the process id to this file' },
  print: {
    short: 'p',
    value: 'FORMAT',
    help: 'Append this to the output of every rule (deprecated: use append_output)',
  },
  'print-base64': { short: 'b', help: 'Show data that calls read or wrote in base64 (buffer_format_base64)' },
  version: { help: 'Print the version' },
  support: { help: 'Print version, configuration and rules for a support request' },
  'config-schema': { help: 'Print the JSON schema of the configuration' },
  'rule-schema': { help: 'Print the JSON schema of rules files' },
  'page-size': { help: "Print the system's page size" },
  'no-cache': { help: 'Compile the rules without reading or writing the cache' },
  'read-all': { help: 'Read every event of a capture or audit log, even those that no rule can depend on' },
  'no-kernel-filter': { help: 'Record every call that rules name, even those that no rule can match' },
  backend: { value: 'vm|jit', help: 'How conditions are evaluated (default: jit where code generation is allowed)' },
} as const

export type RunFlags = FlagValues<typeof RUN_FLAGS>

/** @throws {CliError} */
export function backendOf({ backend }: RunFlags): 'vm' | 'jit' | undefined {
  if (backend === undefined || backend === 'vm' || backend === 'jit') return backend
  throw new CliError(`unknown backend "${backend}": vm or jit`)
}

/** Flags of earlier releases of Falco, with their replacements. */
export const FORMER_FLAGS: Readonly<Record<string, string>> = {
  A: 'use -o base_syscalls.all=true',
  D: 'use -o rules[]={disable: {rule: "*NAME*"}}',
  T: 'use -o rules[]={disable: {tag: TAG}}',
  t: 'use -o rules[]={disable: {rule: "*"}} and -o rules[]={enable: {tag: TAG}}',
  S: 'use -o falco_libs.snaplen=BYTES',
  snaplen: 'use -o falco_libs.snaplen=BYTES',
  s: 'use metrics.output_file',
  'stats-interval': 'use metrics.interval',
  k: 'use --k8s-meta, or the plugin k8smeta',
  'k8s-api': 'use --k8s-meta, or the plugin k8smeta',
  K: 'use --k8s-meta, or the plugin k8smeta',
  'k8s-api-cert': 'use --k8s-meta, or the plugin k8smeta',
  'k8s-node': 'use nodeName of the plugin k8smeta',
  cri: 'use init_config of the plugin container',
  'disable-cri-async': 'use init_config of the plugin container',
  d: 'let a service manager run it in the background',
  daemon: 'let a service manager run it in the background',
  'modern-bpf': 'it is the only way of live capture',
  nodriver: 'use -o engine.kind=nodriver',
  u: 'there is no ptrace source',
  userspace: 'there is no ptrace source',
  g: 'gVisor is not supported',
  'gvisor-config': 'gVisor is not supported',
  'gvisor-generate-config': 'gVisor is not supported',
  'gvisor-root': 'gVisor is not supported',
}

/** Flags without effect in this combination, and deprecated ones. */
export function flagWarnings(flags: RunFlags): string[] {
  const captured = flags.capture !== undefined
  const conditions: readonly (readonly [boolean, string])[] = [
    [flags.print !== undefined, '-p is deprecated: use append_output'],
    [captured && flags['enable-source'].length > 0, '--enable-source has no effect with a capture'],
    [captured && flags['disable-source'].length > 0, '--disable-source has no effect with a capture'],
    [captured && flags['probe-socket'] !== undefined, '--probe-socket has no effect with a capture'],
    [flags.names, '-N has no effect without --list'],
    [flags.format !== undefined, '--format has no effect without --list or --list-events'],
    [flags.markdown, '--markdown has no effect without --list or --list-events'],
  ]
  return conditions.filter(([holds]) => holds).map(([, text]) => text)
}

/** Flags that print something and stop, in order of precedence: commands/inform.ts. */
export const INFORMING_FLAGS = [
  'version',
  'support',
  'config-schema',
  'rule-schema',
  'page-size',
  'list',
  'ignored',
  'list-events',
  'list-syscall-events',
  'list-plugins',
  'plugin-info',
  'validate',
  'describe-all',
  'describe',
] as const satisfies readonly (keyof RunFlags)[]

export type InformingFlag = (typeof INFORMING_FLAGS)[number]
