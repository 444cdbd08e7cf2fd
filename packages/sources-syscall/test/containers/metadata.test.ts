import { describe, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import type { ContainerDescription } from '../../src/containers/description.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { Engines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { ContainerMetadata } from '../../src/containers/metadata.ts'
import { processOf, wordsOf } from '../../src/scene/notation.ts'
import { SyscallState } from '../../src/state/state.ts'
import { enter, ID, oneContainer, SHOP } from './one-container.ts'

describe('while metadata is pending', () => {
  test('evaluations that need it wait, others do not', async () => {
    const { alerts, happen, reply, metadata, detector } = oneContainer()
    happen(enter(20, 'sh'))
    expect(alerts).toEqual([`sh started in ${ID.slice(0, 12)}`])
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    happen('20 openat fd=4 dirfd=-100 name=/other flags=1')
    expect(alerts.length).toBe(1)
    await reply(SHOP)
    expect(alerts.slice(1)).toEqual([
      'sh (conmon) opened <f>/secret in shop-1 at 2',
      'sh (conmon) opened <f>/other in shop-1 at 3',
    ])
    happen('20 openat fd=5 dirfd=-100 name=/third flags=1')
    expect(alerts[3]).toBe('sh (conmon) opened <f>/third in shop-1 at 4')
    expect(metadata.counts).toMatchObject({ held: 2, filled: 2, expired: 0, lookups: { found: 1 } })
    expect(detector.stats().matches).toBe(alerts.length)
  })

  test('later events do not change the state that a waiting event is evaluated with', async () => {
    const { alerts, happen, reply } = oneContainer()
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    happen('20 close res=0 fd=3')
    happen(enter(20, 'cat'))
    happen('20 openat fd=3 dirfd=-100 name=/boring flags=1')
    happen('20 procexit status=0')
    happen('10 procexit status=0')
    happen('1 getcwd res=0')
    await reply(SHOP)
    expect(alerts).toContain('sh (conmon) opened <f>/secret in shop-1 at 2')
    expect(alerts.join()).not.toContain('boring')
  })

  test('waiting evaluations proceed without it at the end of the window', async () => {
    const { alerts, happen, reply, metadata } = oneContainer({ holdMs: 30 })
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    await until('the end of the window', () => alerts.length > 1)
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
    happen('20 openat fd=4 dirfd=-100 name=/late flags=1')
    expect(alerts[2]).toBe('sh opened /late in <NA>')
    await reply(SHOP)
    happen('20 openat fd=5 dirfd=-100 name=/later flags=1')
    expect(alerts[3]).toBe('sh (conmon) opened <f>/later in shop-1 at 4')
    expect(metadata.counts).toMatchObject({ held: 1, filled: 0, expired: 1 })
  })

  test('waiting evaluations proceed without it when the look-up fails', async () => {
    const { alerts, happen, reply, metadata } = oneContainer()
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    await reply(new LookupError('not-found', 'none'))
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
    expect(metadata.counts).toMatchObject({ held: 1, failed: 1, lookups: { 'not-found': 1 } })
  })

  test('the number of waiting events is bounded', async () => {
    const { alerts, happen, reply, metadata } = oneContainer({ holdEvents: 2 })
    happen(enter(20, 'sh'))
    for (let i = 0; i < 4; i++) happen(`20 openat fd=${i} dirfd=-100 name=/f${i} flags=1`)
    expect(alerts.slice(1)).toEqual(['sh opened /f2 in <NA>', 'sh opened /f3 in <NA>'])
    await reply(SHOP)
    expect(alerts.slice(3)).toEqual([
      'sh (conmon) opened <f>/f0 in shop-1 at 2',
      'sh (conmon) opened <f>/f1 in shop-1 at 3',
    ])
    expect(metadata.counts).toMatchObject({ held: 2, filled: 2, overflowed: 2 })
  })

  test('nothing waits when the window is 0', () => {
    const { alerts, happen } = oneContainer({ holdMs: 0 })
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
  })
})

test('containers that already run are looked up, and settle() waits for them', async () => {
  const state = new SyscallState()
  state.onProcess(processOf(wordsOf(`thread 20 comm=sh cgroups=cpu=/libpod_parent/libpod-${ID}`)))
  state.onTablesEnd()
  const engine: Engine = {
    kind: 'podman',
    socket: '/x',
    owner: null,
    present: () => true,
    inspect: async () => SHOP as unknown as ContainerDescription,
    close: () => {},
  }
  const metadata = new ContainerMetadata(state, {}, new Engines([engine]))
  expect(state.tables.containers.get(ID.slice(0, 12))!.pending).toBe(true)
  await metadata.settle()
  expect(state.tables.containers.get(ID.slice(0, 12))!.info).toMatchObject({ name: 'shop-1' })
  expect(metadata.next()!.text(1)).toBe('container')
  expect(metadata.next()).toBe(null)
})
