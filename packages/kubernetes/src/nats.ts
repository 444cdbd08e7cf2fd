/** What needs the NATS client: an entry of its own, so that programs without it compile. */
export { Bucket, type BucketOptions, DEFAULT_BUCKET } from './collector/bucket.ts'
export { Collector, type CollectorOptions } from './collector/collector.ts'
export { SharedDirectory, type SharedDirectoryOptions } from './collector/shared-directory.ts'
