/** What all HTTP services share: alerts arrive whatever they contain, and responses mean what the service's docs say. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import type { Answer, Failure } from '../../src/model/answer.ts'
import { hostile } from './hostile.ts'
import { item, open, patient } from './items.ts'
import { SERVICES } from './services.ts'
import { kindOf } from './stand-in.ts'

const RUNNABLE = SERVICES.filter(({ kind }) => !skipped('peers', kind.missing))

const failures = ({ failure, items = [] }: Answer): Failure[] => [failure, ...items].filter(one => one !== undefined)

/** A server that accepts everything. */
const STRANGER = { title: 'Stranger', options: () => ({}), take: () => ({ status: 200 }) }

/** Bodies of successful responses that make no sense to most services. */
const NONSENSE: readonly string[] = [
  ...['', 'null', '[]', '{}', '0', '"ok"', '{', '\u0000\u0001', '[[[[[[[['.repeat(5000), `"${'x'.repeat(70_000)}"`],
  ...[
    '{"errors":true}',
    '{"errors":true,"items":null}',
    '{"errors":true,"items":[null,1,{}]}',
    '{"errors":1,"items":{"length":3}}',
  ],
  ...[
    '{"Successful":null,"Failed":null}',
    '{"Successful":1}',
    '{"Failed":[{}],"Successful":[{"Id":"-1"},{"Id":"1e9"},{"Id":"__proto__"}]}',
  ],
  ...[
    '{"FailedRecordCount":9,"Records":"x"}',
    '{"Records":[null,{"ErrorCode":5}]}',
    '{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":"x","tooNewLogEventStartIndex":-5}}',
  ],
  ...[
    '{"messageIds":7}',
    '{"code":"0"}',
    '{"code":9,"text":{}}',
    '{"ackId":"x"}',
    '{"partialSuccess":{"rejectedLogRecords":"-1"}}',
    '{"partialSuccess":5}',
  ],
  ...[
    '<PublishBatchResponse><Failed><member></member></Failed>',
    '<PublishBatchResponse><Failed><member><Id>99</Id></member></Failed>',
  ],
  ...[
    '{"status":{}}',
    '{"dedup_key":[]}',
    'ok',
    'no_text',
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429',
  ],
]

/** What the delivery relies on, whatever the receiver says. */
function wellFormed({ delivered, failure, items }: Answer, count: number, body: string): void {
  expect(Number.isInteger(delivered) && delivered >= 0 && delivered <= count, body).toBe(true)
  if (items) {
    expect(failure, body).toBeUndefined()
    expect(items.length, body).toBe(count - delivered)
  } else expect(delivered === count, body).toBe(failure === undefined)
}

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

  test('delivers an alert with long, hostile texts', async () => {
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

  test('an HTML page in place of the service delivers nothing', async context => {
    if (/^(webhook|cloudevents)$/.test(kind.type)) return context.skip('any successful response will do')
    const { service, output } = await start()
    service.answer(200, { 'content-type': 'text/html' }, '<!doctype html><title>Log in to the network</title>')
    const answer = await output.send([item(1)], patient())
    expect(answer.delivered).toBe(0)
    expect(failures(answer)).toEqual([expect.objectContaining({ class: 'later', cause: 'bad_answer' })])
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('a redirect is not followed: secrets go only where the configuration says', async () => {
    const { service, output } = await start()
    const stranger = await kindOf({ ...STRANGER, type: kind.type }).start()
    onTestFinished(() => stranger.stop())
    for (const status of [301, 302, 303, 307, 308]) {
      service.answer(status, { location: `${stranger.url}/elsewhere` })
      const answer = await output.send([item(1)], patient())
      expect(failures(answer)).toEqual([expect.objectContaining({ class: 'misconfigured', cause: `http_${status}` })])
    }
    expect(stranger.requests).toEqual([])
  })

  test('nonsensical responses give consistent results, and failures with short texts', async () => {
    const { service, output } = await start()
    const items = Array.from({ length: transport.batch.items > 1 ? 3 : 1 }, (_, i) => item(i))
    for (const body of NONSENSE) {
      service.answer(200, { 'content-type': 'application/json' }, body)
      const answer = await output.send(items, patient())
      wellFormed(answer, items.length, body)
      for (const { cause, message } of failures(answer)) {
        expect(cause.length).toBeLessThan(100)
        expect(message.length).toBeLessThan(600)
      }
    }
  })

  test('a service that is down or hangs is a temporary failure', async () => {
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

  test('no failure reveals a secret, even if the service echoes the request', async () => {
    const { service, output } = await start()
    await output.send([item(1)], patient())
    const { headers, url, body } = service.requests.at(-1)!
    service.answer(403, {}, `${url} ${JSON.stringify(headers)} ${body}`)
    const [failure] = failures(await output.send([item(1)], patient()))
    for (const secret of secrets) expect(failure!.message).not.toContain(secret)
  })
})
