/** Fields of messages that `logger` sends to rsyslog, at a /dev/log that only the test sees. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileOutput } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { caughtUp, missing } from './machine.ts'

const reason =
  missing() ?? skipped('live', existsSync('/usr/sbin/rsyslogd') ? undefined : 'this machine has no rsyslogd')

/** A /dev of its own, in which rsyslog makes its socket; then the messages. */
const SCRIPT = `
mount -t tmpfs none /mnt && cp -a /dev/null /dev/zero /dev/urandom /dev/random /mnt && mount --move /mnt /dev || exit
rsyslogd -n -iNONE -f rsyslog.conf &
until [ -S /dev/log ]; do sleep 0.02; done
logger -p authpriv.warning -t sudo 'dana : user NOT in sudoers'
logger -p local3.debug --rfc5424=notime,nohost -t app 'a detail'
until grep -q 'a detail' messages; do sleep 0.02; done
kill $!
wait
`

test.skipIf(reason !== undefined)('logger writes to rsyslog', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-live-syslog-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `module(load="imuxsock" SysSock.Name="/dev/log")\naction(type="omfile" file="${join(folder, 'messages')}")\n`,
  )
  const line = compileOutput('%syslog.facility.str.%syslog.severity.str %syslog.message', syscall())
  const isLog = compileOutput('%evt.is_syslog', syscall())
  const live = await openLive()
  onTestFinished(() => live.close())
  const child = spawn('unshare', ['-m', 'sh', '-c', SCRIPT], { cwd: folder, stdio: 'inherit' })
  let over: bigint | undefined
  void once(child, 'exit').then(() => {
    over = BigInt(Date.now()) * 1_000_000n
  })
  const messages: string[] = []
  for (const read = caughtUp(live); !read(over); ) {
    while (live.next()) {
      const { event } = live
      if (event.thread?.comm === 'logger' && isLog(event) === 'true') messages.push(line(event))
    }
    await live.fill()
  }
  expect(child.exitCode).toBe(0)
  // The time lies in between, in the older form.
  expect(messages.map(text => text.replace(/ \w{3} [ \d]\d [\d:]{8}/, ''))).toEqual([
    'authpriv.warn sudo: dana : user NOT in sudoers',
    'local3.debug 1 - - app - - - a detail',
  ])
})
