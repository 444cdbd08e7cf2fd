import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { eventOf, wordsOf } from '../../src/scene/notation.ts'
import { enter, oneContainer, SHOP, source } from './one-container.ts'

describe('an engine that announces its containers', () => {
  const GONE = new LookupError('not-found', 'none')
  const act = '20 openat fd=3 dirfd=-100 name=/secret flags=1'
  const named = 'sh (conmon) opened <f>/secret in shop-1 at 2'

  test('is queried before the first event, and its response is kept until then', async () => {
    const { alerts, happen, reply, hear, metadata, asked } = oneContainer()
    await hear(SHOP)
    await reply({ ...SHOP, ip: '10.0.0.7' })
    happen(enter(20, 'sh'))
    happen(act)
    await turn()
    expect(alerts[1]).toBe(named)
    expect(asked()).toBe(1)
    expect(metadata.counts).toMatchObject({ lookups: { found: 1 }, ahead: { found: 1 }, watches: { connected: 1 } })
  })

  test('is queried again for the address, which a container does not have before it starts', async () => {
    const { alerts, happen, reply, hear, state, asked } = oneContainer()
    await hear(SHOP)
    await reply({ ...SHOP, ip: '' })
    happen(enter(20, 'sh'))
    happen(act)
    await reply({ ...SHOP, ip: '10.0.0.7' })
    expect(alerts[1]).toBe(named)
    expect(asked()).toBe(2)
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ ip: '10.0.0.7' })
  })

  test('no longer knows a container: the announcement is used', async () => {
    const { alerts, happen, reply, hear, metadata, state } = oneContainer({ attempts: 8, backoff: 1000 })
    happen(enter(20, 'sh'))
    happen(act)
    await reply(GONE)
    expect(alerts.length).toBe(1)
    // Podman's file of events is read four times a second.
    await hear(SHOP)
    await reply(GONE)
    expect(alerts[1]).toBe(named)
    expect(state.tables.containers.get(SHOP.id)!.info).toEqual({ ...SHOP, imageid: 'aa' })
    expect(metadata.counts).toMatchObject({ filled: 1, lookups: { 'from-event': 1, found: 0, 'not-found': 0 } })
  })

  test('refuses look-ups: the announcement is used after a few attempts', async () => {
    const { happen, reply, hear, state, asked, metadata } = oneContainer({ attempts: 8, backoff: 1 })
    await hear(SHOP)
    happen(enter(20, 'sh'))
    for (let i = 0; i < 12; i++) {
      await reply(new LookupError('refused', 'no rights'))
      await sleep(10)
    }
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ name: 'shop-1' })
    expect(metadata.counts.lookups).toMatchObject({ 'from-event': 1, refused: 0 })
    expect(asked()).toBeLessThan(16)
  })

  test('what was seen while the container ran is added to its announcement', async () => {
    const { happen, reply, hear, state } = oneContainer({ attempts: 8, backoff: 1000 }, { privileged: true })
    happen(enter(20, 'sh'))
    await reply(GONE)
    await hear(SHOP)
    await reply(GONE)
    expect(state.tables.containers.get(SHOP.id)!.info).toEqual({ ...SHOP, imageid: 'aa', privileged: true })
  })

  test('is slower than the window: the announcement is used, and the response once it arrives', async () => {
    const { alerts, happen, reply, hear, state, metadata } = oneContainer({ holdMs: 30 })
    happen(enter(20, 'sh'))
    happen(act)
    await hear(SHOP)
    await until('the end of the window', () => alerts.length > 1)
    expect(alerts[1]).toBe(named)
    await reply({ ...SHOP, privileged: true })
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ privileged: true })
    expect(metadata.counts).toMatchObject({ filled: 1, expired: 0, lookups: { found: 1 } })
  })

  test('announces after the look-up has failed: later events have the name', async () => {
    const { alerts, happen, reply, hear, metadata } = oneContainer()
    happen(enter(20, 'sh'))
    await reply(GONE)
    await hear(SHOP)
    await reply(GONE)
    happen('20 openat fd=3 dirfd=-100 name=/late flags=1')
    expect(alerts[1]).toBe('sh (conmon) opened <f>/late in shop-1 at 2')
    expect(metadata.counts).toMatchObject({ lookups: { 'not-found': 1, 'from-event': 1 } })
  })

  test('fields that the announcement does not give are absent', async () => {
    const { happen, reply, hear, state } = oneContainer()
    happen(enter(20, 'sh'))
    await hear(SHOP)
    await reply(GONE)
    const event = eventOf('getcwd', 20, 1n, wordsOf('res=0').values)
    state.apply(event)
    expect(source.fields['container.privileged']!.extract(event)).toBe(undefined)
    expect(source.fields['container.mounts']!.extract(event)).toBe(undefined)
    expect(source.fields['container.name']!.extract(event)).toBe('shop-1')
  })

  test('announces more than there is room for: the oldest are dropped and counted', async () => {
    const { hear, metadata } = oneContainer()
    for (let i = 0; i < 1100; i++) {
      const id = i.toString(16).padStart(64, '0')
      void hear({ ...SHOP, id: id.slice(0, 12), full_id: id })
    }
    expect(metadata.counts.dropped).toBe(76)
    await hear({ ...SHOP, labels: { long: 'x'.repeat(17 << 20) } })
    expect(metadata.counts.dropped).toBe(1101)
  })
})
