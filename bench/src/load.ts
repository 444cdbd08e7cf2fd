/** Loading rule files: read, merge, resolve, compile; in a warm process, and with process start. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Engine } from '@falc/engine'
import { k8sAudit, PLUGINS } from '@falc/sources-k8saudit'
import { syscall } from '@falc/sources-syscall'
import { auditRules, root, syscallRules } from './files.ts'
import { compare, report } from './measure.ts'
import { seconds } from './peers/falco.ts'

const files = () => [...syscallRules('all'), ...auditRules()]
const plugins = [...PLUGINS, { name: 'container', version: '0.7.1' }]

export async function benchLoad(): Promise<void> {
  const engine = new Engine({ sources: [syscall(), k8sAudit()], plugins })
  const loaded = files()
  const [warm] = await compare(
    [
      {
        name: 'load',
        run() {
          const result = engine.load(loaded)
          if (!result.ok) throw new Error(result.errors[0]!.message)
          return result.rules.length
        },
      },
    ],
    9,
    3,
  )
  const starts: number[] = []
  for (let i = 0; i < 5; i++) {
    const before = performance.now()
    execFileSync(join(root, 'falc'), ['validate', ...loaded.flatMap(f => [f.name])], { stdio: 'ignore' })
    starts.push(performance.now() - before)
  }
  starts.sort((a, b) => a - b)
  console.log(`Loading ${loaded.length} rule files, ${engine.load(loaded).rules.length} rules`)
  report('in a warm process, CPU', `${warm!.ms.toFixed(0)} ms`, 'under 150 ms')
  report('with process start (falc validate), elapsed', `${starts[2]!.toFixed(0)} ms`, 'under 400 ms')
  const rules = syscallRules('all').flatMap(({ name }) => ['-r', name])
  for (const flags of [[], ['--no-cache']]) {
    const start = () => seconds(join(root, 'falc'), ['run', '--dry-run', ...rules, ...flags])
    start()
    const best = Math.min(...Array.from({ length: 5 }, start))
    report(
      `falc run --dry-run, all rules${flags.length > 0 ? ', without the cache' : ''}: user CPU, best of 5`,
      `${best.toFixed(2)} s`,
    )
  }
}
