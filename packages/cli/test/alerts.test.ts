/** What falc alerts prints, also from a store whose alerts attack the terminal or spreadsheet that shows them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AlertData, isoTime } from '@falc/engine'
import { Store } from '@falc/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { storeOf } from '../src/run/open-console.ts'
import { startFalc } from './process.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-alerts-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const CAPTURE = fileURLToPath(new URL('../../../examples/captures/host-a.scap', import.meta.url))
const START = 1_795_514_400_000_000_000n

/** A terminal would clear its screen, and show the rest backwards; a spreadsheet would run it. */
const HOSTILE = '=cmd|\u001b[2J\u202e"x",\n\u0007'

function alert(n: number, change: Partial<AlertData> = {}): AlertData {
  return {
    id: n.toString(16).padStart(32, '0'),
    rule: n < 3 ? 'Shell' : 'Read',
    priority: n === 0 ? 'Critical' : 'Notice',
    source: 'syscall',
    tags: [],
    time: START + BigInt(n) * 1_800_000_000_000n,
    output: `message ${n}`,
    message: `message ${n}`,
    output_fields: { 'proc.name': n % 2 ? 'sh' : null, 'user.name': 'ann' },
    hostname: 'web',
    ...change,
  }
}

beforeAll(async () => {
  const store = await Store.open(join(dir, 'alerts.db'))
  store.insert([0, 1, 2, 3].map(n => alert(n)))
  store.close()
  const absent = await Store.open(join(dir, 'absent.db'))
  const lacking = (why?: string) => ({
    output_fields: { 'k8s.pod.name': null, 'k8s.pod.label[app]': null },
    ...(why !== undefined && { absences: { 'k8s.pod.name': why, 'k8s.pod.label[app]': why } }),
  })
  absent.insert([alert(1, lacking('not asked')), alert(2, lacking('not asked')), alert(3, lacking('unknown'))])
  absent.insert([alert(4, lacking()), alert(5, { output_fields: { 'k8s.pod.name': 'web' } })])
  absent.close()
  const hostile = await Store.open(join(dir, 'hostile.db'))
  hostile.insert([
    alert(1, {
      message: HOSTILE,
      rule: HOSTILE,
      output: HOSTILE,
      output_fields: { 'proc.name': HOSTILE },
      hostname: HOSTILE,
    }),
  ])
  hostile.close()
})

async function falc(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { exit, output } = startFalc(args, dir)
  const code = await exit
  return { code, ...output }
}

const said = async (...args: string[]) => {
  const { code, stdout, stderr } = await falc('alerts', ...args, '--db', 'alerts.db')
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

test('falc run fills a store, and falc alerts finds it through the configuration', async () => {
  writeFileSync(
    join(dir, 'rules.yaml'),
    `
- rule: Secret file opened
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow
  output: opened (file=%fd.name command=%proc.cmdline)
  priority: WARNING
`,
  )
  writeFileSync(
    join(dir, 'falco.yaml'),
    'stdout_output: { enabled: false }\noutputs: [{ name: history, type: store, path: run.db }]\n',
  )
  // A second replay gives the same alerts, which are already stored.
  for (let i = 0; i < 2; i++)
    expect((await falc('run', '-c', 'falco.yaml', '-r', 'rules.yaml', '-e', CAPTURE)).code).toBe(0)
  const top = await falc('alerts', 'top', '-c', 'falco.yaml', '--json')
  expect(JSON.parse(top.stdout)).toEqual([{ rule: 'Secret file opened', count: 2 }])
})

describe('what it prints', () => {
  test('search: conditions, words and times', async () => {
    const found = async (...args: string[]) =>
      (JSON.parse(await said('search', ...args, '--json')) as { id: string }[]).map(({ id }) => Number.parseInt(id, 16))
    expect(await found()).toEqual([3, 2, 1, 0])
    expect(await found('proc.name = sh')).toEqual([3, 1])
    expect(await found('alert.priority >= Critical')).toEqual([0])
    expect(await found('--words', 'read 3')).toEqual([3])
    expect(await found('--since', isoTime(START + 3_600_000_000_000n), '--limit', '1')).toEqual([3])
    expect(await found('not proc.name exists', '--until', isoTime(START + 3_600_000_000_000n))).toEqual([0])
    expect(await found('--since', '1h')).toEqual([])
  })

  test('search --columns adds columns to the table', async () => {
    const lines = (await said('search', '-n', '2', '--columns', 'proc.name,user.name'))
      .split('\n')
      .map(line => line.split(/ {2,}/))
    expect(lines).toEqual([
      ['TIME', 'PRIORITY', 'HOST', 'RULE', 'PROC.NAME', 'USER.NAME', 'MESSAGE'],
      ['2026-11-24T11:30:00.000000000Z', 'Notice', 'web', 'Read', 'sh', 'ann', 'message 3'],
      ['2026-11-24T11:00:00.000000000Z', 'Notice', 'web', 'Shell', '<NA>', 'ann', 'message 2'],
      [''],
    ])
  })

  test('top: counts by rule or field, in each format', async () => {
    expect(await said('top')).toBe('COUNT      RULE\n3          Shell\n1          Read\n')
    expect(await said('top', '--json')).toBe('[{"rule":"Shell","count":3},\n{"rule":"Read","count":1}]\n')
    expect(await said('top', '--by', 'proc.name', '--format', 'csv')).toBe('count,proc.name\r\n2,sh\r\n2,\r\n')
    expect(await said('top', 'proc.name = sh', '--by', 'priority', '--format', 'ndjson')).toBe(
      '{"priority":"Notice","count":2}\n',
    )
    expect(await said('top', 'alert.rule = none', '--json')).toBe('[]\n')
  })

  test('top groups absent values by reason, and get shows the reason', async () => {
    const top = (...args: string[]) => falc('alerts', 'top', '--db', 'absent.db', ...args)
    expect((await top('--by', 'k8s.pod.name')).stdout.split('\n').slice(1, -1)).toEqual([
      '2          <NA> (not asked)',
      '1          <NA> (unknown)',
      '1          -',
      '1          web',
    ])
    expect((await top('alert.rule = Shell', '--by', 'k8s.pod.label[app]', '--format', 'ndjson')).stdout).toBe(
      '{"k8s.pod.label[app]":null,"count":2,"absent":"not asked"}\n',
    )
    const get = await falc('alerts', 'get', alert(3).id, '--db', 'absent.db')
    expect(get.stdout).toContain('<NA> (unknown)')
  })

  test('histogram', async () => {
    expect(await said('histogram', '--by', 'rule', '--format', 'ndjson')).toBe(
      [
        '{"time":"2026-11-24T10:00:00.000000000Z","rule":"Shell","count":2}',
        '{"time":"2026-11-24T11:00:00.000000000Z","rule":"Read","count":1}',
        '{"time":"2026-11-24T11:00:00.000000000Z","rule":"Shell","count":1}\n',
      ].join('\n'),
    )
    expect(await said('histogram', '--step', '1d')).toContain(
      `2026-11-24T00:00:00.000000000Z  4          ${'█'.repeat(40)}\n`,
    )
  })

  test('get, check and backup', async () => {
    expect(await said('get', alert(2).id)).toMatch(
      /^id +0{31}2\ntime +2026-11-24T11:00:00\.000000000Z\n[\s\S]*proc\.name +<NA>\n/,
    )
    expect(JSON.parse(await said('get', alert(2).id, '--json'))).toMatchObject({ rule: 'Shell' })
    expect(await said('check')).toBe('alerts.db is intact: 4 alerts\n')
    expect(await said('backup', 'copy.db')).toBe('copy.db: 4 alerts\n')
  })

  test('tail -f prints the last alert, then new ones as they are stored', async () => {
    const { child, output, exit, sees } = startFalc(
      ['alerts', 'tail', '-f', '-n', '1', '--db', 'alerts.db', '--format', 'ndjson'],
      dir,
    )
    await sees('message 3')
    expect(output.stdout.split('\n')).toHaveLength(2)
    const store = await Store.open(join(dir, 'alerts.db'))
    store.insert([alert(4, { time: START - 1n })])
    store.close()
    await sees('message 4')
    child.kill('SIGINT')
    expect(await exit).toBe(0)
    expect(output.stdout.split('\n')).toHaveLength(3)
  })
})

test('hostile text is inert on a terminal and in a spreadsheet', async () => {
  const of = async (...args: string[]) => (await falc('alerts', ...args, '--db', 'hostile.db')).stdout
  for (const args of [['search'], ['top'], ['histogram', '--by', 'proc.name'], ['get', alert(1).id], ['tail']]) {
    const text = await of(...args)
    expect(text).toContain('=cmd|\\u001b[2J\\u202e"x",\\u000a\\u0007')
    expect(text).not.toMatch(/[\u001b\u202e\u0007]/)
  }
  const csv = await of('top', '--by', 'proc.name', '--format', 'csv')
  expect(csv).toBe('count,proc.name\r\n1,"\'=cmd|\\u001b[2J\\u202e""x"",\n\\u0007"\r\n')
  const [json] = JSON.parse(await of('search', '--json'))
  expect(json.rule).toBe(HOSTILE)
})

test.each([
  ['nonsense', 'the subcommands of falc alerts are search, tail, top, histogram, get, check, backup'],
  ['search|proc.nam = x', 'did you mean proc.name?'],
  ['search|proc.name =', 'proc.name ='],
  ['search|proc.name|=', 'quote it'],
  ['top|--by|nonsense', 'nonexistent field nonsense'],
  ['search|--since|yesterday', '--since takes a time'],
  ['search|--limit|many', '--limit needs a number'],
  ['search|--format|xml', '--format must be one of table, json, ndjson, csv'],
  ['get|ffff', 'no alert has the ID ffff'],
  ['get', 'needs an ID'],
])('%s: %s', async (line, reason) => {
  const { code, stdout, stderr } = await falc('alerts', ...line.split('|'), '--db', 'alerts.db')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^Error: /)
  expect(stderr).toContain(reason)
})

test('a missing store, and a configuration that names no store, are errors', async () => {
  expect((await falc('alerts', 'top', '--db', 'none.db')).stderr).toBe('Error: none.db: there is no such file\n')
  writeFileSync(join(dir, 'empty.yaml'), 'json_output: true\n')
  expect((await falc('alerts', 'top', '-c', 'empty.yaml')).stderr).toContain(
    'has no output of type store: name its file with --db',
  )
})

test('falc respond simulate looks into the store that -o names', async () => {
  const book = [{ playbook: 'Note', when: 'alert.rule = Shell', steps: [{ notify: { output: 'stdout' } }] }]
  writeFileSync(join(dir, 'book.yaml'), JSON.stringify(book))
  writeFileSync(join(dir, 'other.yaml'), 'outputs: [{ name: history, type: store, path: none.db }]\n')
  const options = ['-f', 'book.yaml', '-c', 'other.yaml', '-o', 'outputs[0].path=alerts.db']
  const { code, stdout, stderr } = await falc('respond', 'simulate', ...options)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Note: (?!nothing)/m)
})

test.each([
  [['a: true', 'b: false'], 'a.db'],
  [['a: false', 'b: true'], 'b.db'],
  [['a: false'], 'a.db'],
  [['a: true', 'b: true'], 'there are several stores'],
  [['a: false', 'b: false'], 'there are several stores'],
])('of the stores %j (enabled or not), the commands use %s', (stores, expected) => {
  const outputs = stores.map(text => {
    const [name, enabled] = text.split(': ')
    return `outputs[]={name: ${name}, type: store, path: ${name}.db, enabled: ${enabled}}`
  })
  const used = () => {
    try {
      return storeOf(loadConfig(undefined, outputs)).path
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(used()).toContain(expected)
})
