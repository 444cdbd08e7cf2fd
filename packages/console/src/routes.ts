/** The table of all routes: dispatch, authorisation and the OpenAPI document derive from it. */
import { ALERTS } from './routes/alerts.ts'
import { APPROVALS } from './routes/approvals.ts'
import { HEALTH } from './routes/health.ts'
import { INGEST } from './routes/ingest.ts'
import { QUESTIONS } from './routes/questions.ts'
import type { AnyRoute } from './routes/route.ts'
import { RULES } from './routes/rules.ts'
import { SILENCES } from './routes/silences.ts'
import { STREAM } from './routes/stream.ts'
import { TUNE } from './routes/tune.ts'

export const ROUTES: readonly AnyRoute[] = [
  ...[...ALERTS, ...QUESTIONS, ...SILENCES, ...RULES, ...TUNE, ...HEALTH],
  ...[...APPROVALS, STREAM, ...INGEST],
]
