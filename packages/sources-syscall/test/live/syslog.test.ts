/**
 * Fields of messages that `logger` and another program send to rsyslog, in a /dev and a /run that only the test sees: whole if
 * rules read them, else 80 bytes of each.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Engine } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { caughtUp, missing, until } from './machine.ts'

const reason =
  missing() ?? skipped('live', existsSync('/usr/sbin/rsyslogd') ? undefined : 'this machine has no rsyslogd')

/** Starts rsyslog, which makes its sockets in a /dev and a /run of its own, and then sends the messages. */
const SCRIPT = `
mount -t tmpfs none /mnt && cp -a /dev/null /dev/zero /dev/urandom /dev/random /dev/kmsg /mnt && mount --move /mnt /dev || exit
mount -t tmpfs none /run && mkdir -p /run/systemd/journal || exit
rsyslogd -n -iNONE -f rsyslog.conf &
until [ -S /dev/log ] && [ -S /run/systemd/journal/socket ]; do sleep 0.02; done
logger -p authpriv.warning -t sudo 'dana : user NOT in sudoers'
logger -p local3.debug --rfc5424=notime,nohost -t app 'a detail'
logger -p local4.err --size 6000 -t app $(printf %05000d 0 | tr 0 x)
./logs
logger -p local3.debug -t app 'the end'
until grep -q 'the end' messages; do sleep 0.02; done
kill $!
wait
`

const source = syscall()
/** Rules about programs in this folder only: others may log, too. */
const rulesOf = (folder: string) =>
  [
    ['log', 'evt.is_syslog = true', '%evt.type %syslog.facility.str.%syslog.severity.str %syslog.message'],
    ['other', 'evt.is_syslog = false and evt.buffer startswith <15>other', '%evt.type elsewhere %evt.buffer'],
  ].map(([rule, check, output]) => {
    const condition = `evt.type in (write, writev, sendto, sendmsg, sendmmsg) and proc.name in (logger, logs) and proc.cwd = ${folder}/ and ${check}`
    return { rule, desc: 'd', condition, output, priority: 'INFO' }
  })

/** Without the times of alert and message, and with the length of each long run of x. */
const shortened = (text: string) =>
  text
    .replace(/^\S+ Informational /, '')
    .replace(/ \w{3} [ \d]\d [\d:]{8}/, '')
    .replace(/x{20,}/, run => `x*${run.length}`)

test.skipIf(reason !== undefined)('messages to the log are recorded whole if a rule reads them, else cut', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-live-syslog-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  execFileSync('cc', [join(import.meta.dirname, 'logs.c'), '-o', join(folder, 'logs')])
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `module(load="imuxsock" SysSock.Name="/dev/log")
input(type="imuxsock" Socket="/run/systemd/journal/socket")
action(type="omfile" file="${join(folder, 'messages')}")
`,
  )
  const engine = new Engine({ sources: [source] })
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify(rulesOf(folder)) }]).errors).toEqual([])
  // Writes of all programs: on a busy machine they would fill rings of the default size.
  const room = { wanted: engine.wantedTypes(source), ringBytes: 1 << 25 }
  const lives: Live[] = []
  onTestFinished(async () => {
    for (const live of lives) await live.close()
  })
  lives.push(await openLive({ ...room, fields: engine.fieldsRead(source) }), await openLive(room))
  const child = spawn('unshare', ['-m', 'sh', '-c', SCRIPT], { cwd: folder, stdio: 'inherit' })
  let over: bigint | undefined
  void once(child, 'exit').then(() => {
    over = BigInt(Date.now()) * 1_000_000n
  })
  const read = async (live: Live): Promise<string[]> => {
    const messages: string[] = []
    for (const done = caughtUp(live); !done(over); ) {
      while (live.next()) messages.push(...engine.evaluate(source, live.event).map(({ output }) => shortened(output)))
      await live.fill()
    }
    return messages
  }
  const [whole, cut] = await Promise.all(lives.map(read))
  expect(child.exitCode).toBe(0)
  expect(whole).toEqual([
    'sendmsg authpriv.warn sudo: dana : user NOT in sudoers',
    'sendmsg local3.debug 1 - - app - - - a detail',
    'sendmsg local4.err app: x*4070', // of 5000: 4096 bytes with the text before them
    'sendto user.err x*3000',
    'sendmsg user.debug apart x*2900',
    'sendmsg auth.err native x*2900',
    'write user.warn x*3000',
    'writev user.notice pieces x*2900',
    'sendmmsg user.notice pieces x*2900',
    'sendmmsg user.info more x*2900',
    'write user.warn falc: a test x*800',
    'sendmsg elsewhere <15>other x*70',
    'sendmsg local3.debug app: the end',
  ])
  expect(cut).toEqual([
    'sendmsg authpriv.warn sudo: dana : user NOT in sudoers',
    'sendmsg local3.debug 1 - - app - - - a detail',
    'sendmsg local4.err app: x*54',
    'sendto user.err x*76',
    'sendmsg user.debug apart x*70',
    'sendmsg auth.err native x*36',
    'write user.warn x*76',
    'writev user.notice pieces x*69',
    'sendmmsg user.notice pieces x*69',
    'sendmmsg user.info more x*71',
    'write user.warn falc: a test x*63',
    'sendmsg elsewhere <15>other x*70',
    'sendmsg local3.debug app: the end',
  ])
  const [first, second] = lives
  await until('what was cut is counted', async () => {
    while (first!.next());
    await first!.fill()
    return first!.counts.logCut > 0
  })
  expect(second!.counts.logCut).toBe(0)
})
