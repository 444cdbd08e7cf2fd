import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Alert, alertJson, alerts, Engine } from '@falc/engine'
import { configuredDelivery, falcoJson, readOutput } from '@falc/outputs'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { kindOf, refuse } from '../../packages/outputs/test/transports/stand-in.ts'

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The alerts of the bundled audit log. */
function auditAlerts(): Alert[] {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source] })
  engine.load([{ name: 'k8s_audit.yaml', content: text('../../rules/k8s_audit.yaml') }])
  const log = text('../captures/k8s-audit.jsonl').trim().split('\n')
  return log.flatMap(line => parseAuditEvents(line)).flatMap(event => engine.evaluate(source, event))
}

const raised = auditAlerts()
const { index_patterns, template } = JSON.parse(text('index-template.json'))
const mapping: Record<string, { type: string }> = template.mappings.properties
const INDEX = new RegExp(`^${index_patterns[0].replace('*', String.raw`\d{4}\.\d\d\.\d\d`)}$`)
const direct = parse(text('direct.yaml')).outputs[0]
const fluentBit = parse(text('fluent-bit.yaml'))
const saved = text('dashboard.ndjson')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

/** For each type of the mapping, whether it accepts a value. */
const TYPES: Record<string, (value: unknown) => boolean> = {
  keyword: value => [value].flat().every(one => typeof one === 'string'),
  text: value => typeof value === 'string',
  date_nanos: value => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(String(value)),
  flattened: value => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/** Elasticsearch with the mapping of index-template.json. */
const elasticsearch = kindOf({
  type: 'elasticsearch',
  title: 'Elasticsearch with the index template',
  options: url => ({ url }),
  take({ url, body }, received) {
    if (url.pathname !== '/_bulk') refuse(404, 'not found')
    const lines = String(body)
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    for (let i = 0; i < lines.length; i += 2) {
      const [{ create }, document] = [lines[i], lines[i + 1]]
      if (!INDEX.test(create._index)) refuse(400, `${create._index} is no index of the template`)
      for (const [name, value] of Object.entries(document))
        if (!TYPES[mapping[name]?.type ?? '']?.(value)) refuse(400, `the mapping does not take ${name}`)
      received.push({ id: create._id, alert: document })
    }
    return { status: 200, body: JSON.stringify({ errors: false, items: [] }) }
  },
})

/** A format of strftime as a pattern. `%L` is Fluent Bit's: a fraction of up to nine digits. */
function dateFormat(format: string): RegExp {
  const digits: Record<string, string> = {
    Y: '\\d{4}',
    m: '\\d\\d',
    d: '\\d\\d',
    H: '\\d\\d',
    M: '\\d\\d',
    S: '\\d\\d',
    L: '\\d{1,9}',
  }
  return new RegExp(`^${format.replaceAll('.', '\\.').replace(/%(\w)/g, (_, name) => digits[name]!)}$`)
}

test('direct.yaml: every alert becomes a document in an index of the template', async () => {
  const service = await elasticsearch.start()
  onTestFinished(() => service.stop())
  const source = alerts()
  const here = { ...direct, ...service.options(), queue: {} }
  const settings = readOutput(here, { path: [], source: () => source, warn: (_, reason) => expect.fail(reason) })
  const delivery = configuredDelivery(settings, {
    hostname: 'node-1',
    source,
    format: () => falcoJson(),
    log: console.warn,
  })
  onTestFinished(() => delivery.close(0))
  for (const alert of raised) delivery.push(alert)
  await delivery.flush()
  expect((await service.received()).map(({ id }) => id)).toEqual(raised.map(({ id }) => id))
  expect(delivery.stats).toMatchObject({ delivered: raised.length, dropped: {} })
})

test('fluent-bit.yaml: reads the file and the times that falc writes, and names an index of the template', () => {
  const [input] = fluentBit.pipeline.inputs
  const [output] = fluentBit.pipeline.outputs
  const parser = fluentBit.parsers.find(({ name }: { name: string }) => name === input.parser)
  expect(raised.length).toBeGreaterThan(0)
  for (const alert of raised)
    expect(JSON.parse(alertJson(alert))[parser.time_key]).toMatch(dateFormat(parser.time_format))
  expect(parse(text('falco.yaml'))).toMatchObject({
    json_output: true,
    file_output: { enabled: true, filename: input.path },
  })
  expect(output.match).toBe(input.tag)
  expect(`${output.logstash_prefix}-*`).toBe(index_patterns[0])
  expect(output.logstash_prefix).toBe(direct.index)
})

/** The keys that Fluent Bit's manual lists for the parts of fluent-bit.yaml, and the values that some accept. */
const KEYS = {
  service: {
    keys: 'flush grace daemon log_level log_file http_server http_listen http_port hot_reload storage.path storage.sync storage.checksum storage.max_chunks_up storage.backlog.mem_limit storage.metrics',
  },
  parser: {
    keys: 'name format regex time_key time_format time_keep time_offset time_strict types skip_empty_values decode_field decode_field_as',
    format: ['json', 'regex', 'ltsv', 'logfmt'],
  },
  tail: {
    keys: 'name alias tag log_level path path_key exclude_path offset_key read_from_head refresh_interval rotate_wait ignore_older skip_long_lines skip_empty_lines buffer_chunk_size buffer_max_size db db.sync db.locking db.journal_mode mem_buf_limit exit_on_eof parser key inotify_watcher tag_regex static_batch_size multiline.parser storage.type threaded',
    'storage.type': ['memory', 'filesystem', 'memrb'],
  },
  es: {
    keys: 'name alias match match_regex log_level host port path compress buffer_size pipeline cloud_id cloud_auth http_user http_passwd http_api_key index type logstash_format logstash_prefix logstash_prefix_key logstash_prefix_separator logstash_dateformat time_key time_key_format time_key_nanos include_tag_key tag_key generate_id id_key write_operation replace_dots trace_output trace_error current_time_index suppress_type_name workers retry_limit storage.total_limit_size tls tls.verify tls.ca_file tls.crt_file tls.key_file',
    write_operation: ['create', 'index', 'update', 'upsert'],
    retry_limit: ['no_limits', 'no_retries', 'false'],
  },
} as const satisfies Record<string, { readonly keys: string } & Record<string, unknown>>

test('fluent-bit.yaml: Fluent Bit knows each key', () => {
  const { service, parsers, pipeline, ...rest } = fluentBit
  expect(rest).toEqual({})
  expect(Object.keys(pipeline)).toEqual(['inputs', 'outputs'])
  const parts: [keyof typeof KEYS, Record<string, unknown>][] = [
    ['service', service],
    ...parsers.map((one: Record<string, unknown>) => ['parser', one]),
    ...[...pipeline.inputs, ...pipeline.outputs].map(one => [one.name, one]),
  ]
  for (const [kind, values] of parts)
    for (const [key, value] of Object.entries(values)) {
      const { keys, ...words }: { readonly keys: string } & Record<string, unknown> = KEYS[kind]
      expect(keys.split(' '), `${kind}: ${key}`).toContain(key)
      if (key in words) expect(words[key], `${kind}: ${key}`).toContain(value)
    }
})

test('dashboard.ndjson: is what dashboard.ts writes', () => {
  expect(
    execFileSync(process.execPath, ['--no-warnings', new URL('dashboard.ts', import.meta.url).pathname], {
      encoding: 'utf8',
    }),
  ).toBe(text('dashboard.ndjson'))
})

test('dashboard.ndjson: references resolve, and fields are in the mapping and can be aggregated', () => {
  const known = new Set(saved.map(({ type, id }) => `${type} ${id}`))
  for (const { references } of saved) for (const { type, id } of references) expect(known).toContain(`${type} ${id}`)
  const [pattern] = saved.filter(({ type }) => type === 'index-pattern')
  expect(pattern.attributes).toMatchObject({ title: index_patterns[0], timeFieldName: '@timestamp' })
  const states = saved
    .filter(({ type }) => type === 'visualization')
    .map(({ attributes }) => JSON.parse(attributes.visState))
  const fields = states.flatMap(({ aggs }) =>
    aggs.flatMap(({ params }: { params: { field?: string } }) => params.field ?? []),
  )
  expect(fields).toContain('rule')
  for (const field of fields) expect(mapping[field]?.type).toMatch(/^(keyword|date_nanos)$/)
  const top = states.find(({ title }) => title === 'Top 20 rules triggered')
  expect(top.aggs[1]).toMatchObject({ type: 'terms', params: { field: 'rule', size: 20, order: 'desc' } })
})

test('dashboard.ndjson: panels do not overlap, and each shows a visualization', () => {
  const dashboard = saved.find(({ type }) => type === 'dashboard')
  const panels: { panelRefName: string; gridData: { x: number; y: number; w: number; h: number } }[] = JSON.parse(
    dashboard.attributes.panelsJSON,
  )
  expect(panels.map(({ panelRefName }) => panelRefName)).toEqual(
    dashboard.references.map(({ name }: { name: string }) => name),
  )
  const cells = panels.flatMap(({ gridData: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { gridData } of panels) expect(gridData.x + gridData.w).toBeLessThanOrEqual(48)
})
