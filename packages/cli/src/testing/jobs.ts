import { fork } from 'node:child_process'
import { CliError } from '../fail.ts'
import type { Outcome } from './run-files.ts'

/**
 * Runs test files in several processes of this program, each with a share of them.
 * @param args the arguments of `falc test`, without files
 * @returns what each found, in the order of the files
 * @throws {CliError} if a process fails; it has printed the reason on standard error
 */
export async function inJobs(paths: readonly string[], jobs: number, args: readonly string[]): Promise<Outcome> {
  const count = Math.min(jobs, paths.length)
  const size = Math.ceil(paths.length / count)
  const shares = Array.from({ length: count }, (_, i) => paths.slice(i * size, (i + 1) * size)).filter(
    share => share.length > 0,
  )
  const outcomes = await Promise.all(shares.map(share => outcomeOf(['test', '--worker', ...args, '--', ...share])))
  return {
    files: outcomes.flatMap(({ files }) => files),
    parts: outcomes.flatMap(({ parts }) => parts),
    used: outcomes.flatMap(({ used }) => used),
  }
}

/** Places and texts arrive by structured clone, since JSON would lose what is undefined. */
function outcomeOf(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1]!, args, { serialization: 'advanced' })
    let outcome: Outcome | undefined
    child.on('message', message => {
      outcome = message as Outcome
    })
    child.on('error', reject)
    // All that it has sent has arrived then.
    child.on('close', code => {
      if (outcome) resolve(outcome)
      else reject(new CliError(`a process that ran tests ended with ${code}: try --jobs 1`))
    })
  })
}
