/** The one table of falco.yaml: types, defaults, documentation, and when a change takes effect. */
import { type Keys, section } from '../section.ts'
import { ADMISSION_KEYS } from './admission.ts'
import { ALERTS_KEYS } from './alerts.ts'
import { CONSOLE_KEYS } from './console.ts'
import { OPERATION_KEYS } from './operation.ts'
import { RESPONSE_KEYS } from './response.ts'
import { RULES_KEYS } from './rules.ts'
import { SOURCES_KEYS } from './sources.ts'
import { UPDATES_KEYS } from './updates.ts'

/** The replacements of keys of earlier releases, for the warning about an unknown key. */
const FORMER_KEYS: Readonly<Record<string, string>> = {
  container_engines: 'use init_config of the plugin container',
  grpc: 'removed in Falco 0.44; use outputs with an output of type grpc, which has the same keys',
  grpc_output: 'removed in Falco 0.44; use outputs with an output of type grpc',
  metadata_download: 'removed in Falco 0.37',
  modern_bpf: 'use engine.modern_ebpf',
  snaplen: 'use falco_libs.snaplen',
  syscall_buf_size_preset: 'use engine.modern_ebpf.buf_size_preset',
  syscall_drop_failed_exit: 'use engine.modern_ebpf.drop_failed_exit',
}

/** Tables of docs/config.md, by title. */
export const GROUPS = {
  Rules: RULES_KEYS,
  'Updates of rules': UPDATES_KEYS,
  'Event sources': SOURCES_KEYS,
  'Alerts and outputs': ALERTS_KEYS,
  Response: RESPONSE_KEYS,
  Admission: ADMISSION_KEYS,
  Console: CONSOLE_KEYS,
  Operation: OPERATION_KEYS,
} as const satisfies Readonly<Record<string, Keys>>

export const FALCO_YAML = section(
  {
    ...{ ...RULES_KEYS, ...SOURCES_KEYS, ...ALERTS_KEYS, ...RESPONSE_KEYS },
    ...{ ...UPDATES_KEYS, ...ADMISSION_KEYS, ...CONSOLE_KEYS, ...OPERATION_KEYS },
  },
  { unknown: name => (Object.hasOwn(FORMER_KEYS, name) ? FORMER_KEYS[name] : undefined) },
)
