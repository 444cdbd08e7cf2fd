/** Scenes written from captures give the same alerts and fields as the captures. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Engine } from '@falc/engine'
import { expect, test } from 'vitest'
import { openCapture, playScene, type SyscallEvent, sceneOf, syscall } from '../src/index.ts'
import { eventLine } from '../src/scene/event-line.ts'
import { eventOf } from '../src/scene/notation.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const source = syscall()
const engine = new Engine({ sources: [source], ruleMatching: 'all' })
const rules = { name: 'syscall.yaml', content: readFileSync(here('../../../rules/syscall.yaml'), 'utf8') }
expect(engine.load([rules]).ok).toBe(true)

/** Fields of all families, ancestors and descriptors among them. */
const FIELDS = `%evt.time %evt.type %evt.arg[0] %evt.arg[1] %evt.arg[2] %proc.name %proc.cmdline %proc.exepath %proc.env %proc.cwd %proc.aname[2] %proc.sname
  %proc.vpgid.name %proc.is_exe_upper_layer %proc.exe_ino %user.name %user.loginname %group.gid %fd.name %fd.type %fd.num %fd.sport
  %fd.directory %fd.nameraw %fd.dev %fd.ino %fs.path.name %fs.path.target %container.id %container.name %thread.cap_effective`
const everything = new Engine({ sources: [source], ruleMatching: 'all' })
const all = { rule: 'all', desc: 'd', condition: 'evt.num > 0', output: FIELDS.replace(/\s+/g, ' '), priority: 'INFO' }
expect(everything.load([{ name: 'all.yaml', content: JSON.stringify([all]) }]).errors).toEqual([])

/** Calls `see` for each event of a capture. */
async function replayed(path: string, see: (num: number, alerts: string[], fields: string[]) => void): Promise<void> {
  const replay = await openCapture(path)
  do {
    while (replay.next()) see(replay.event.num, outputs(engine, replay.event), outputs(everything, replay.event))
  } while (await replay.fill())
  replay.close()
}

function outputs(by: Engine, event: SyscallEvent): string[] {
  return by.evaluate(source, event).map(alert => `${alert.rule}: ${alert.output}`)
}

test.each(['host-a', 'container-a'])('%s: scenes give the alerts and fields of the captured events', async name => {
  const path = here(`../../../examples/captures/${name}.scap`)
  const chosen = new Map<number, { alerts: string[]; fields: string[] }>()
  await replayed(path, (num, alerts, fields) => {
    if (alerts.length > 0 || num === 1997) chosen.set(num, { alerts, fields })
  })
  expect([...chosen.values()].filter(({ alerts }) => alerts.length > 0).length).toBeGreaterThan(3)
  for (const [num, wanted] of chosen) {
    const lines = await sceneOf(path, num)
    let found = { alerts: [] as string[], fields: [] as string[] }
    playScene(lines!, event => {
      found = { alerts: outputs(engine, event), fields: outputs(everything, event) }
    })
    expect(found, `event ${num}\n${lines!.join('\n')}`).toEqual(wanted)
  }
})

test('an event that the capture does not have gives no scene', async () => {
  expect(await sceneOf(here('../../../examples/captures/host-a.scap'), 1_000_000)).toBeUndefined()
})

test('the line of an open that says where it starts from can be read', () => {
  const line = '10 openat fd=4 dirfd=3 name=x object=/etc'
  const values = new Map(Object.entries({ fd: '4', dirfd: '3', name: 'x', object: '/etc' }))
  expect(eventLine(eventOf('openat', 10, 0n, values))).toBe(line)
  const names: string[] = []
  playScene(['thread 10 comm=sh', line], event => names.push(event.fd!.name))
  expect(names).toEqual(['/etc/x'])
})
