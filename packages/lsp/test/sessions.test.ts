import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { Client } from './client.ts'
import { Player } from './play.ts'

const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** Each case is a session with a server of its own: files, requests, and the answers. */
describe.each(readCases(new URL('./cases/sessions/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', async one => {
    const client = new Client(mkdtempSync(join(folder, `${count++}-`)))
    const files = new Map([...one.sections].filter(([name]) => /\.ya?ml$/.test(name)))
    const player = new Player(client, files)
    await client.initialize()
    one.expect('answers', await player.play(one.lines('requests')))
    expect(await client.stop()).toBe(0)
    expect(client.stderr).toBe('')
  })
})
