import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../scripts/testing/port.ts'
import { FileOutput, HttpOutput, type Output, ProgramOutput, StdoutOutput, SyslogOutput } from '../src/index.ts'

/** An output of each kind with a real receiver: falco-outputs.test.ts runs on them. */
export interface Sink {
  readonly output: Output
  /** The lines that have arrived, once the output is closed. */
  received(): Promise<string[]>
  /** Makes the receiver unavailable. */
  breakReceiver(): Promise<void>
  /** Restores it, where possible. */
  restoreReceiver?(): Promise<void>
  /** The causes of losses while it is unavailable; null: the system may accept data that nothing reads. */
  readonly causes: RegExp | null
  cleanUp(): Promise<void>
}

const folder = () => mkdtempSync(join(tmpdir(), 'falc-outputs-'))
const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [])

function file(keepAlive: boolean): Sink {
  const dir = folder()
  const sub = join(dir, 'sub')
  mkdirSync(sub)
  const path = join(sub, 'alerts.log')
  return {
    output: new FileOutput({ filename: path, keepAlive }),
    received: async () => linesOf(path),
    breakReceiver: async () => renameSync(sub, `${sub}.away`),
    ...(!keepAlive && { restoreReceiver: async () => renameSync(`${sub}.away`, sub) }),
    causes: keepAlive ? null : /^ENOENT$/,
    cleanUp: async () => rmSync(dir, { recursive: true }),
  }
}

function stdoutPipe(): Sink {
  const dir = folder()
  const fifo = join(dir, 'fifo')
  const out = join(dir, 'out')
  execFileSync('mkfifo', [fifo])
  const reader = spawn('/bin/sh', ['-c', `exec cat ${fifo} > ${out}`])
  const ended = new Promise(resolve => reader.once('exit', resolve))
  const fd = openSync(fifo, constants.O_WRONLY)
  const output = new StdoutOutput(fd)
  return {
    output,
    received: async () => {
      // The descriptor belongs to the output's socket: the reader ends only when that is destroyed.
      await output.close(true)
      await ended
      return linesOf(out)
    },
    breakReceiver: async () => {
      reader.kill('SIGKILL')
      await ended
    },
    causes: /^(EPIPE|broken)$/,
    cleanUp: async () => {
      reader.kill('SIGKILL')
      rmSync(dir, { recursive: true })
    },
  }
}

function stdoutFile(): Sink {
  const dir = folder()
  const path = join(dir, 'out')
  const fd = openSync(path, 'a')
  return {
    output: new StdoutOutput(fd),
    received: async () => linesOf(path),
    breakReceiver: async () => closeSync(fd),
    causes: /^EBADF$/,
    cleanUp: async () => rmSync(dir, { recursive: true }),
  }
}

/** Kills a process that the output started and waits until it has gone. */
async function endOf(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL')
    for (;;) {
      process.kill(pid, 0)
      await sleep(5)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function program(keepAlive: boolean): Sink {
  const dir = folder()
  const out = join(dir, 'out')
  const stop = join(dir, 'stop')
  const pid = join(dir, 'pid')
  return {
    output: new ProgramOutput({
      program: `if [ -e ${stop} ]; then exit 3; fi; echo $$ > ${pid}; exec cat >> ${out}`,
      keepAlive,
    }),
    received: async () => linesOf(out),
    breakReceiver: async () => {
      writeFileSync(stop, '')
      // The file may exist without being written yet.
      const started = existsSync(pid) ? Number(readFileSync(pid, 'utf8')) : 0
      if (started > 0) await endOf(started)
    },
    causes: keepAlive ? null : /^exit_3$/,
    cleanUp: async () => rmSync(dir, { recursive: true }),
  }
}

async function http(): Promise<Sink> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    bodies.push(await text(request))
    response.end('ok')
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const port = await freePort()
  await listen(port)
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    output: new HttpOutput({ url: `http://127.0.0.1:${port}/alerts`, json: false, keepAlive: true }),
    received: async () => bodies,
    breakReceiver: stop,
    restoreReceiver: () => listen(port),
    causes: /^(ECONNREFUSED|ECONNRESET)$/,
    cleanUp: stop,
  }
}

/** Reads datagrams as the system log does, and writes one a line. In Perl, because Node has no such sockets. */
const READER = `
use Socket;
socket(S, AF_UNIX, SOCK_DGRAM, 0) and bind(S, pack_sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!";
open(OUT, '>>', $ARGV[1]) or die "$ARGV[1]: $!";
syswrite(OUT, "$datagram\\n") while defined recv(S, $datagram, 1 << 20, 0);
`
/** The head of a datagram: priority, time, tag. */
const HEAD = /^<12>\w{3} [ \d]\d \d\d:\d\d:\d\d falco: /
/** Characters of a long line per datagram. */
const CHUNK = 30_000

async function syslog(): Promise<Sink> {
  const dir = folder()
  const [socket, out] = [join(dir, 'log'), join(dir, 'out')]
  let reader: ReturnType<typeof spawn>
  const listen = async () => {
    rmSync(socket, { force: true })
    reader = spawn('perl', ['-e', READER, socket, out], { stdio: 'inherit' })
    while (!existsSync(socket)) await sleep(5)
  }
  await listen()
  /** Reassembles lines from datagrams. */
  const received = () => {
    const lines: string[] = []
    let open = false
    for (const datagram of linesOf(out)) {
      const text = datagram.replace(HEAD, '')
      if (open) lines[lines.length - 1] += text
      else lines.push(text)
      open = text.length === CHUNK
    }
    return lines
  }
  return {
    output: new SyslogOutput({ socket }),
    received: async () => received(),
    // The socket file stays, and refuses connections.
    breakReceiver: async () => {
      reader.kill('SIGKILL')
      await once(reader, 'exit')
    },
    restoreReceiver: listen,
    causes: /^exit_1$/,
    cleanUp: async () => {
      reader.kill('SIGKILL')
      rmSync(dir, { recursive: true })
    },
  }
}

export const SINKS: Readonly<Record<string, () => Sink | Promise<Sink>>> = {
  'stdout, a pipe': stdoutPipe,
  'stdout, a file': stdoutFile,
  'file, keep_alive': () => file(true),
  'file, opened for each batch': () => file(false),
  'program, keep_alive': () => program(true),
  'program, one for each alert': () => program(false),
  http,
  syslog,
}
