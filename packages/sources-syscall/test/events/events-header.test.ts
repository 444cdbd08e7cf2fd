import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventsHeader } from '../../scripts/events-header.ts'

test('the C header of the event table is up to date (else run scripts/events-header.ts)', () => {
  const header = join(import.meta.dirname, '../../native/bpf/events.gen.h')
  expect(readFileSync(header, 'utf8')).toBe(eventsHeader())
})
