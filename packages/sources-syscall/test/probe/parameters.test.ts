/** What the probe writes, against the event table: names, widths and order of the parameters, read from its source. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probeSequences, type Sequence, textSequences } from '../../scripts/probe-parameters.ts'
import { PARAM_SIZES } from '../../src/events/params.ts'
import { EVENTS } from '../../src/events/table.ts'

const FOLDER = join(import.meta.dirname, '../../native/bpf')
const events = new Map(EVENTS.map(event => [event.code, event]))
const sequences = probeSequences(FOLDER)

/** Where a sequence differs from its row in the event table. */
function differences({ code, program, puts, empties }: Sequence): string[] {
  const params = events.get(code)?.params
  if (params === undefined) return [`${program}: there is no event ${code}`]
  let position = 0
  const found = puts.flatMap(({ name, width, place }, i) => {
    if (empties.includes(i)) position = params.findIndex((param, at) => at >= position && param.name === name)
    const param = params[position++]
    if (param === undefined) return []
    const size = PARAM_SIZES[param.type]
    if (name !== param.name) return [`${place}: parameter ${position} of ${code} is ${param.name}, not ${name}`]
    if (width !== undefined && size !== 0 && width !== size)
      return [`${place}: ${param.name} of ${code} has ${size} bytes, ${width || 'a variable number'} are written`]
    return []
  })
  const written = empties.includes(puts.length) ? Math.max(position, params.length) : position
  return written === params.length
    ? found
    : [`${program}: ${code} has ${params.length} parameters, ${written} are written`]
}

describe('parameters of the probe', () => {
  test('agree with the event table', () => {
    expect([...new Set(sequences.flatMap(differences))]).toEqual([])
  })

  test('of all programs were read', () => {
    const text = readdirSync(FOLDER)
      .map(name => readFileSync(join(FOLDER, name), 'utf8'))
      .join('\n')
    const named = [...text.matchAll(/^(?:\w+_)?EVENT(?:_[A-Z]+)?\((\w+), \w+_/gm)].map(match => match[1])
    const read = new Set(sequences.map(({ program }) => program))
    expect(named.length).toBeGreaterThan(150)
    expect(named.filter(name => !read.has(name!))).toEqual([])
    for (const name of ['exec_done', 'process_exit', 'fork_done', 't_signal', 'write_sent', 'write_received'])
      expect(read).toContain(name)
  })

  const close = (body: string) =>
    textSequences(`${STORE} EXIT_EVENT(close, SYSCALL_CLOSE_X) { ${body} }`).flatMap(differences)
  const STORE = `
    static void put_u64(struct event *e, __u64 v) { STORE(__u64, slot(e), v); end_param(e, 8); }
    static void put_u32(struct event *e, __u32 v) { STORE(__u32, slot(e), v); end_param(e, 4); }
    static void put_empty(struct event *e) { end_param(e, 0); }`

  test.each([
    ['as in the table', 'PARAM(res, put_u64(e, ret)); PARAM(fd, put_u64(e, 3));', []],
    [
      'a narrower number',
      'PARAM(res, put_u64(e, ret)); PARAM(fd, put_u32(e, 3));',
      ['text:4: fd of SYSCALL_CLOSE_X has 8 bytes, 4 are written'],
    ],
    [
      'another order',
      'PARAM(fd, put_u64(e, 3)); PARAM(res, put_u64(e, ret));',
      [
        'text:4: parameter 1 of SYSCALL_CLOSE_X is res, not fd',
        'text:4: parameter 2 of SYSCALL_CLOSE_X is fd, not res',
      ],
    ],
    ['one too few', 'PARAM(res, put_u64(e, ret));', ['close: SYSCALL_CLOSE_X has 2 parameters, 1 are written']],
    [
      'without a name',
      'PARAM(res, put_u64(e, ret)); put_u64(e, 3);',
      ['text:2: parameter 2 of SYSCALL_CLOSE_X is fd, not undefined'],
    ],
    [
      'wrong on one path only',
      'PARAM(res, put_u64(e, ret)); if (ret) PARAM(fd, put_empty(e));',
      ['close: SYSCALL_CLOSE_X has 2 parameters, 1 are written'],
    ],
  ])('%s', (_, body, expected) => {
    expect(close(body)).toEqual(expected)
  })
})
