/** AWS is moto, behind a stand-in that can stop or hang and records requests. What has arrived is read with boto3. */
import { afterAll } from 'vitest'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, Daemon, missingModule, type Received } from './peer.ts'
import { PythonSession } from './python.ts'
import { kindOf, type Reply, type Request, type Service, type ServiceKind } from './stand-in.ts'

export const missingMoto: string | undefined = missingModule('moto.server', 'boto3')

let running: Promise<string> | undefined
let daemon: Daemon | undefined
// A worker thread that ends runs no 'exit' handlers.
afterAll(() => daemon?.stop())
let session: PythonSession | undefined

const python = (code: string, args: readonly string[]) => (session ??= new PythonSession()).run(HEAD + code, args)

/** The URL of the one moto of this process. */
function moto(): Promise<string> {
  running ??= (async () => {
    const port = await freePort()
    daemon = new Daemon('/usr/bin/python3', {
      args: () => ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      ready: () => accepts(port),
    })
    await daemon.up()
    return `http://127.0.0.1:${port}`
  })()
  return running
}

const HEAD = `
import gzip, json
import boto3
url, name = args
def client(service):
    return boto3.client(service, endpoint_url=url, region_name='eu-west-1', aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='x')
def out(pairs):
    print(json.dumps([{'id': id, 'body': body} for id, body in pairs]))
`

/** Takes all messages out of a queue. */
const DRAIN = `
sqs, found = client('sqs'), []
queue = sqs.get_queue_url(QueueName=name)['QueueUrl']
while True:
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=['All']).get('Messages', [])
    if not messages: break
    for m in messages:
        found.append((m['MessageAttributes']['id']['StringValue'], m['Body']))
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=m['ReceiptHandle'])
out(found)`

interface AwsService {
  readonly type: string
  readonly title: string
  readonly cannot?: Readonly<Record<string, string>>
  /** Creates what alerts are sent to; prints its address. */
  readonly create: string
  /** Prints what has arrived. */
  readonly read: string
  options(created: string, name: string): Record<string, unknown>
  /** Rewrites the body of a request for moto. */
  adapt?(body: string): string
}

const KEYS = {
  region: 'eu-west-1',
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

export const SECRET = KEYS.secret_access_key

let number = 0

function awsKind(service: AwsService): ServiceKind {
  return {
    type: service.type,
    title: service.title,
    missing: missingMoto,
    ...(service.cannot && { cannot: service.cannot }),
    async start() {
      const upstream = await moto()
      const name = `falco-${process.pid}-${++number}${service.title.includes('FIFO') ? '.fifo' : ''}`
      const created = (await python(service.create, [upstream, name])).trim()
      const seen: Received[] = []
      const forwarder: Service = {
        type: service.type,
        title: service.title,
        options: url => ({ ...KEYS, endpoint: url, ...service.options(created, name) }),
        take: request => forward(request, upstream, service.adapt),
        async received() {
          const pairs = JSON.parse(await python(service.read, [upstream, name])) as {
            id: string
            body: string
          }[]
          const found = pairs.map(({ id, body }) => ({ id, alert: JSON.parse(body) }))
          if (service.read !== DRAIN) return found
          seen.push(...found)
          return seen
        },
      }
      return kindOf(forwarder).start()
    },
  }
}

async function forward(
  { method, url, headers, body }: Request,
  upstream: string,
  adapt?: (body: string) => string,
): Promise<Reply> {
  const own = Object.entries(headers).filter(([name]) => !/^(connection|content-length|transfer-encoding)$/.test(name))
  // moto tells services apart by the credential's scope: the host does not matter.
  const response = await fetch(`${upstream}${url.pathname}${url.search}`, {
    method,
    headers: own as [string, string][],
    ...(method !== 'GET' && { body: adapt ? adapt(body.toString()) : new Uint8Array(body) }),
  })
  return { status: response.status, body: await response.text(), headers: Object.fromEntries(response.headers) }
}

export const AWS_SERVICES = {
  sqs: awsKind({
    type: 'sqs',
    title: 'Amazon SQS',
    create: `print(client('sqs').create_queue(QueueName=name)['QueueUrl'])`,
    read: DRAIN,
    options: url => ({ url }),
  }),
  sqsFifo: awsKind({
    type: 'sqs',
    title: 'Amazon SQS, FIFO',
    create: `print(client('sqs').create_queue(QueueName=name, Attributes={'FifoQueue': 'true'})['QueueUrl'])`,
    read: DRAIN,
    options: url => ({ url }),
  }),
  sns: awsKind({
    type: 'sns',
    title: 'Amazon SNS',
    create: `
topic = client('sns').create_topic(Name=name)['TopicArn']
client('sqs').create_queue(QueueName=name)
client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=f'arn:aws:sqs:eu-west-1:123456789012:{name}', Attributes={'RawMessageDelivery': 'true'})
print(topic)`,
    read: DRAIN,
    options: topic_arn => ({ topic_arn }),
  }),
  kinesis: awsKind({
    type: 'kinesis',
    title: 'Amazon Kinesis',
    create: `client('kinesis').create_stream(StreamName=name, ShardCount=2)`,
    read: `
kinesis, found = client('kinesis'), []
for shard in kinesis.describe_stream(StreamName=name)['StreamDescription']['Shards']:
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard['ShardId'], ShardIteratorType='TRIM_HORIZON')['ShardIterator']
    found += [r['Data'].decode() for r in kinesis.get_records(ShardIterator=iterator)['Records']]
out((json.loads(body)['id'], body) for body in found)`,
    options: (_, stream) => ({ stream }),
  }),
  cloudwatch: awsKind({
    type: 'cloudwatch',
    title: 'Amazon CloudWatch Logs',
    create: `client('logs').create_log_group(logGroupName=name)`,
    read: `
logs, found = client('logs'), []
for stream in logs.describe_log_streams(logGroupName=name)['logStreams']:
    found += [e['message'] for e in logs.get_log_events(logGroupName=name, logStreamName=stream['logStreamName'], startFromHead=True)['events']]
out((json.loads(body)['id'], body) for body in found)`,
    options: (_, log_group) => ({ log_group }),
    // Alerts of tests are years old, and the service accepts only those of the last two weeks.
    adapt(body) {
      const { logEvents, ...rest } = JSON.parse(body)
      if (logEvents === undefined) return body
      const shift = Date.now() - logEvents[0].timestamp
      const moved = logEvents.map(({ timestamp, message }: any) => ({ timestamp: timestamp + shift, message }))
      return JSON.stringify({ ...rest, logEvents: moved })
    },
  }),
  s3: awsKind({
    type: 's3',
    title: 'Amazon S3',
    create: `client('s3').create_bucket(Bucket=name, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})`,
    read: `
s3, found = client('s3'), []
for o in s3.list_objects_v2(Bucket=name).get('Contents', []):
    found += gzip.decompress(s3.get_object(Bucket=name, Key=o['Key'])['Body'].read()).decode().splitlines()
out((json.loads(body)['id'], body) for body in found)`,
    options: (_, bucket) => ({ bucket }),
  }),
} as const

/** A service that accepts everything. */
export const anything = kindOf({
  type: 'aws',
  title: 'AWS',
  options: endpoint => ({ endpoint, region: 'eu-west-1' }),
  take: request => ({
    status: 200,
    headers: { etag: '"1"' },
    body: JSON.stringify({ Successful: TEN, Records: recordsOf(request), sns: TEN_IN_XML }),
  }),
})

/** Kinesis has a result for each record. */
const recordsOf = (request: Request) =>
  String(request.headers['x-amz-target']).startsWith('Kinesis')
    ? request.json().Records.map((_: unknown, i: number) => ({ SequenceNumber: String(i) }))
    : undefined

/** SQS and SNS name the entries that they have accepted. */
const TEN = Array.from({ length: 10 }, (_, i) => ({ Id: String(i) }))
const TEN_IN_XML = `<PublishBatchResponse><PublishBatchResult><Failed/><Successful>${TEN.map(({ Id }) => `<member><MessageId>m</MessageId><Id>${Id}</Id></member>`).join('')}</Successful></PublishBatchResult></PublishBatchResponse>`
