/** log_syslog and syslog_output, read at /dev/log as the system logger reads them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { writeOneAlert } from './audit-events.ts'

/** Node has no Unix datagram sockets, so the reader is Perl, which every Debian has. It writes each datagram as a line. */
const READER = `
use Socket;
socket(S, AF_UNIX, SOCK_DGRAM, 0) and bind(S, pack_sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!";
open(OUT, '>', $ARGV[1]) or die "$ARGV[1]: $!";
syswrite(OUT, "$datagram\\n") while defined recv(S, $datagram, 65536, 0);
`

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'a mount namespace of their own needs root'
  for (const program of ['unshare', 'logger', 'perl'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `needs ${program}`
  // Tests need a place for /dev/log where there is none, and mount one that only their namespace sees.
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'])
  return tried.status === 0 ? undefined : 'mounting is not allowed here'
}

const reason = missing()
if (reason !== undefined) console.warn(`skipped: syslog tests: ${reason}`)

let dir: string
let reader: ReturnType<typeof spawn>
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'falc-syslog-'))
  writeFileSync(join(dir, 'reader.pl'), READER)
  if (reason !== undefined) return
  reader = spawn('perl', [join(dir, 'reader.pl'), join(dir, 'log'), join(dir, 'read')], { stdio: 'inherit' })
  await until('the reader listens', () => existsSync(join(dir, 'read')))
})
afterAll(() => {
  reader?.kill()
  rmSync(dir, { recursive: true })
})

/** Runs falc where /dev is a folder with the reader's socket as `log`, and the devices that programs need. */
function run(args: readonly string[], log = join(dir, 'log')): { stdout: string; stderr: string } {
  const place =
    'mount -t tmpfs none /mnt && cp -a /dev/null /dev/zero /dev/urandom /dev/random /mnt && ln -s "$0" /mnt/log && mount --move /mnt /dev && exec "$@"'
  const { stdout, stderr, status } = spawnSync('unshare', ['-m', 'sh', '-c', place, log, ...FALC, ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
  expect([status, stderr]).toEqual([0, stderr])
  return { stdout, stderr }
}

const ARGS = ['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl']

let marks = 0

/** All datagrams so far: priority and text, without time and process id. */
async function datagrams(): Promise<string[]> {
  const path = join(dir, 'read')
  // When the mark has arrived, so has everything sent before it.
  const mark = `mark ${++marks} of the test`
  spawnSync('logger', ['--socket', join(dir, 'log'), mark])
  await until(`"${mark}" arrives`, () => readFileSync(path, 'utf8').includes(mark))
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '' && !/mark \d+ of the test$/.test(line))
    .map(line => line.replace(/^(<\d+>)\w+ +\d+ [\d:]+ /, '$1').replace(/\[\d+\]:/, ':'))
}

test.skipIf(reason !== undefined)('log and alerts arrive with their severities', async () => {
  writeOneAlert(dir, 'no json\n')
  const options = ['log_syslog=true', 'log_stderr=false', 'syslog_output.enabled=true', 'plugins_hostinfo=true']
  const { stdout } = run([...ARGS, ...options.flatMap(o => ['-o', o])])
  expect(stdout).toBe('10:20:30.000000000: Warning got it\n')
  const read = await datagrams()
  // LOG_USER is 8, and the severities are those of syslog: 6 info, 4 warning.
  expect(read).toContain('<14>falco: falc version: 0.1.0 (x64)')
  expect(read).toContain('<12>falco: 10:20:30.000000000: Warning got it')
  expect(
    read.filter(line => line.startsWith('<12>falco: -o plugins_hostinfo=true:1:18: plugins_hostinfo has no effect')),
  ).toHaveLength(1)
  expect(read.filter(line => line.includes('bad-json'))).toHaveLength(1)
  // Each line of a message is a datagram.
  expect(read).toContain('<14>falco:    rules.yaml')
})

test.skipIf(reason !== undefined)('messages below log_level do not arrive', async () => {
  const before = (await datagrams()).length
  run([...ARGS, '-o', 'log_syslog=true', '-o', 'log_level=error'])
  expect((await datagrams()).length).toBe(before)
})

test.skipIf(reason !== undefined)('while nothing listens, losses are logged and counted', () => {
  const { stdout, stderr } = run(
    [...ARGS, '-o', 'log_syslog=true', '-o', 'syslog_output.enabled=true'],
    join(dir, 'nobody'),
  )
  expect(stdout).toBe('10:20:30.000000000: Warning got it\n')
  expect(stderr).toContain(': log_syslog: syslog output: no one listens at /dev/log; retrying\n')
  expect(stderr).toContain('Alerts not delivered, by output and cause:\n   syslog: ENOENT: 1\n')
})
