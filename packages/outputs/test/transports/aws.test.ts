import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { sns, sqs } from '../../src/transports/aws-messages.ts'
import { cloudwatch, kinesis } from '../../src/transports/aws-streams.ts'
import { s3 } from '../../src/transports/s3.ts'
import { AWS_SERVICES, anything, missingMoto, SECRET } from './aws-services.ts'
import { idOf, item, open, patient } from './items.ts'
import { python } from './python.ts'
import { type Request, serve } from './stand-in.ts'

/** Hides this machine's own credentials. */
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
})
afterEach(() => vi.unstubAllEnvs())

const signed = ({ method, url, headers, body }: Request) =>
  JSON.stringify({ method, url: url.href, headers, body: body.toString('base64') })

/** Prints the signature that botocore computes for a request, at the request's own time. */
const SIGN = `
import base64, json, re, sys
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
request, secret, token = json.load(sys.stdin), sys.argv[1], sys.argv[2] or None
given = request['headers']['authorization']
key, region, service, names = re.search(r'Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+),', given).groups()
headers = {name: request['headers'][name] for name in names.split(';') if name != 'host'}
made = AWSRequest(method=request['method'], url=request['url'], data=base64.b64decode(request['body']), headers=headers)
made.context['timestamp'] = headers['x-amz-date']
auth = (S3SigV4Auth if service == 's3' else SigV4Auth)(Credentials(key, secret, token), service, region)
canonical = auth.canonical_request(made)
print(auth.signature(auth.string_to_sign(made, canonical), made))
`

describe.skipIf(skipped('peers', missingMoto))('signatures', () => {
  test.each([
    ['sqs', sqs, { url: 'https://sqs.eu-west-1.amazonaws.com/1/q' }],
    ['sns', sns, { topic_arn: 'arn:aws:sns:eu-west-1:1:t' }],
    ['kinesis', kinesis, { stream: 's' }],
    ['logs', cloudwatch, { log_group: '/a b/ü' }],
    ['s3', s3, { bucket: 'b', prefix: 'pré fix/a+b(c)', acl: 'private' }],
  ] as const)('for %s match those of botocore', async (service, transport, options) => {
    const server = await serve(anything)
    const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: SECRET, session_token: 'IQoJb3JpZ2luX2VjE' }
    const output = await open(transport as typeof sqs, { ...server.options(), ...keys, ...options })
    expect(await output.send([item(1), item(2, { rule: 'Ünïcode 𝒳' })], patient())).toEqual({ delivered: 2 })
    const request = server.requests[0]!
    const [, scope, signature] = /Credential=AKIDEXAMPLE\/(\S+), .*Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization!,
    )!
    expect(scope).toMatch(new RegExp(`^\\d{8}/eu-west-1/${service}/aws4_request$`))
    expect((await python(SIGN, signed(request), [SECRET, keys.session_token])).trim()).toBe(signature)
  })
})

describe('responses', () => {
  const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: SECRET }
  const items = [item(1), item(2), item(3)]

  test('SQS: a failed entry is poison if the sender is at fault, else retried', async () => {
    const server = await serve(anything)
    const output = await open(sqs, { ...server.options(), ...keys, url: 'https://x/1/q' })
    const Failed = [
      { Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'bad characters' },
      { Id: '2', SenderFault: false, Code: 'InternalError' },
    ]
    server.answer(200, {}, JSON.stringify({ Successful: [{ Id: '0' }], Failed }))
    expect(await output.send(items, patient())).toMatchObject({
      delivered: 1,
      items: [
        { class: 'poison', cause: 'InvalidMessageContents' },
        { class: 'later', cause: 'InternalError' },
      ],
    })
  })

  test('SNS: an entry that failed by the sender’s fault is poison; one in neither list is sent again', async () => {
    const server = await serve(anything)
    const output = await open(sns, { ...server.options(), ...keys, topic_arn: 'arn:aws:sns:eu-west-1:1:t' })
    const member =
      '<member><Code>InvalidParameter</Code><Message>no</Message><Id>1</Id><SenderFault>true</SenderFault></member>'
    server.answer(
      200,
      {},
      `<PublishBatchResponse><PublishBatchResult><Failed>${member}</Failed><Successful><member><Id>0</Id></member></Successful></PublishBatchResult></PublishBatchResponse>`,
    )
    expect(await output.send(items, patient())).toMatchObject({
      delivered: 1,
      items: [
        { class: 'poison', cause: 'InvalidParameter' },
        { class: 'later', cause: 'unanswered' },
      ],
    })
  })

  test('Kinesis: a record whose shard is busy is retried, as are all if some have no result', async () => {
    const server = await serve(anything)
    const output = await open(kinesis, { ...server.options(), ...keys, stream: 's' })
    const busy = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
    server.answer(
      200,
      {},
      JSON.stringify({ FailedRecordCount: 1, Records: [{ SequenceNumber: '1' }, busy, { SequenceNumber: '2' }] }),
    )
    expect(await output.send(items, patient())).toMatchObject({ delivered: 1, items: [{ class: 'later' }, undefined] })
    server.answer(200, {}, JSON.stringify({ FailedRecordCount: 0, Records: [{ SequenceNumber: '1' }] }))
    expect(await output.send(items, patient())).toMatchObject({ delivered: 0, failure: { cause: 'bad_answer' } })
  })

  test('Kinesis: an answer of all records is read, however many are refused', async () => {
    const server = await serve(anything)
    const output = await open(kinesis, { ...server.options(), ...keys, stream: 's' })
    const ErrorMessage = 'Rate exceeded for shard shardId-000000000001 in stream s under account 123456789012.'
    const busy = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage }
    const Records = Array.from({ length: 500 }, (_, i) => (i === 0 ? { SequenceNumber: '1' } : busy))
    server.answer(200, {}, JSON.stringify({ FailedRecordCount: 499, Records }))
    const { delivered, items } = await output.send(
      Records.map((_, i) => item(i)),
      patient(),
    )
    expect([delivered, items?.length]).toEqual([1, 499])
  })

  test('CloudWatch Logs: events are sorted by time, and those too old are poison', async () => {
    const server = await serve(anything)
    const output = await open(cloudwatch, { ...server.options(), ...keys, log_group: 'g', log_stream: 'a:b' })
    server.answer(200, {}, JSON.stringify({ rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } }))
    const time = 1_700_000_000_000_000_000n
    const answer = await output.send(
      [item(1, { time: time + 5_000_000_000n }), item(2, { time }), item(3, { time: time + 1_000_000_000n })],
      patient(),
    )
    expect(answer).toMatchObject({ delivered: 1, items: [{ class: 'poison', cause: 'too_old' }, undefined] })
    const { logStreamName, logEvents } = server.requests[0]!.json()
    expect(logStreamName).toBe('a_b')
    expect(logEvents.map(({ timestamp }: any) => timestamp)).toEqual([
      1_700_000_000_000, 1_700_000_001_000, 1_700_000_005_000,
    ])
  })

  test.each([
    ['ThrottlingException', 'later'],
    ['ExpiredTokenException', 'later'],
    ['AccessDeniedException', 'misconfigured'],
    ['UnrecognizedClientException', 'misconfigured'],
    ['InvalidSignatureException', 'misconfigured'],
    ['ResourceNotFoundException', 'misconfigured'],
    ['KMSDisabledException', 'misconfigured'],
    ['InvalidParameterException', 'poison'],
    ['ValidationException', 'poison'],
  ])('%s means %s', async (code, meaning) => {
    const server = await serve(anything)
    const output = await open(kinesis, { ...server.options(), ...keys, stream: 's' })
    server.answer(400, {}, JSON.stringify({ __type: `com.amazonaws.kinesis#${code}`, message: 'x' }))
    expect(await output.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { class: meaning } })
  })

  test('FIFO: group and deduplication ID', async () => {
    const server = await serve(anything)
    const output = await open(sqs, {
      ...server.options(),
      ...keys,
      url: 'https://x/1/q.fifo',
      group: 'host %alert.hostname',
    })
    await output.send([item(1)], patient())
    expect(server.requests[0]!.json().Entries[0]).toMatchObject({
      MessageGroupId: 'host_node-1',
      MessageDeduplicationId: idOf(1),
    })
    const topic = await open(sns, { ...server.options(), ...keys, topic_arn: 'arn:aws:sns:eu-west-1:1:t.fifo' })
    await topic.send([item(1)], patient())
    const form = new URLSearchParams(server.requests[1]!.body.toString())
    expect(form.get('PublishBatchRequestEntries.member.1.MessageDeduplicationId')).toBe(idOf(1))
  })
})

describe('S3', () => {
  const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: SECRET, bucket: 'b' }

  test('an object per day, whose key is the same in each attempt', async () => {
    const server = await serve(anything)
    const output = await open(s3, { ...server.options(), ...keys, prefix: 'alerts/eu' })
    const next = item(3, { time: 1_700_100_000_000_000_000n })
    for (let i = 0; i < 2; i++) await output.send([item(1), item(2), next], patient())
    const paths = server.requests.map(({ method, url }) => `${method} ${decodeURIComponent(url.pathname)}`)
    expect(new Set(paths)).toEqual(
      new Set([
        `PUT /b/alerts/eu/2023-11-14/2023-11-14T22:13:20.123456790Z-${idOf(1)}-2.jsonl.gz`,
        `PUT /b/alerts/eu/2023-11-16/2023-11-16T02:00:00.000000000Z-${idOf(3)}-1.jsonl.gz`,
      ]),
    )
    const lines = gunzipSync(server.requests[0]!.body).toString().trim().split('\n')
    expect(lines.map(line => JSON.parse(line).id)).toEqual([idOf(1), idOf(2)])
  })

  test('an object that S3 did not receive in time is sent again', async () => {
    const server = await serve(anything)
    const output = await open(s3, { ...server.options(), ...keys })
    server.answer(400, {}, '<Error><Code>RequestTimeout</Code><Message>Idle for too long</Message></Error>')
    expect(await output.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { class: 'later' } })
  })

  test('Detection Findings as Parquet, where Security Lake looks for them', async () => {
    const server = await serve(anything)
    const lake = { prefix: 'ext/falco', objects: 'parquet', account: '123456789012' }
    const output = await open(s3, { ...server.options(), ...keys, ...lake })
    expect(await output.send([item(1), item(2, { priority: 'Critical' })], patient())).toEqual({ delivered: 2 })
    const { url, body, headers } = server.requests[0]!
    expect(decodeURIComponent(url.pathname)).toMatch(
      /^\/b\/ext\/falco\/region=eu-west-1\/accountId=123456789012\/eventDay=20231114\/[^/]+\.parquet$/,
    )
    expect(headers['content-type']).toBe('application/vnd.apache.parquet')
    const rows = await parquetReadObjects({ file: new Uint8Array(body).buffer })
    expect(rows).toMatchObject([
      { class_uid: 2004, time: 1_700_000_000_123n, severity_id: 2, finding_info: { uid: idOf(1) } },
      { class_uid: 2004, severity_id: 5, finding_info: { uid: idOf(2) } },
    ])
  })
})

describe.skipIf(skipped('peers', missingMoto))('moto', () => {
  test('S3: an object is sent with a checksum, and arrives', async () => {
    const server = await serve(AWS_SERVICES.s3)
    const output = await open(s3, server.options())
    expect(await output.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
    expect(server.requests[0]!.headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/)
    expect((await server.received()).map(({ id }) => id)).toEqual([idOf(1), idOf(2)])
  })

  test('CloudWatch Logs: a missing stream is created, a missing group is not', async () => {
    const server = await serve(AWS_SERVICES.cloudwatch)
    const output = await open(cloudwatch, server.options())
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
    const other = await open(cloudwatch, { ...server.options(), log_group: 'no-such-group' })
    expect(await other.send([item(1)], patient())).toMatchObject({ failure: { class: 'misconfigured' } })
  })

  test('FIFO: an alert that is sent twice arrives once', async () => {
    const server = await serve(AWS_SERVICES.sqsFifo)
    const output = await open(sqs, server.options())
    for (let i = 0; i < 2; i++) expect(await output.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
    expect((await server.received()).map(({ id }) => id)).toEqual([idOf(1), idOf(2)])
  })
})
