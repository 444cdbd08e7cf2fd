/** Keys for event sources. */

import { boolean, choice, integer, type Kind, list, text } from '../kind.ts'
import { key, optional, section } from '../section.ts'
import type { ConfigNode } from '../tree.ts'

/** Read later, by the table of the plugin's own settings. */
const settings: Kind<ConfigNode> = {
  schema: { anyOf: [{ type: 'string' }, { type: 'object' }] },
  read: node => node,
}

const PLUGIN = section(
  {
    name: key(text, '', 'Name of the plugin.', { needed: 'a plugin needs a name' }),
    library_path: key(text, '', 'Ignored: the plugin is built in.'),
    init_config: optional(settings, 'Settings of the plugin: a map, or its text as JSON or YAML.'),
    open_params: key(text, '', 'Where events come from.'),
  },
  { required: ['name'] },
)

const preset = (doc: string) => key(integer(0, 10), 4, doc)
const dropFailed = key(boolean, false, 'Rules do not see failed calls.')

export const SOURCES_KEYS = {
  load_plugins: optional(list(text), 'Names of the plugins to use. Default: every item of `plugins`.', {
    restart: true,
    shown: 'all',
  }),
  plugins: key(list(PLUGIN), [], 'See [Plugins](#plugins). `library_path` is ignored, as the log says.', {
    restart: true,
  }),
  workers: key(
    integer(1, 256),
    1,
    'Number of threads that evaluate audit events ([scale.md](scale.md#threads)). 1: the main thread, which always evaluates system calls.',
    { restart: true },
  ),
  plugins_hostinfo: key(boolean, false, 'Tells plugins about the host.', {
    noEffect: { why: 'falc loads no plugin libraries' },
  }),
  engine: section(
    {
      kind: key(
        choice('kmod', 'modern_ebpf', 'replay', 'nodriver'),
        'modern_ebpf',
        '`modern_ebpf`: live capture. `kmod`: the same with the settings of `engine.kmod`, and a warning. `replay`: a capture. `nodriver`: no system calls.',
      ),
      kmod: section(
        {
          buf_size_preset: preset('As in `engine.modern_ebpf`, with one ring per CPU.'),
          drop_failed_exit: dropFailed,
        },
        { used: (_, engine) => engine.kind === 'kmod' },
      ),
      modern_ebpf: section(
        {
          buf_size_preset: preset('Size of each ring: presets 1 to 10 are 1 MiB to 512 MiB, 4 is 8 MiB.'),
          cpus_for_each_buffer: key(integer(0, 4096), 2, 'CPUs that share a ring. 0: one ring for all.'),
          drop_failed_exit: dropFailed,
          disable_iterators: key(boolean, true, 'Whether BPF iterators are off.', {
            noEffect: { why: 'the probe has no iterators; the initial state of the machine is read from /proc' },
          }),
        },
        { used: (_, engine) => engine.kind === 'modern_ebpf' },
      ),
      replay: section(
        {
          capture_file: key(text, '', 'The capture, with kind `replay`. `-e` takes precedence.', {
            needed: "Error reading config file: engine.kind is 'replay' but no engine.replay.capture_file specified.",
          }),
        },
        { used: (_, engine) => engine.kind === 'replay', required: ['capture_file'] },
      ),
    },
    {
      restart: true,
      required: ['kind'],
      unknown: name =>
        ({
          ebpf: 'removed in Falco 0.44; use engine.modern_ebpf',
          gvisor: 'removed in Falco 0.44',
        })[name],
    },
  ),
  base_syscalls: section(
    {
      custom_set: key(
        list(text),
        [],
        'System calls to record in addition to those that rules use, instead of those that the state needs. `!name` removes one. Unknown names cause a warning.',
      ),
      repair: key(boolean, false, 'With a custom set: also record the calls that the state needs.'),
      all: key(boolean, false, 'Record every system call.'),
    },
    { restart: true },
  ),
  falco_libs: section(
    {
      snaplen: key(integer(0, 65535), 0, 'How many bytes of read or written data are kept. 0: 80 bytes.'),
      thread_table_size: key(
        integer(1, 1 << 22),
        262_144,
        'Maximum number of threads in the table, live and in captures. Threads beyond it are counted (`threadTableFull`).',
      ),
      thread_table_auto_purging_interval_s: key(
        integer(1, 2 ** 31 - 1),
        300,
        'Seconds between comparisons of the thread table with /proc.',
      ),
      thread_table_auto_purging_thread_timeout_s: key(
        integer(0, 2 ** 31 - 1),
        300,
        'Seconds after which a thread that is no longer in /proc is removed and counted (`purged`).',
      ),
    },
    { restart: true },
  ),
  capture: section(
    {
      enabled: key(
        boolean,
        false,
        'Record system calls around alerts ([cli.md](cli.md#record)). Other sources cause a warning.',
      ),
      path_prefix: key(text, '/tmp/falco', 'Files are named `PREFIX_TIME_EVENT.scap`.'),
      mode: key(choice('rules', 'all_rules'), 'rules', '`rules`: rules with `capture: true`. `all_rules`: every rule.'),
      default_duration: key(
        integer(),
        5000,
        'Milliseconds recorded after an alert, unless the rule has `capture_duration`.',
      ),
      max_file_size_mb: key(
        integer(),
        0,
        'A file ends when it reaches this size, with an internal alert. 0: no limit.',
      ),
    },
    { restart: true },
  ),
}
