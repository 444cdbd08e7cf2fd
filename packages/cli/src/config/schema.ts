/** The part of JSON Schema that the schema of falco.yaml is written in, and that check.ts reads. */
export interface JsonSchema {
  readonly $schema?: string
  readonly title?: string
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number'
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: false | JsonSchema
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly enum?: readonly string[]
  readonly anyOf?: readonly JsonSchema[]
}

const string: JsonSchema = { type: 'string' }
const boolean: JsonSchema = { type: 'boolean' }
const integer: JsonSchema = { type: 'integer' }
const number: JsonSchema = { type: 'number' }
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
const map = (properties: Record<string, JsonSchema>, ...required: string[]): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length > 0 ? { required } : {}),
})
const oneOf = (...values: string[]): JsonSchema => ({ type: 'string', enum: values })

const oneOrMore: JsonSchema = { anyOf: [string, list(string)] }
const selection = map({ rule: string, tag: string })
const driver = { buf_size_preset: integer, drop_failed_exit: boolean }
const switchable = map({ enabled: boolean })

/** Every key of falco.yaml that Falco knows. Whether falc acts on it is told in docs/config.md. */
export const CONFIG_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-06/schema#',
  title: 'falco.yaml',
  ...map({
    config_files: list({
      anyOf: [string, map({ path: string, strategy: oneOf('append', 'override', 'add-only') }, 'path')],
    }),
    watch_config_files: boolean,
    rules_files: oneOrMore,
    rule_files: oneOrMore,
    rules_file: oneOrMore,
    rules: list(map({ enable: selection, disable: selection })),
    engine: map(
      {
        kind: oneOf('kmod', 'modern_ebpf', 'replay', 'nodriver'),
        kmod: map(driver),
        modern_ebpf: map({ ...driver, cpus_for_each_buffer: integer, disable_iterators: boolean }),
        replay: map({ capture_file: string }, 'capture_file'),
      },
      'kind',
    ),
    capture: map({
      enabled: boolean,
      path_prefix: string,
      mode: oneOf('rules', 'all_rules'),
      default_duration: integer,
      max_file_size_mb: integer,
    }),
    load_plugins: list(string),
    plugins: list(
      map(
        {
          name: string,
          library_path: string,
          init_config: { anyOf: [string, { type: 'object' }] },
          open_params: string,
        },
        'name',
      ),
    ),
    plugins_hostinfo: boolean,
    priority: string,
    rule_matching: oneOf('first', 'all'),
    json_output: boolean,
    json_include_output_property: boolean,
    json_include_message_property: boolean,
    json_include_output_fields_property: boolean,
    json_include_tags_property: boolean,
    buffered_outputs: boolean,
    buffer_format_base64: boolean,
    time_format_iso_8601: boolean,
    outputs_queue: map({ capacity: integer }),
    output_timeout: integer,
    append_output: list(
      map({
        match: map({ source: string, tags: list(string), rule: string }),
        extra_output: string,
        extra_fields: list({ anyOf: [string, { type: 'object', additionalProperties: string }] }),
        suggested_output: boolean,
      }),
    ),
    static_fields: { type: 'object', additionalProperties: string },
    stdout_output: switchable,
    syslog_output: switchable,
    file_output: map({ enabled: boolean, keep_alive: boolean, filename: string }),
    program_output: map({ enabled: boolean, keep_alive: boolean, program: string }),
    http_output: map({
      enabled: boolean,
      url: string,
      user_agent: string,
      insecure: boolean,
      ca_cert: string,
      ca_bundle: string,
      ca_path: string,
      mtls: boolean,
      client_cert: string,
      client_key: string,
      echo: boolean,
      compress_uploads: boolean,
      keep_alive: boolean,
      max_consecutive_timeouts: integer,
    }),
    webserver: map({
      enabled: boolean,
      threadiness: integer,
      listen_port: integer,
      listen_address: string,
      k8s_healthz_endpoint: string,
      prometheus_metrics_enabled: boolean,
      ssl_enabled: boolean,
      ssl_certificate: string,
    }),
    log_stderr: boolean,
    log_syslog: boolean,
    log_level: string,
    libs_logger: map({ enabled: boolean, severity: string }),
    syscall_event_timeouts: map({ max_consecutives: integer }),
    syscall_event_drops: map({
      threshold: number,
      actions: list(oneOf('ignore', 'log', 'alert', 'exit')),
      rate: number,
      max_burst: number,
      simulate_drops: boolean,
    }),
    metrics: map({
      enabled: boolean,
      interval: string,
      output_rule: boolean,
      output_file: string,
      rules_counters_enabled: boolean,
      resource_utilization_enabled: boolean,
      state_counters_enabled: boolean,
      kernel_event_counters_enabled: boolean,
      kernel_event_counters_per_cpu_enabled: boolean,
      kernel_iter_event_counters_enabled: boolean,
      libbpf_stats_enabled: boolean,
      plugins_metrics_enabled: boolean,
      jemalloc_stats_enabled: boolean,
      convert_memory_to_mb: boolean,
      include_empty_values: boolean,
    }),
    base_syscalls: map({ custom_set: list(string), repair: boolean, all: boolean }),
    falco_libs: map({
      thread_table_size: integer,
      thread_table_auto_purging_interval_s: integer,
      thread_table_auto_purging_thread_timeout_s: integer,
      snaplen: integer,
    }),
  }),
}
