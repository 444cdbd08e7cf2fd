/** Falco as a peer: the same capture and rules through its executable, by user CPU time, start-up subtracted. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { RulesFile } from '@falc/engine'

/** FALC_PEER_FALCO, or `falco` on PATH. */
export function findFalco(): string | undefined {
  const named = process.env.FALC_PEER_FALCO
  if (named !== undefined) return named
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'falco'))
    .find(path => existsSync(path))
}

/** Events per user CPU second. @throws {Error} when Falco does not run */
export function measureFalco(falco: string, capture: string, events: number, rules: readonly RulesFile[]): number {
  const work = mkdtempSync(join(tmpdir(), 'falc-peer-'))
  try {
    const config = join(work, 'falco.yaml')
    writeFileSync(
      config,
      'rules_files: []\njson_output: true\nstdout_output: {enabled: true}\nengine: {kind: replay}\n',
    )
    const files = rules.map(({ content }, i) => {
      const path = join(work, `${i}.yaml`)
      writeFileSync(path, content)
      return ['-r', path]
    })
    const run = (extra: string[]) => seconds(falco, ['-c', config, ...files.flat(), ...extra])
    const start = run(['--dry-run'])
    const whole = run(['-o', `engine.replay.capture_file=${capture}`])
    return events / (whole - start)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The command line of Falco on this machine, live; alerts go nowhere. @param files `-r` and paths */
export function liveFalco(falco: string, files: readonly string[], work: string): string[] {
  const config = join(work, 'falco-live.yaml')
  writeFileSync(
    config,
    'rules_files: []\nlog_stderr: true\nlog_level: info\nstdout_output: {enabled: true}\nengine: {kind: modern_ebpf}\n',
  )
  return [falco, '-c', config, ...files]
}

/** User CPU seconds of a command and all that it starts, as the shell's `times` has them for its children. */
export function seconds(command: string, args: readonly string[]): number {
  const script = '"$@" >/dev/null 2>&1; status=$?; times; exit $status'
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', command, ...args], { encoding: 'utf8' })
  const match = /(\d+)m([\d.]+)s [\dm.s]+\s*$/.exec(stdout)
  if (status !== 0 || !match) throw new Error(`${command} ${args.join(' ')} exited with ${status}`)
  return Number(match[1]) * 60 + Number(match[2])
}
