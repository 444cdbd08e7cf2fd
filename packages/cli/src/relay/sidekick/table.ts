/** How falcosidekick's configuration maps onto outputs: data that the relay reads and docs/falcosidekick.md shows. */
import { BUSES } from './buses.ts'
import { CLOUDS } from './clouds.ts'
import { FUNCTIONS } from './functions.ts'
import type { SidekickOutput } from './key.ts'
import { LOGS } from './logs.ts'
import { PEOPLE } from './people.ts'

export const SIDEKICK_OUTPUTS: readonly SidekickOutput[] = [...PEOPLE, ...LOGS, ...BUSES, ...CLOUDS, ...FUNCTIONS]
