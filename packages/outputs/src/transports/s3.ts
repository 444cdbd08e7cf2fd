import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { crc32, gzip } from 'node:zlib'
import { type AlertData, isoTime } from '@falc/engine'
import { AWS_OPTIONS, AwsClient } from '../cloud/aws-credentials.ts'
import { ocsfColumns } from '../formats/ocsf-columns.ts'
import type { Failure } from '../model/answer.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { loadPeer } from '../net/connect.ts'
import { type HttpAnswer, isFailure } from '../net/http-client.ts'
import { bodyWithId } from '../text/alert-fields.ts'

const OUTPUT = 's3 output'

/** Errors with status 400 that are about a setting: the region, the bucket, keys, encryption. */
const SETTINGS = /Authorization|Bucket|Region|Location|Endpoint|Token|Access|KMS|ACL|Acl/

/** Errors with status 400 or 409 that are worth another attempt: the object did not arrive in time, or another request is changing it. */
const LATER = /^(?:RequestTimeout|OperationAborted)$/

const gzipAsync = promisify(gzip)

export const s3 = defineTransport({
  type: 's3',
  title: 'Amazon S3 and Security Lake',
  doc: `Objects of many alerts: lines in the output's format, compressed with gzip, or OCSF Detection Findings as Parquet. Parquet needs the package
\`hyparquet-writer\`; objects and lists of OCSF become columns of JSON text, not nested columns. The key is the prefix, the day of the alerts in UTC, and the time and ID of the first alert:
\`falco/2026-11-24/2026-11-24T10:00:00.123456789Z-<id>-<count>.jsonl.gz\`. With \`account\`, the key is that of a custom source of Security Lake:
\`ext/falco/region=eu-west-1/accountId=123456789012/eventDay=20261124/…\`.

A batch that is sent again overwrites its object. After 403, 404 and errors about the bucket, region, keys or encryption, alerts stay queued.`,
  options: {
    bucket: { kind: 'text', required: true, doc: 'Bucket.', example: 'my-alerts' },
    prefix: { kind: 'text', default: 'falco', doc: 'Prefix of each key, without a trailing slash.' },
    objects: { kind: 'choice', choices: ['lines', 'parquet'], default: 'lines', doc: 'What objects hold.' },
    account: { kind: 'text', doc: 'AWS account of the alerts, for Security Lake.' },
    acl: { kind: 'text', doc: 'Canned ACL of objects.', example: 'bucket-owner-full-control' },
    ...AWS_OPTIONS,
  },
  batch: { items: 10_000, bytes: 8 << 20 },
  linger: 10_000,
  deadline: 60_000,
  ordered: false,
  async open(options) {
    const { bucket, prefix, objects, account, acl } = options
    const client = new AwsClient(options, OUTPUT)
    const encode = objects === 'parquet' ? await parquet() : lines
    const base = bucketUrl(client, bucket, options.endpoint !== undefined)
    const keyOf = (day: string, items: readonly Item[]) => {
      const { id, alert } = items[0]!
      const folder =
        account === undefined ? day : `region=${client.region}/accountId=${account}/eventDay=${day.replaceAll('-', '')}`
      return `${prefix}/${folder}/${isoTime(alert.time)}-${id}-${items.length}.${encode.extension}`
    }
    const put = async (day: string, items: readonly Item[], signal: AbortSignal): Promise<Failure | undefined> => {
      const body = await encode.encode(items)
      const url = new URL(keyOf(day, items).split('/').map(encodeSegment).join('/'), base)
      const headers = {
        'content-type': encode.contentType,
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
        'x-amz-checksum-crc32': checksum(body),
        ...(acl !== undefined && { 'x-amz-acl': acl }),
      }
      const answer = await client.request('s3', { method: 'PUT', url, headers, body, accepts: stored }, signal)
      if (isFailure(answer)) return answer
      if (!answer.failure) return undefined
      const code = /<Code>([^<]+)<\/Code>/.exec(answer.body)?.[1] ?? ''
      if (/Expired|Token/.test(code)) client.forget()
      if (LATER.test(code)) return { ...answer.failure, class: 'later' }
      return SETTINGS.test(code) && answer.status < 500 ? { ...answer.failure, class: 'misconfigured' } : answer.failure
    }
    return {
      async send(items, signal) {
        for (const [day, of] of Map.groupBy(items, ({ alert }) => isoTime(alert.time).slice(0, 10))) {
          const failure = await put(day, of, signal)
          if (failure) return { delivered: 0, failure }
        }
        return { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

/** How items become an object. */
interface Encoding {
  readonly extension: string
  readonly contentType: string
  encode(items: readonly Item[]): Promise<Uint8Array> | Uint8Array
}

const lines: Encoding = {
  extension: 'jsonl.gz',
  contentType: 'application/gzip',
  encode: items => gzipAsync(items.map(item => `${bodyWithId(item)}\n`).join('')),
}

async function parquet(): Promise<Encoding> {
  const { parquetWriteBuffer } = await loadPeer('hyparquet-writer', OUTPUT, () => import('hyparquet-writer'))
  return {
    extension: 'parquet',
    contentType: 'application/vnd.apache.parquet',
    encode: items => {
      const alerts: readonly AlertData[] = items.map(({ alert }) => alert)
      return new Uint8Array(parquetWriteBuffer({ columnData: ocsfColumns(alerts) as never }))
    },
  }
}

const stored = ({ headers }: Pick<HttpAnswer, 'headers'>) => headers.etag !== undefined

/** As signatures have it: everything but letters, digits and `-._~`. */
const encodeSegment = (segment: string) =>
  encodeURIComponent(segment).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** Buckets have their own host names, unless a dot or another server forbids it. */
function bucketUrl(client: AwsClient, bucket: string, pathStyle: boolean): URL {
  const endpoint = client.endpoint('s3')
  if (pathStyle || bucket.includes('.')) return new URL(`${encodeURIComponent(bucket)}/`, endpoint)
  return new URL(`https://${bucket}.${endpoint.host}/`)
}

function checksum(body: Uint8Array): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}
