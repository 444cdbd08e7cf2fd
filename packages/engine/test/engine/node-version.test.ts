import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LOWEST_NODE, nodeTooOld } from '../../src/node-version.ts'

const packages = new URL('../../../', import.meta.url)

test('every package declares the lowest supported version of Node', () => {
  for (const name of readdirSync(packages)) {
    const { engines } = JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), 'utf8'))
    expect([name, engines.node]).toEqual([name, `>=${LOWEST_NODE.replace(/\.0$/, '')}`])
  }
})

test.each([
  [{ node: '20.20.2' }, true],
  [{ node: '22.0.0' }, true],
  [{ node: '22.11.0' }, true],
  [{ node: '22.12.0' }, false],
  [{ node: '24.21.0' }, false],
  // Other runtimes report the version of Node that they resemble.
  [{ node: '20.0.0', bun: '1.2.0' }, false],
  [{ node: '20.11.1', deno: '1.45.0' }, false],
  [{}, false],
])('nodeTooOld with the versions %j', (versions, old) => {
  expect(nodeTooOld(versions)).toBe(
    old ? `falc needs Node.js ${LOWEST_NODE} or newer; this is ${(versions as { node: string }).node}` : undefined,
  )
})
