/** What all HTTP services have in common: alerts arrive whatever is in them, and answers mean what the service's documentation says. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import type { Answer, Failure } from '../../src/answer.ts'
import { hostile } from './hostile.ts'
import { item, open, patient } from './items.ts'
import { SERVICES } from './services.ts'

const RUNNABLE = SERVICES.filter(({ kind }) => !skipped('peers', kind.missing))

const failures = ({ failure, items = [] }: Answer): Failure[] => [failure, ...items].filter(one => one !== undefined)

describe.each(RUNNABLE)('$kind.title', ({ kind, transport, secrets }) => {
  async function start() {
    const service = await kind.start()
    onTestFinished(() => service.stop())
    return { service, output: await open(transport, service.options()) }
  }
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id).sort()

  test('delivers', async () => {
    const { service, output } = await start()
    const items = Array.from({ length: transport.batch.items > 1 ? 5 : 1 }, (_, i) => item(i))
    expect(await output.send(items, patient())).toEqual({ delivered: items.length })
    expect(ids(await service.received())).toEqual(ids(items))
  })

  test('delivers an alert of hostile and endless texts', async () => {
    const { service, output } = await start()
    const items = [hostile(1, transport.batch.items > 1 ? 20_000 : 100_000)]
    const answer = await output.send(items, patient())
    expect(failures(answer)).toEqual([])
    expect(ids(await service.received())).toEqual(ids(items))
  })

  test.each([
    [400, 'poison'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [404, 'misconfigured'],
    [408, 'later'],
    [413, 'poison'],
    [429, 'later'],
    [500, 'later'],
    [503, 'later'],
  ] as const)('%i means %s', async (status, meaning) => {
    const { service, output } = await start()
    service.answer(status, { 'Retry-After': '30' })
    const answer = await output.send([item(1)], patient())
    expect(answer.delivered).toBe(0)
    expect(failures(answer)).toEqual([
      expect.objectContaining({ class: meaning, cause: `http_${status}`, after: 30_000 }),
    ])
    expect(failures(answer)[0]!.message).toContain(`${kind.type} output: 127.0.0.1`)
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('a page that answers in place of the service delivers nothing', async context => {
    if (/^(webhook|cloudevents)$/.test(kind.type)) return context.skip('any answer of success is one')
    const { service, output } = await start()
    service.answer(200, { 'content-type': 'text/html' }, '<!doctype html><title>Log in to the network</title>')
    const answer = await output.send([item(1)], patient())
    expect(answer.delivered).toBe(0)
    expect(failures(answer)).toEqual([expect.objectContaining({ class: 'later', cause: 'bad_answer' })])
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('a service that is down or hangs is tried again', async () => {
    const { service, output } = await start()
    await service.down()
    expect(failures(await output.send([item(1)], patient()))[0]).toMatchObject({
      class: 'later',
      cause: 'ECONNREFUSED',
    })
    await service.up()
    await service.hang()
    expect(failures(await output.send([item(1)], AbortSignal.timeout(50)))[0]).toMatchObject({
      class: 'later',
      cause: 'timeout',
    })
    await service.up()
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('no failure names a secret, though the service repeats the request', async () => {
    const { service, output } = await start()
    await output.send([item(1)], patient())
    const { headers, url, body } = service.requests.at(-1)!
    service.answer(403, {}, `${url} ${JSON.stringify(headers)} ${body}`)
    const [failure] = failures(await output.send([item(1)], patient()))
    for (const secret of secrets) expect(failure!.message).not.toContain(secret)
  })
})
