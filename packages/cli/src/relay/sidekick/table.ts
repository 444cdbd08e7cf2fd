/** How falcosidekick's configuration maps onto outputs: the relay and docs/falcosidekick.md derive from this table. */
import { BUSES } from './buses.ts'
import { CLOUDS } from './clouds.ts'
import { FUNCTIONS } from './functions.ts'
import type { SidekickOutput } from './key.ts'
import { LOGS } from './logs.ts'
import { PEOPLE } from './people.ts'

export const SIDEKICK_OUTPUTS: readonly SidekickOutput[] = [...PEOPLE, ...LOGS, ...BUSES, ...CLOUDS, ...FUNCTIONS]
