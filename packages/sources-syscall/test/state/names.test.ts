/** Names of users and groups that the tables lack are looked up on the local machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileOutput } from '@falc/engine'
import { describe, expect, test, vi } from 'vitest'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { LiveNames } from '../../src/live/machine-names.ts'
import { Names, NamesOutcome, NamesRequest } from '../../src/live/wire.ts'
import { openCapture } from '../../src/open-capture.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import type { MachineNames } from '../../src/state/name-search.ts'
import { SyscallState } from '../../src/state/state.ts'

const source = syscall()
const text = compileOutput('%user.name %user.homedir %user.shell %group.name', source)
const SHOP = 'ab'.repeat(32)
const exec = (tid: number, uid: number, more = '') =>
  `${tid} execve res=0 exe=/bin/sh comm=sh tid=${tid} pid=${tid} ptid=10 uid=${uid} gid=${uid}${more}`
const inShop = ` cgroups=cpu=/libpod_parent/libpod-${SHOP}`
const person = (name: string, uid: number) => ({ name, uid, gid: uid, home: `/home/${name}`, shell: '/bin/sh' })

/** A host with a user 1000 and a container where that is another user; processes above 90 have exited. */
function setUp(other?: MachineNames) {
  const asked: string[] = []
  const names: MachineNames = other ?? {
    user: uid => {
      asked.push(`user ${uid}`)
      return uid === 1000 ? person('ann', uid) : undefined
    },
    group: gid => (gid === 1000 ? { name: 'staff', gid } : undefined),
    ofProcess: pid => {
      asked.push(`process ${pid}`)
      return pid > 90 ? undefined : { users: [person('web', 1000)], groups: [{ name: 'www', gid: 1000 }] }
    },
  }
  const state = new SyscallState({ names })
  state.onProcess(processOf(wordsOf('thread 10 comm=conmon')))
  state.onTablesEnd()
  asked.length = 0
  let time = 1_000_000_000n
  const happen = (line: string) => {
    const [tid, name, ...rest] = line.split(' ')
    const event = eventOf(name!, Number(tid), time++, wordsOf(rest.join(' ')).values)
    event.tables = state.tables
    state.apply(event)
    return event
  }
  return { state, asked, happen, shown: (line: string) => text(happen(line)) }
}

describe('users that the tables lack', () => {
  test('of the host are looked up when a process runs as them', () => {
    const { shown, asked } = setUp()
    expect(shown(exec(20, 1000))).toBe('ann /home/ann /bin/sh staff')
    expect(shown(exec(20, 1000))).toBe('ann /home/ann /bin/sh staff')
    expect(asked).toEqual(['user 1000'])
  })

  test('are not looked up again at once', () => {
    const { shown, asked } = setUp()
    for (let i = 0; i < 5; i++) expect(shown(exec(20, 77))).toBe('<NA> <NA> <NA> <NA>')
    expect(asked).toEqual(['user 77'])
  })

  test('of a container are looked up in the container', () => {
    const { shown, asked } = setUp()
    expect(shown(exec(20, 1000, inShop))).toBe('web /home/web /bin/sh www')
    expect(shown(exec(21, 1000))).toBe('ann /home/ann /bin/sh staff')
    expect(asked).toEqual(['process 20', 'user 1000'])
  })

  test('of a container are looked up through another of its processes when one has exited', () => {
    const { shown, asked } = setUp()
    expect(shown(exec(91, 1000, inShop))).toBe('<NA> <NA> <NA> <NA>')
    expect(shown(exec(20, 1000, inShop).replace('ptid=10', 'ptid=91'))).toBe('web /home/web /bin/sh www')
    const again = setUp()
    again.happen(exec(30, 0, inShop))
    expect(again.asked).toEqual(['process 30'])
    expect(asked).toEqual(['process 91', 'process 91', 'process 20'])
  })

  test('of a container are looked up again and again until its first process has its root', async () => {
    let rooted = false
    const names: MachineNames = {
      user: () => undefined,
      group: () => undefined,
      ofProcess: () => (rooted ? { users: [person('web', 1000)], groups: [] } : undefined),
    }
    const { shown, state } = setUp(names)
    expect(shown(exec(91, 0, inShop))).toBe('root /root <NA> root')
    state.tables.lookForNames()
    rooted = true
    await eventually(() => {
      state.tables.lookForNames()
      expect(shown(exec(92, 1000, inShop))).toBe('web /home/web /bin/sh <NA>')
    })
  })

  test('are looked up ever less often for what only looks like a container', () => {
    const asked: number[] = []
    const names: MachineNames = {
      user: () => undefined,
      group: () => undefined,
      ofProcess: pid => {
        asked.push(pid)
        return null
      },
    }
    const { shown } = setUp(names)
    const clock = vi.spyOn(performance, 'now')
    try {
      // A process every 50 ms for two minutes: the pauses double from 100 ms to 10 s.
      for (let i = 0; i < 2400; i++) {
        clock.mockReturnValue(1000 + i * 50)
        expect(shown(exec(100 + i, 1000, inShop))).toBe('<NA> <NA> <NA> <NA>')
      }
    } finally {
      clock.mockRestore()
    }
    expect(asked.length).toBe(17)
  })

  test('of a container are not taken from one that a user has named after it', () => {
    const clock = vi.spyOn(performance, 'now')
    const named = ` cgroups=cpu=/user.slice/user-7.slice/user@7.service/libpod-${SHOP}.scope`
    const begin = () => {
      const { state, shown } = setUp({
        user: () => undefined,
        group: () => undefined,
        ofProcess: pid => ({
          users: pid === 30 ? [person('no', 1000), person('own', 77)] : [person('web', 1000)],
          groups: [],
        }),
      })
      state.tables.containers.byOwner = true
      return (at: number, line: string) => {
        clock.mockReturnValue(at)
        return shown(line)
      }
    }
    try {
      const before = begin()
      expect(before(1000, exec(20, 1000, inShop))).toBe('web /home/web /bin/sh <NA>')
      expect(before(2000, exec(30, 77, named))).toBe('<NA> <NA> <NA> <NA>')
      expect(before(3000, exec(20, 1000, inShop))).toBe('web /home/web /bin/sh <NA>')
      const after = begin()
      expect(after(1000, exec(30, 77, named))).toBe('own /home/own /bin/sh <NA>')
      expect(after(1001, exec(20, 1000, inShop))).toBe('web /home/web /bin/sh <NA>')
      expect(after(3000, exec(30, 77, named))).toBe('<NA> <NA> <NA> <NA>')
      expect(after(4000, exec(20, 1000, inShop))).toBe('web /home/web /bin/sh <NA>')
    } finally {
      clock.mockRestore()
    }
  })

  test('of a container without any are not those that a user shows for what they have named after it', () => {
    const named = ` cgroups=cpu=/user.slice/user-7.slice/user@7.service/libpod-${SHOP}.scope`
    const { state, shown } = setUp({
      user: () => undefined,
      group: () => undefined,
      ofProcess: pid => (pid === 30 ? { users: [person('no', 0)], groups: [] } : null),
    })
    state.tables.containers.byOwner = true
    expect(shown(exec(30, 0, named))).toBe('no /home/no /bin/sh root')
    expect(shown(exec(20, 0, inShop))).toBe('root /root <NA> root')
    expect(shown(exec(30, 0, named))).toBe('root /root <NA> root')
    expect(shown(exec(20, 0, inShop))).toBe('root /root <NA> root')
  })

  test('are in a recording, whether they were known before it or not', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'falc-names-'))
    try {
      const { state, happen } = setUp()
      happen(exec(20, 1000, inShop))
      const path = join(dir, 'names.scap')
      const recorder = new Recorder(path, { state, tap: () => {} })
      recorder.write(happen(exec(21, 1000)))
      recorder.write(happen(exec(20, 1000, inShop)))
      recorder.close()
      const replay = await openCapture(path)
      const lines: string[] = []
      do while (replay.next()) lines.push(text(replay.event))
      while (await replay.fill())
      replay.close()
      expect(lines.filter(line => line !== '<NA> <NA> <NA> <NA>')).toEqual([
        'ann /home/ann /bin/sh staff',
        'web /home/web /bin/sh www',
      ])
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})

test('the sidecar is asked again about a process that had the root of the host when it looked', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
  const names = new LiveNames()
  const asked: number[] = []
  names.connect(request => asked.push(new DataView(request.buffer).getUint32(NamesRequest.pid, true)))
  const answer = (pid: number, outcome: number) => {
    const payload = new DataView(new ArrayBuffer(Names.text))
    payload.setUint32(Names.pid, pid, true)
    payload.setUint32(Names.outcome, outcome, true)
    names.answer(payload)
  }
  try {
    for (const pid of [20, 30]) expect(names.ofProcess(pid)).toBeUndefined()
    answer(20, NamesOutcome.shared)
    answer(30, NamesOutcome.refused)
    for (const pid of [20, 30]) expect(names.ofProcess(pid)).toBeNull()
    expect(asked).toEqual([20, 30])
    clock.mockReturnValue(1500)
    expect(names.ofProcess(20)).toBeUndefined()
    expect(names.ofProcess(30)).toBeNull()
    expect(asked).toEqual([20, 30, 20])
  } finally {
    clock.mockRestore()
  }
})
