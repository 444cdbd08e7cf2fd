export type * from './alerts.ts'
export type * from './approvals.ts'
export type * from './health.ts'
export type * from './rules.ts'
