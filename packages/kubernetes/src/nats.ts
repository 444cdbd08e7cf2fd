/** The entry point for everything that needs the NATS client, separate so that programs without it compile. */
export { Bucket, type BucketOptions, DEFAULT_BUCKET } from './collector/bucket.ts'
export { Collector, type CollectorOptions } from './collector/collector.ts'
export { SharedDirectory, type SharedDirectoryOptions } from './collector/shared-directory.ts'
