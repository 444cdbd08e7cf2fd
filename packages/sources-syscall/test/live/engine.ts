/**
 * An engine in a process of its own, for the tests: prints each opened file whose name has `falc-live`, and answers questions
 * from stdin. One JSON object per line.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { PPME } from '../../src/events/ids.ts'
import { openLive } from '../../src/live/open-live.ts'
import type { EngineOptions } from './machine.ts'

const { ringBytes, socketPath, stream, drop } = JSON.parse(process.argv[2] ?? '{}') as EngineOptions
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

const live = await openLive({
  warn: text => say({ warn: text }),
  ...(stream !== undefined && { stream }),
  ...(ringBytes !== undefined && { ringBytes }),
  ...(socketPath !== undefined && { socketPath }),
})
if (drop) {
  process.setgroups!([])
  process.setgid!(65534)
  process.setuid!(65534)
}

createInterface({ input: process.stdin })
  .on('line', line => {
    if (line === 'counts') say(live.counts)
    else if (line === 'threads')
      say({ threads: live.state.tables.threads.size, fakes: live.state.tables.unknownThreads })
    else if (line.startsWith('thread ')) {
      const thread = live.state.tables.threads.get(Number(line.slice(7)))
      say({ comm: thread?.comm ?? null, ptid: thread?.ptid ?? null, fds: thread?.fds.get(0)?.name ?? null })
    } else if (line.startsWith('touch ')) {
      writeFileSync(line.slice(6), '')
      say({ touched: line.slice(6) })
    } else if (line === 'sidecar') say({ pid: live.sidecarPid, lastTime: String(live.lastTime) })
    else if (line === 'shadow') {
      try {
        say({ shadow: readFileSync('/etc/shadow').length })
      } catch (error) {
        say({ shadow: (error as NodeJS.ErrnoException).code })
      }
    }
  })
  .on('close', () => void live.close())

say({ ready: true, sidecar: live.sidecarPid })
do {
  while (live.next()) {
    const { event } = live
    if (event.type === PPME.SYSCALL_OPENAT_2_X && event.text(2).includes('falc-live')) say({ open: event.text(2) })
  }
} while (await live.fill())
