import { Engine } from '@falc/engine'
import { test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { EVENTS } from '../../src/events/table.ts'
import { syscall } from '../../src/source.ts'

const source = syscall()
const types = source.eventTypes!

/** The name that rules know a type by. */
function nameOf(id: number): string {
  return types.valueOf('evt.type', id) ?? (EVENTS[id]!.code === 'GENERIC_X' ? 'generic' : 'async')
}

/** Sorted names without duplicates: those that are wanted or those that are not, whichever are fewer. */
function described(wanted: Uint8Array): string {
  const names = (flag: number) => [...new Set(types.all.filter(id => wanted[id] === flag).map(nameOf))].sort()
  const [inside, outside] = [names(1), names(0)]
  if (outside.length === 0) return 'all'
  if (inside.length === 0) return 'none'
  return inside.length <= outside.length ? inside.join(' ') : `all but ${outside.join(' ')}`
}

test.each(readCaseFile(new URL('cases/wanted-types.txt', import.meta.url)))('$title', one => {
  one.expectRows('types', condition => {
    const engine = new Engine({ sources: [source] })
    const rule = { rule: 'R', desc: 'd', condition, output: 'o', priority: 'INFO' }
    const { errors } = engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }])
    return errors[0] ? `error ${errors[0].message}` : described(engine.wantedTypes(source) as Uint8Array)
  })
})
