/** Everything that the console answers, as one table: dispatch, authorisation and the OpenAPI document derive from it. */
import { ALERTS } from './routes/alerts.ts'
import { DOORS } from './routes/doors.ts'
import { QUESTIONS } from './routes/questions.ts'
import type { Route } from './routes/route.ts'
import { SILENCES } from './routes/silences.ts'

export const ROUTES: readonly Route[] = [...ALERTS, ...QUESTIONS, ...SILENCES, ...DOORS]
