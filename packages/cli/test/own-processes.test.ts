import { OwnProcesses } from '@falc/outputs'
import { describe, expect, test } from 'vitest'
import { isOwnProcess } from '../src/run/own-processes.ts'

interface Thread {
  pid: number
  sid: number
  parent: Thread | null
}

const thread = (pid: number, parent: Thread | null = null, sid = 1): Thread => ({ pid, sid, parent })

describe('the processes of outputs', () => {
  const processes = new OwnProcesses(() => 5_000_000_000n)
  processes.add(100)
  const time = 6_000_000_000n
  const init = thread(1)
  const program = thread(100, thread(50, init), 100)
  const own = (of: Thread | null, at = time) => isOwnProcess({ time: at, thread: of }, processes)

  test.each<[string, Thread | null, boolean]>([
    ['include the program that an output started', program, true],
    ['include its child', thread(101, program, 100), true],
    ['include its grandchild in another session', thread(102, thread(101, program, 102), 102), true],
    ['include a child that has lost its parent', thread(103, init, 100), true],
    ['exclude its parent', thread(50, init), false],
    ['exclude another process', thread(104, init, 104), false],
    ['exclude a missing thread', null, false],
  ])('%s', (_, of, expected) => {
    expect(own(of)).toBe(expected)
  })

  test('exclude events before the program started or after it ended', () => {
    expect(own(program, 1n)).toBe(false)
    processes.ended(100)
    expect(own(program, 5_000_000_000n)).toBe(true)
    expect(own(program, time)).toBe(false)
  })

  test('exclude events without a thread or with a cycle of ancestors', () => {
    expect(isOwnProcess({ time }, processes)).toBe(false)
    const circle = thread(7)
    circle.parent = circle
    expect(own(circle)).toBe(false)
  })
})
