export type { Evaluated, Reason } from './evaluate.ts'
export { InOrder, type InOrderOptions, type Unshared } from './in-order.ts'
export { type Outcome, Pool, type PoolOptions, type WorkerCounts } from './pool.ts'
