/** Records captures in a separate process, which needs other rights than the responder. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CaptureCall, Port } from '../model/call.ts'
import { programPort } from './world.ts'

/** Milliseconds beside the recording: the probe is loaded, and the capture ended. */
const BESIDE = 30_000

/** @param recorder the program and its first arguments: `falc record` */
export function capturePort(recorder: readonly string[]): Port<CaptureCall> {
  return async ({ seconds, folder, container }, attempt) => {
    const file = join(folder, `${attempt.alert.id}.scap`)
    if (existsSync(file)) return { outcome: 'already', said: file }
    if (attempt.dry) return { outcome: 'done', said: 'not recorded' }
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      return { outcome: 'failed', said: (error as Error).message }
    }
    const only = container === undefined ? [] : ['--filter', `container.id = ${container}`]
    const argv = [...recorder, '-w', file, '-M', String(seconds), ...only]
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('FALC_'))) as Record<
      string,
      string
    >
    const answer = await programPort({ via: 'program', argv, env, timeout: seconds * 1000 + BESIDE }, attempt)
    return answer.outcome === 'done' ? { outcome: 'done', said: file, data: { file } } : answer
  }
}
