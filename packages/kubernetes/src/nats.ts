/** What needs the NATS client: an entry of its own, so that programs without it compile. */
export { Bucket, type BucketOptions, DEFAULT_BUCKET } from './shared/bucket.ts'
export { Collector, type CollectorOptions } from './shared/collector.ts'
export { SharedDirectory, type SharedDirectoryOptions } from './shared/shared-directory.ts'
