/** Alerts and files for the tests of the store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AlertData, alertJson, alerts, defineSource, parseAlert } from '@falc/engine'
import { onTestFinished } from 'vitest'
import { Store } from '../src/index.ts'

export { alert, idOf, START } from './numbered.ts'

/** A folder that is removed at the end of the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'falc-store-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A store that is closed and removed at the end of the test. */
export async function openStore(path = join(folder(), 'alerts.db')): Promise<Store> {
  const store = await Store.open(path)
  onTestFinished(() => store.close())
  return store
}

/** An alert after it was written as JSON and parsed. */
export const reread = (one: AlertData) => parseAlert(alertJson(one, { id: true, message: true }))

const doc = 'd'
const extract = () => undefined

/** One field of every sort. */
const fields = defineSource({
  name: 'sorts',
  fields: {
    'proc.name': { type: 'string', doc, extract },
    'proc.pid': { type: 'pid', doc, extract },
    'fd.name': { type: 'path', doc, extract },
    'k8s.ns.name': { type: 'string', doc, extract },
    's.text': { type: 'string', doc, extract },
    's.any': { type: 'string', anyOf: true, doc, extract },
    's.list': { type: 'string', list: true, doc, extract },
    's.arg': { type: 'string', arg: 'required', argKind: 'key', doc, extract },
    's.int': { type: 'int64', doc, extract },
    's.uint': { type: 'uint64', doc, extract },
    's.hex': { type: 'uint32', print: 'hex', doc, extract },
    's.double': { type: 'double', doc, extract },
    's.bool': { type: 'bool', doc, extract },
    's.port': { type: 'port', doc, extract },
    's.ip': { type: 'ipaddr', doc, extract },
    's.ips': { type: 'ipaddr', anyOf: true, doc, extract },
    's.net': { type: 'ipnet', doc, extract },
    's.when': { type: 'abstime', print: 'iso8601', doc, extract },
  },
})

export const source = alerts({ sources: [fields] })
