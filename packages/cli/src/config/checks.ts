/** Warnings about values that are valid by themselves, but not together. */
import type { FALCO_YAML } from './keys/falco-yaml.ts'
import type { ValuesOf } from './section.ts'

type Values = ValuesOf<(typeof FALCO_YAML)['keys']>

interface Check {
  /** The key whose place the warning names. */
  readonly key: string
  readonly warns: (values: Values) => boolean
  readonly text: string
}

export const CHECKS: readonly Check[] = [
  {
    key: 'rules_file',
    warns: ({ rules_file }) => rules_file.length > 0,
    text: "Using deprecated config key 'rules_file' (singular form). Please use new 'rules_files' config key (plural form).",
  },
  {
    key: 'engine.kind',
    warns: ({ engine }) => engine.kind === 'kmod',
    text: 'engine.kind kmod: falc has no kernel module; its BPF probe runs with the settings of engine.kmod',
  },
  {
    key: 'metrics.enabled',
    warns: ({ metrics, webserver }) =>
      metrics.enabled &&
      !metrics.output_rule &&
      metrics.output_file === '' &&
      !(webserver.enabled && webserver.prometheus_metrics_enabled),
    text: 'metrics are enabled with no output configured, no snapshot will be collected',
  },
]
