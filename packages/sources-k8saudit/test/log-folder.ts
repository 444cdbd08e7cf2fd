import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A new folder for each test, and the path of a log in it. */
export let dir: string
export let path: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-audit-'))
  path = join(dir, 'audit.log')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))
