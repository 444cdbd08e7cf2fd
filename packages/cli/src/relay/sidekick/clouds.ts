import {
  COMMON_KEYS,
  ENDPOINT,
  none,
  type Options,
  type SidekickContext,
  type SidekickKey,
  type SidekickOutput,
  same,
  whenSet,
} from './key.ts'

const AWS: Readonly<Record<string, SidekickKey>> = { ...COMMON_KEYS }
const awsOptions = (context: SidekickContext): Options => ({
  ...whenSet(context, {
    region: 'aws.region',
    access_key_id: 'aws.accesskeyid',
    secret_access_key: 'aws.secretaccesskey',
    role_arn: 'aws.rolearn',
    external_id: 'aws.externalid',
  }),
})

const yandexOptions = (context: SidekickContext, endpoint: string): Options => ({
  endpoint,
  region: 'ru-central1',
  ...whenSet(context, {
    region: 'yandex.region',
    access_key_id: 'yandex.accesskeyid',
    secret_access_key: 'yandex.secretaccesskey',
  }),
})

/** Services of clouds. */
export const CLOUDS: readonly SidekickOutput[] = [
  {
    section: 'gcp.pubsub',
    main: ['projectid', 'topic'],
    type: 'google_pubsub',
    keys: {
      ...COMMON_KEYS,
      projectid: same('project'),
      topic: same('topic'),
      customattributes: same('attributes'),
    },
    defaults: context => {
      const key = context.text('gcp.credentials')
      return key === '' ? {} : { credentials: context.file('gcp.json', Buffer.from(key, 'base64')) }
    },
  },
  {
    section: 'gcp.cloudrun',
    main: ['endpoint'],
    type: 'webhook',
    keys: {
      ...ENDPOINT,
      endpoint: same('url'),
      jwt: same('headers', value => ({ headers: { Authorization: `Bearer ${value}` } })),
    },
  },
  {
    section: 'aws.sqs',
    main: ['url'],
    type: 'sqs',
    keys: { ...AWS, url: same('url') },
    defaults: awsOptions,
    note: 'Batches of ten; the ID is the deduplication ID of FIFO queues.',
  },
  {
    section: 'aws.sns',
    main: ['topicarn'],
    type: 'sns',
    keys: {
      ...AWS,
      topicarn: same('topic_arn'),
      rawjson: none('The message is the alert as JSON, with three attributes.'),
    },
    defaults: awsOptions,
  },
  {
    section: 'aws.cloudwatchlogs',
    main: ['loggroup'],
    type: 'cloudwatch',
    keys: { ...AWS, loggroup: same('log_group'), logstream: same('log_stream') },
    defaults: awsOptions,
  },
  {
    section: 'aws.kinesis',
    main: ['streamname'],
    type: 'kinesis',
    keys: { ...AWS, streamname: same('stream') },
    defaults: awsOptions,
    note: 'Only rejected records are resent.',
  },
  {
    section: 'aws.s3',
    main: ['bucket'],
    type: 's3',
    keys: {
      ...AWS,
      bucket: same('bucket'),
      prefix: same('prefix'),
      endpoint: same('endpoint'),
      objectcannedacl: same('acl'),
    },
    defaults: context => ({ ...awsOptions(context), acl: 'bucket-owner-full-control' }),
    note: 'One object per batch, in lines of JSON, not one per alert.',
  },
  {
    section: 'aws.securitylake',
    main: ['bucket', 'region', 'prefix', 'accountid'],
    type: 's3',
    keys: {
      ...AWS,
      bucket: same('bucket'),
      prefix: same('prefix'),
      region: same('region'),
      accountid: same('account'),
      interval: same('linger', value => ({ linger: `${Math.min(60, Math.max(5, Number(value) || 5))}m` })),
      batchsize: none('Batches are as large as the interval and the queue allow.'),
    },
    defaults: context => ({ ...awsOptions(context), objects: 'parquet', linger: '5m' }),
    note: 'Detection Finding (2004), instead of the deprecated Security Finding.',
  },
  {
    section: 'yandex.s3',
    main: ['bucket'],
    type: 's3',
    keys: { ...COMMON_KEYS, bucket: same('bucket'), prefix: same('prefix'), endpoint: same('endpoint') },
    defaults: context => yandexOptions(context, 'https://storage.yandexcloud.net'),
  },
  {
    section: 'yandex.datastreams',
    main: ['streamname'],
    type: 'kinesis',
    keys: { ...COMMON_KEYS, streamname: same('stream'), endpoint: same('endpoint') },
    defaults: context => yandexOptions(context, 'https://yds.serverless.yandexcloud.net'),
  },
]
