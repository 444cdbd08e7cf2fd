/** Webhooks, programs and files. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readlink, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { alertJson } from '@falc/engine'
import { HttpClient, isFailure, ownProcesses } from '@falc/outputs'
import type { Answer, FileCall, HttpCall, Port, ProgramCall } from '../model/call.ts'

export function httpPort(): Port<HttpCall> {
  return async ({ url, headers, body }, { dry, signal }) => {
    if (dry) return { outcome: 'done', said: 'not sent' }
    const client = new HttpClient({ output: 'webhook', secrets: Object.values(headers) })
    try {
      const answer = await client.request({ url, headers, body }, signal)
      // Whether a request without an answer has arrived is not known.
      if (isFailure(answer))
        return { outcome: answer.cause === 'ECONNREFUSED' ? 'failed' : 'undecided', said: answer.message }
      if (!answer.failure) return { outcome: 'done', said: String(answer.status) }
      return { outcome: answer.status < 500 ? 'refused' : 'failed', said: answer.failure.message }
    } finally {
      client.close()
    }
  }
}

/** Characters of a program's output that are kept. */
const MAX_OUTPUT = 2000
/** Milliseconds after a program's end in which what it has written is read: something that it has left behind may keep the pipe open. */
const DRAIN = 1000

export const programPort: Port<ProgramCall> = ({ argv, env, timeout }, { dry, signal, alert }) => {
  if (dry) return Promise.resolve({ outcome: 'done', said: 'not run' })
  const [command, ...args] = argv as [string, ...string[]]
  return new Promise<Answer>(resolve => {
    const child = spawn(command, args, {
      ...{ stdio: ['pipe', 'pipe', 'pipe'], shell: false, detached: true },
      env: { PATH: process.env.PATH, ...env },
    })
    const { pid } = child
    let output = ''
    const keep = (chunk: string) => {
      if (output.length < MAX_OUTPUT) output += chunk
    }
    let late = false
    const end = () => {
      late = true
      // It leads its own process group, so its children end with it.
      if (pid !== undefined && child.exitCode === null) killGroup(pid)
    }
    const timer = setTimeout(end, timeout)
    signal.addEventListener('abort', end, { once: true })
    const settle = (answer: Answer) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      if (pid !== undefined) ownProcesses.ended(pid)
      resolve(answer)
    }
    if (pid !== undefined) ownProcesses.add(pid)
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', keep)
    child.stdin!.on('error', () => {})
    child.stdin!.end(`${alertJson(alert, { id: true })}\n`)
    child.on('error', error => settle({ outcome: 'failed', said: error.message }))
    const ended = (code: number | null, by: string | null) => {
      const said = output.slice(0, MAX_OUTPUT).trim()
      if (code === 0) settle({ outcome: 'done', said })
      else if (late) settle({ outcome: 'undecided', said: `it took too long and was killed${said && `: ${said}`}` })
      else settle({ outcome: 'failed', said: `${by ?? `exit code ${code}`}${said && `: ${said}`}` })
    }
    child.once('exit', (code, by) => {
      clearTimeout(timer)
      // Its last words may still be in the pipes.
      const drained = setTimeout(() => {
        child.stdout!.destroy()
        child.stderr!.destroy()
      }, DRAIN)
      child.once('close', () => {
        clearTimeout(drained)
        ended(code, by)
      })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/**
 * Moves files. The owner of the file may replace it, or a folder above it, by a link at any moment. So the folder is opened first and
 * checked afterwards, and the file is moved relative to the open folder. Neither its content nor its mode is touched, since it may have
 * other names.
 */
export const filePort: Port<FileCall> = async ({ does, path, folder, kept }, { dry, alert }) => {
  let opened: FileHandle | undefined
  try {
    opened = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
    const inside = `/proc/self/fd/${opened.fd}`
    if ((await readlink(inside)) !== dirname(path)) return { outcome: 'refused', said: `${dirname(path)} is a link` }
    const from = join(inside, basename(path))
    if (does === 'restore') {
      if (await lstat(from).catch(() => undefined)) return { outcome: 'refused', said: `there is another ${path}` }
      if (!dry) await rename(kept!, from)
      return { outcome: 'done', said: path }
    }
    const found = await lstat(from)
    if (!found.isFile()) return { outcome: 'refused', said: `${path} is not a file` }
    const place = join(folder, `${alert.id}-${found.dev}-${found.ino}`)
    if (dry) return { outcome: 'done', said: `${found.size} bytes` }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rename(from, place)
    return { outcome: 'done', said: place, data: { kept: place } }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { outcome: 'gone', said: message }
    return { outcome: 'failed', said: code === 'EXDEV' ? `${folder} is on another file system than ${path}` : message }
  } finally {
    await opened?.close()
  }
}
