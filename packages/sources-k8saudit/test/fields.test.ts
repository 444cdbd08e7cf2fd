import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { k8sAudit, parseAuditEvents } from '../src/index.ts'

/**
 * Cases: an event as JSON, `---`, and per line a field and its value as JSON or `absent`. Cases are separated by an empty
 * line; lines that begin with # are comments.
 */
const dir = join(import.meta.dirname, 'cases/fields')
const source = k8sAudit()

function casesOf(file: string): { name: string; event: string; checks: string[] }[] {
  const text = readFileSync(join(dir, file), 'utf8')
  let name = ''
  return text
    .split('\n\n')
    .filter(part => part.trim() !== '')
    .map(part => {
      const lines = part.split('\n').filter(line => line !== '')
      name = lines.find(line => line.startsWith('#'))?.slice(2) ?? name
      const rest = lines.filter(line => !line.startsWith('#'))
      const bar = rest.indexOf('---')
      return { name, event: rest.slice(0, bar).join('\n'), checks: rest.slice(bar + 1) }
    })
}

describe.each(readdirSync(dir))('%s', file => {
  for (const { name, event, checks } of casesOf(file)) {
    test.each(checks)(`%s (${name})`, check => {
      const [, field, arg, absent, value] = /^([\w.]+)(?:\[(.*?)\])? (?:(absent)|= (.*))$/.exec(check)!
      const def = source.fields[field!]!
      const given =
        arg === undefined ? undefined : (def.parseArg?.(arg) ?? (def.argKind === 'index' ? Number(arg) : arg))
      const found = def.extract(parseAuditEvents(event)[0]!, given)
      expect(found).toEqual(absent ? undefined : JSON.parse(value!))
    })
  }
})

test('every field has a case', () => {
  const text = readdirSync(dir)
    .map(file => readFileSync(join(dir, file), 'utf8'))
    .join('\n')
  // The init and ephemeral containers share the rows of the containers.
  const names = Object.keys(source.fields).filter(
    name => !/\.(init|ephemeral)Containers\./.test(name) && name !== 'jevt.time',
  )
  expect(names.filter(name => !new RegExp(`^${name}[ \\[]`, 'm').test(text))).toEqual([])
})

test('jevt.time is the local time of day', () => {
  const event = parseAuditEvents('{"auditID":"a","stageTimestamp":"2026-03-17T11:41:07.000000042Z"}')[0]!
  expect(source.fields['jevt.time']!.extract(event)).toMatch(/^\d\d:\d\d:07\.000000042$/)
})

test('an event without a time has the time at which it is first asked for', () => {
  const event = parseAuditEvents('{"auditID":"a"}')[0]!
  const now = BigInt(Date.now()) * 1_000_000n
  expect(event.time - now).toBeLessThan(10_000_000_000n)
  expect(event.time).toBe(event.time)
})

test('one source can look at several events in turn', () => {
  const [a, b] = parseAuditEvents('[{"auditID":"a","verb":"get"},{"auditID":"b","verb":"list"}]')
  const verb = source.fields['ka.verb']!
  expect([a, b, a, b].map(event => verb.extract(event))).toEqual(['get', 'list', 'get', 'list'])
})
