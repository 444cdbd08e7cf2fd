/** The desk answers others while a question reads the whole store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineSource } from '@falc/engine'
import { Store } from '@falc/store'
import { expect, onTestFinished, test } from 'vitest'
import { Desk } from '../src/desk.ts'
import { ROUTES } from '../src/routes.ts'
import { alert } from './start.ts'

const source = defineSource({
  name: 'syscall',
  fields: { 'proc.name': { type: 'string', doc: 'd', extract: () => undefined } },
})

test('a question that reads all does not hold up others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-desk-'))
  const path = join(folder, 'alerts.db')
  const store = await Store.open(path)
  store.insert(Array.from({ length: 6000 }, (_, n) => alert(n)))
  store.close()
  const desk = new Desk({ path }, [source])
  onTestFinished(async () => {
    await desk.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const order: string[] = []
  const ask = async (name: string, route: string, given: Record<string, string>) => {
    const at = ROUTES.findIndex(({ method, path }) => method === 'GET' && path === `/api/v1/${route}`)
    const asking = { who: { name: 'x', scopes: [] }, id: '', body: Buffer.alloc(0), given: new URLSearchParams(given) }
    const answer = JSON.parse(await desk.answer(at, asking))
    order.push(name)
    return answer
  }
  const [all, newest] = await Promise.all([
    ask('all', 'status', { filter: 'proc.name regex ".*x.*y.*z.*"' }),
    ask('newest', 'alerts', { limit: '1' }),
    ask('top', 'top', { by: 'rule' }),
  ])
  expect(order).toEqual(['newest', 'top', 'all'])
  expect([all.count, newest.alerts.length]).toEqual([0, 1])
})
