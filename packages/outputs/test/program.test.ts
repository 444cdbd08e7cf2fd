/** Programs that block, fail, do not exist, or have children. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { type Delivery, OwnProcesses, ownProcesses, ProgramOutput } from '../src/index.ts'
import { deliverLines, line } from './lines.ts'
import { item } from './transports/items.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-program-'))
afterAll(() => rmSync(dir, { recursive: true }))

const OPTIONS = { backoff: { first: 5, max: 20 }, stallTimeout: 300 }

/** A channel to a program, and the log. */
function channelTo(program: string, keepAlive: boolean) {
  const log: string[] = []
  const output = new ProgramOutput({ program, keepAlive })
  return { channel: deliverLines(output, { ...OPTIONS, log: (_, text) => log.push(text) }), log }
}

const fill = (channel: Delivery, count: number, text = 'x') => {
  for (let i = 0; i < count; i++) channel.push(line(text))
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie has ended, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The pids that a program has written, one a line. */
const pidsIn = (path: string) =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number) : []

describe.each([true, false])('keep_alive %s', keepAlive => {
  test('closing kills a program that never exits, with its children, and does not restart it', async () => {
    const pids = join(dir, `blocked-${keepAlive}`)
    const { channel } = channelTo(`echo $$ >> ${pids}; sleep 600 & echo $! >> ${pids}; sleep 600; true`, keepAlive)
    fill(channel, 20_000, 'x'.repeat(100))
    await eventually(() => expect(pidsIn(pids)).toHaveLength(2))
    await channel.close(100)
    const { pushed, delivered, queued, dropped } = channel.stats
    expect(queued).toBe(0)
    expect(delivered + dropped.shutdown!).toBe(pushed)
    await eventually(() => expect(pidsIn(pids).filter(alive)).toEqual([]))
    expect(pidsIn(pids)).toHaveLength(2)
  })

  test('every alert lost to a command that does not exist is counted', async () => {
    const { channel, log } = channelTo('/no/such/command 2>/dev/null', keepAlive)
    await eventually(() => {
      // On a busy machine the shell may fail so late that the first alerts count as delivered, and only then as lost.
      if (channel.stats.queued === 0) fill(channel, 1000)
      expect(channel.stats.failing).toBeDefined()
    })
    fill(channel, 1000)
    await channel.close()
    const { pushed, delivered, dropped } = channel.stats
    expect(pushed).toBeGreaterThanOrEqual(2000)
    expect({ delivered, dropped }).toEqual({ delivered: 0, dropped: { exit_127: pushed } })
    expect(log[0]).toBe('program: ended with code 127; retrying')
  })
})

test('a slow program gets every alert, and they count as delivered', async () => {
  const out = join(dir, 'slow')
  const { channel } = channelTo(`while read -r line; do echo "$line" >> ${out}; sleep 0.001; done`, true)
  // More than a pipe holds.
  fill(channel, 500, 'x'.repeat(1000))
  await eventually(() => expect(existsSync(out)).toBe(true))
  await channel.flush()
  expect(channel.stats).toMatchObject({ delivered: 500, dropped: EMPTY })
  await channel.close(5000)
})

test('a program that exits with 0 without reading anything is not restarted without a pause', async () => {
  // More than a pipe holds.
  const answer = await new ProgramOutput({ program: 'exit 0', keepAlive: true }).send([
    { ...item(1), body: 'x'.repeat(1_000_000) },
  ])
  expect(answer.failure).toMatchObject({ class: 'later' })
  expect(answer.failure).not.toHaveProperty('after')
})

test('a command that appears later gets the waiting alerts', async () => {
  const [command, out] = [join(dir, 'later'), join(dir, 'out')]
  const { channel } = channelTo(`${command} 2>/dev/null`, true)
  await eventually(() => {
    // On a busy machine the shell may fail so late that the first alerts count as delivered, and only then as lost.
    if (channel.stats.queued === 0) fill(channel, 3)
    expect(channel.stats.retries).toBeGreaterThan(1)
  })
  writeFileSync(command, `#!/bin/sh\nexec cat >> ${out}\n`, { mode: 0o755 })
  await channel.flush()
  await channel.close()
  expect(channel.stats.delivered).toBeGreaterThan(0)
  expect(readFileSync(out, 'utf8')).toBe('x\n'.repeat(channel.stats.delivered))
})

test('if a command turns out not to exist, alerts that counted as delivered count as lost', async () => {
  const gate = join(dir, 'gate')
  const command = `while [ ! -e ${gate} ]; do sleep 0.01; done; exec /no/such/command 2>/dev/null`
  const { channel, log } = channelTo(command, true)
  fill(channel, 10)
  await channel.flush()
  expect(channel.stats).toMatchObject({ delivered: 10, dropped: EMPTY })
  writeFileSync(gate, '')
  await channel.close()
  expect(channel.stats).toMatchObject({ pushed: 10, delivered: 0, queued: 0, dropped: { exit_127: 10 } })
  expect(log).toEqual(['program: ended with code 127'])
})

test('if a program fails for one alert, only this one is lost', async () => {
  const { channel } = channelTo('read line; [ "$line" != bad ]', false)
  for (const text of ['good', 'bad', 'good']) channel.push(line(text))
  await channel.close()
  expect(channel.stats).toMatchObject({ delivered: 2, dropped: { exit_1: 1 } })
})

describe('the processes that outputs have started', () => {
  test('are known by pid and time', () => {
    let now = 10_000_000_000n
    const processes = new OwnProcesses(() => now)
    processes.add(7)
    expect(processes.has(7, 10_000_000_001n)).toBe(true)
    expect(processes.has(8, 10_000_000_001n)).toBe(false)
    expect(processes.has(7, 8_000_000_000n)).toBe(false)
    now = 20_000_000_000n
    processes.ended(7)
    expect(processes.has(7, 19_000_000_000n)).toBe(true)
    expect(processes.has(7, 21_000_000_000n)).toBe(false)
  })

  test('are forgotten when there are very many, unless they still run', () => {
    const processes = new OwnProcesses()
    processes.add(1)
    for (let pid = 2; pid < 20_000; pid++) {
      processes.add(pid)
      processes.ended(pid)
    }
    expect(processes.size).toBeLessThan(5000)
    expect(processes.has(1, BigInt(Date.now()) * 1_000_000n)).toBe(true)
  })

  test('include the shell of a program until the output is closed', async () => {
    const path = join(dir, 'pid')
    const { channel } = channelTo(`echo $$ > ${path}; cat > /dev/null`, true)
    fill(channel, 1)
    await channel.flush()
    await eventually(() => expect(pidsIn(path)).toHaveLength(1))
    const [pid] = pidsIn(path)
    expect(ownProcesses.has(pid!, BigInt(Date.now()) * 1_000_000n)).toBe(true)
    await channel.close()
    expect(ownProcesses.has(pid!, BigInt(Date.now() + 60_000) * 1_000_000n)).toBe(false)
  })
})
